//! Money that must go back.

use core::time::Duration;

use pay_core::model::{CallKind, CfPaymentId, OrderId, RefundId};
use sandbox::Fault;

use crate::shop::{Shop, until};

fn refund_id(order: &str, payment: u64) -> String {
    RefundId::of_payment(&OrderId::parse(order).expect("an id"), CfPaymentId::new(payment)).to_string()
}

// Mutants: `What::Over` not kept after a refund (asks again at each start); a random id instead of the derived one.
#[test]
fn what_was_not_released_is_refunded_once() {
    let mut shop = Shop::open("not-released");
    shop.paid("till-1");
    assert_eq!(shop.report("till-1", false).status, 200);
    assert_eq!(shop.report("till-1", false).status, 200);
    until("the refund", || shop.notice("refunded") == 1);
    for round in 0..2 {
        shop.start();
        assert_eq!(shop.report("till-1", false).status, 200);
        assert_eq!(shop.close("till-1").status, 400, "the gateway: it is paid");
        assert_eq!(shop.report("till-1", true).status, 409);
        shop.watch_has_been_round(&format!("fence-{round}"));
        assert_eq!(shop.backend().gateway_calls(CallKind::CreateRefund), 1, "the fence's own");
    }
    assert_eq!(shop.notice("till-1: refunded"), 1);
    let gateway = shop.gateway.gateway();
    let refunds: Vec<_> = gateway.refunds().iter().filter(|refund| refund.order_id == "till-1").collect();
    assert_eq!(refunds.len(), 1);
    assert_eq!((refunds[0].id.as_str(), refunds[0].amount.0), (&*refund_id("till-1", refunds[0].payment_id), 1015));
}

// Mutant: `refund` that does not read back tries for ever; one that makes a new id pays twice.
#[test]
fn a_lost_answer_to_a_refund_is_read_back() {
    let mut shop = Shop::open("lost-refund");
    for (id, restart) in [("till-1", false), ("till-2", true)] {
        shop.paid(id);
        let lost = || Fault::Replace { status: 504, body: b"<html>".to_vec() };
        shop.gateway.gateway().inject(&format!("POST /orders/{id}/refunds"), 1, lost());
        // The first look at it is lost too: only a later try can find it, in one case of another run.
        shop.gateway.gateway().inject(&format!("GET /orders/{id}/refunds/*"), 1, lost());
        assert_eq!(shop.report(id, false).status, 200);
        if restart {
            until("a try", || shop.notice(&format!("{id}: no refund yet")) > 0);
            shop.start();
        }
        until("the refund", || shop.notice(&format!("order {id}: refunded")) == 1);
    }
    assert_eq!(shop.refunds(), 2);
}

// Meant to notice: a list with such a refund taken for one that cannot be read; the refund not counted.
#[test]
fn what_the_gateway_sent_back_by_itself_is_not_sent_back_again() {
    let shop = Shop::open("by-itself");
    shop.paid("till-1");
    {
        let mut gateway = shop.gateway.gateway();
        let payment = gateway.charges("till-1").next().expect("paid").id;
        assert!(gateway.send_back(payment, 0));
    }
    assert_eq!(shop.report("till-1", false).status, 200);
    until("the list", || shop.backend().gateway_calls(CallKind::ListRefunds) > 0);
    shop.watch_has_been_round("fence");
    assert_eq!(shop.backend().gateway_calls(CallKind::CreateRefund), 1, "the fence's own");
    assert_eq!(shop.gateway.gateway().refunds().iter().filter(|refund| refund.order_id == "till-1").count(), 1);
}

// Mutant: `self.closing ||` left out of `Entry::duty`.
#[test]
fn money_that_comes_after_the_order_was_closed_goes_back() {
    let shop = Shop::open("late");
    // Closing takes an hour: time for a late success.
    shop.gateway.gateway().rules_mut().terminate_after_ms = 3_600_000;
    let made = shop.create("till-1", "10.15");
    let payment = shop.attempt(&made.json()["payment_session_id"]);
    assert_eq!(shop.close("till-1").json()["order_status"], "TERMINATION_REQUESTED");
    assert_eq!(shop.refunds(), 0);
    shop.succeed(&payment);
    until("the refund", || shop.notice("refunded") == 1);
    assert_eq!(shop.gateway.gateway().refunds()[0].id, refund_id("till-1", payment.parse().expect("a number")));
    // The other reason for the same money gives no second refund.
    assert_eq!(shop.report("till-1", false).status, 200);
    assert_eq!(shop.report("till-1", true).status, 409);
    shop.watch_has_been_round("fence");
    assert_eq!(shop.backend().gateway_calls(CallKind::CreateRefund), 2, "one each");
    assert_eq!(shop.refunds(), 2);
}

// Mutant: closing that is told to the gateway only once: the order stays open after a lost request.
#[test]
fn closing_is_carried_through_over_a_restart() {
    let mut shop = Shop::open("carried");
    assert_eq!(shop.create("till-1", "10.15").status, 200);
    let lost = Fault::Answer { status: 503, body: b"<html>".to_vec() };
    shop.gateway.gateway().inject("PATCH /orders/till-1", 1, lost);
    assert_eq!(shop.close("till-1").status, 503);
    shop.start();
    until("the end", || {
        let gateway = shop.gateway.gateway();
        let status = gateway.orders().next().expect("an order").status;
        status == sandbox::OrderStatus::Terminated
    });
    assert_eq!(shop.refunds(), 0);
}

