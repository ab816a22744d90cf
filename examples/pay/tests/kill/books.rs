//! The sandbox's books, held against what a journal says.

use pay_core::model::RefundReason;
use pay_core::sale::{Record, Release, Stage};
use sandbox::{OrderStatus, Server};

use super::trial::Trial;

/// Compares; gives how it ended in a word.
pub fn compare(server: &Server, trial: &Trial, record: Option<&Record>) -> &'static str {
    let gateway = server.gateway();
    let order_id = trial.order_id.as_str();
    let sent = gateway.payments().iter().filter(|payment| payment.order_id == order_id).count();
    let charges = gateway.charges(order_id).count();
    let returned = |refund: &&sandbox::Refund| refund.order_id == order_id && refund.status.as_str() != "CANCELLED";
    let refunds = gateway.refunds().iter().filter(returned).count();
    let order = gateway.orders().find(|order| order.id == order_id).unwrap();
    let books = format!("{trial:?}: {sent} sent, {charges} charges, {refunds} refunds, {:?}; {record:?}", order.status);
    assert!(refunds <= charges && charges - refunds <= 1, "{books}");

    let Some(record) = record else {
        // Nothing leaves before the journal knows of it.
        assert_eq!(sent, 0, "{books}");
        return "no record";
    };
    assert!(record.attempt_count() <= 1 && !record.is_open(), "{books}");
    assert!(sent <= record.attempt_count(), "{books}");
    let kept = charges - refunds;
    match (&record.stage, record.release) {
        (Stage::Paid { .. }, Release::Returned) => {
            assert_eq!((charges, kept), (1, 0), "{books}");
            "returned"
        }
        (Stage::Paid { .. }, Release::Untracked | Release::Released) => {
            assert_eq!((kept, order.status), (1, OrderStatus::Paid), "{books}");
            "paid"
        }
        (Stage::Refunded(RefundReason::LateSuccess), _) => {
            assert_eq!((charges, kept), (1, 0), "{books}");
            "late"
        }
        (Stage::NotPaid(_), _) => {
            // Nor can it be any more, by anything that was sent.
            assert_eq!(charges, 0, "{books}");
            assert!(sent == 0 || order.status != OrderStatus::Active, "{books}");
            "not_paid"
        }
        _ => panic!("{books}"),
    }
}