// Mutant: `Some(true)` not looked at in `Entry::duty` or `Entry::close` refunds what the shopper has in hand.
#[test]
fn what_was_released_stays_paid() {
    let shop = Shop::open("released");
    shop.paid("till-1");
    assert_eq!(shop.report("till-1", true).status, 200);
    assert_eq!(shop.report("till-1", false).status, 409);
    assert_eq!(shop.close("till-1").status, 409);
    shop.watch_has_been_round("fence");
    assert!(shop.gateway.gateway().refunds().iter().all(|refund| refund.order_id == "fence"));
}

// Mutant: a report that is looked at only once: the money comes after the look.
#[test]
fn a_report_before_the_money_is_remembered() {
    let shop = Shop::open("before");
    let made = shop.create("till-1", "10.15");
    let payment = shop.attempt(&made.json()["payment_session_id"]);
    assert_eq!(shop.report("till-1", false).status, 200);
    until("some looks", || shop.backend().gateway_calls(CallKind::ReadOrder) >= 2);
    shop.succeed(&payment);
    until("the refund", || shop.notice("refunded") == 1);
    assert_eq!(shop.refunds(), 1);
}

// Mutant: `took_money` answering false at once takes an ended order's word for it.
#[test]
fn an_ended_order_with_a_successful_attempt_is_refunded() {
    let shop = Shop::with("ended", |config| config.fresh_final = Duration::ZERO);
    let made = shop.create("till-1", "10.15");
    let payment = shop.attempt(&made.json()["payment_session_id"]);
    shop.succeed(&payment);
    // The sandbox would say PAID; here the gateway's order says otherwise, its list of attempts does not.
    let mut order = shop.get("/orders/till-1").json();
    order["order_status"] = "TERMINATED".into();
    let body = order.to_string().into_bytes();
    shop.gateway.gateway().inject("GET /orders/till-1", 1000, Fault::Replace { status: 200, body });
    assert_eq!(shop.report("till-1", false).status, 200);
    until("the refund", || shop.notice("refunded") == 1);
}

// Two attempts that both take money; the shopper has the goods, or not. Meant to notice: the later payment stays; the refund's id
// from the order alone (money stays); the first look as the last.
#[test]
fn a_second_payment_goes_back_whatever_became_of_the_first() {
    let mut shop = Shop::open("surplus");
    for (id, released, late) in [("till-1", true, false), ("till-2", false, false), ("till-3", true, true)] {
        let session = shop.create(id, "10.15").json()["payment_session_id"].clone();
        let (first, second) = (shop.attempt(&session), shop.attempt(&session));
        shop.succeed(&first);
        if !late {
            shop.succeed(&second);
        }
        let looks = shop.backend().gateway_calls(CallKind::ListPayments);
        assert_eq!(shop.report(id, released).status, 200);
        if late {
            until("more than one look", || shop.backend().gateway_calls(CallKind::ListPayments) > looks + 1);
            shop.start();
            shop.succeed(&second);
        }
        let want = if released { 1 } else { 2 };
        until("the refunds", || shop.notice(&format!("order {id}: refunded")) == want);
        // Again, and after a restart: nothing more.
        shop.start();
        assert_eq!(shop.report(id, released).status, 200);
        shop.watch_has_been_round(&format!("fence-{id}"));
        let gateway = shop.gateway.gateway();
        let mut refunds: Vec<_> = gateway.refunds().iter().filter(|refund| refund.order_id == id).collect();
        let back = refund_id(id, second.parse().expect("a number"));
        refunds.sort_by_key(|refund| refund.id != back);
        assert_eq!(refunds.len(), want, "{id}");
        assert_eq!((refunds[0].id.as_str(), refunds[0].amount.0), (back.as_str(), 1015));
        assert_eq!(gateway.charges(id).count(), 2);
    }
}

// Mutants: successes counted by lines of the list and not by attempts; the check of `order_id` left out.
#[test]
fn what_is_listed_twice_or_is_anothers_is_no_surplus() {
    let shop = Shop::open("listed");
    shop.paid("other");
    let theirs = shop.get("/orders/other/payments").json()[0].clone();
    for id in ["till-1", "till-2"] {
        shop.paid(id);
        let mine = shop.get(&format!("/orders/{id}/payments")).json()[0].clone();
        let list = if id == "till-1" { [mine.clone(), mine] } else { [mine, theirs.clone()] };
        let body = serde_json::to_vec(&list).expect("JSON");
        let path = format!("GET /orders/{id}/payments");
        shop.gateway.gateway().inject(&path, 1000, Fault::Replace { status: 200, body });
        let looks = shop.backend().gateway_calls(CallKind::ListPayments);
        assert_eq!(shop.report(id, true).status, 200);
        until("a look", || shop.backend().gateway_calls(CallKind::ListPayments) > looks);
        shop.watch_has_been_round(&format!("fence-{id}"));
        assert!(shop.gateway.gateway().refunds().iter().all(|refund| refund.order_id != id), "{id}");
    }
}

impl Shop {
    /// Refunds an order of this id: whatever was due before it has been looked at then.
    pub(crate) fn watch_has_been_round(&self, id: &str) {
        self.paid(id);
        assert_eq!(self.report(id, false).status, 200);
        until("the fence's refund", || self.notice(&format!("order {id}: refunded")) == 1);
    }
}
