//! Money back, once.

use sandbox::{Fault, RefundStatus, Rules};

use super::gateways::Gateway;

fn paid(gateway: &Gateway, id: &str) {
    let session = gateway.order(id);
    gateway.pay(&["order", "pay", "--session", &session, "--order-id", id, "--method", "upi-link"]).expect(0);
}

// Mutant: a random refund id gives two refunds.
#[test]
fn the_same_refund_twice_is_one() {
    let gateway = Gateway::here(Rules { settle_after_ms: Some(100), ..Rules::default() });
    paid(&gateway, "order-1");
    let args = ["refund", "--order-id", "order-1", "--amount", "4.05", "--note", "returned", "--json"];
    let first = gateway.pay(&args);
    assert!([0, 4].contains(&first.code), "{first:?}");
    assert_eq!(first.json()["amount_minor"], 405);
    let again = loop {
        let again = gateway.pay(&args);
        if again.code == 0 {
            break again.json();
        }
        assert_eq!(again.code, 4, "{again:?}");
    };
    assert_eq!((&again["refund_id"], &again["status"]), (&first.json()["refund_id"], &"SUCCESS".into()));
    assert_eq!(gateway.server().gateway().refunds().len(), 1);
    // Another amount under the same id, then another refund.
    gateway.pay(&["refund", "--order-id", "order-1", "--amount", "1"]).expect(2);
    let second = gateway.pay(&["refund", "--order-id", "order-1", "--amount", "1", "--nth", "1"]);
    assert!([0, 4].contains(&second.code), "{second:?}");
    assert_eq!(gateway.server().gateway().refunds().len(), 2);
    gateway.pay(&["refund", "--order-id", "order-1", "--amount", "100", "--refund-id", "too-much"]).expect(2);
}

// F10. Meant to notice: a word that is not known is only said to be unknown.
#[test]
fn a_refund_that_was_rejected_is_a_persons_matter() {
    let gateway =
        Gateway::here(Rules { settle_after_ms: Some(0), refunds: RefundStatus::Rejected, ..Rules::default() });
    paid(&gateway, "order-1");
    let run = gateway.pay(&["refund", "--order-id", "order-1", "--amount", "1", "--json"]).expect(7);
    assert!(run.err.contains("REJECTED") && run.json()["status"] == "REJECTED", "{run:?}");
}

#[test]
fn a_lost_answer_is_read_back() {
    let gateway = Gateway::here(Rules { settle_after_ms: Some(0), ..Rules::default() });
    paid(&gateway, "order-1");
    let lose = |path: &str| {
        let fault = Fault::Replace { status: 502, body: b"<html>".to_vec() };
        gateway.server().gateway().inject(path, 1, fault);
    };
    lose("POST /orders/order-1/refunds");
    // Without an amount it is the whole order.
    let run = gateway.pay(&["refund", "--order-id", "order-1", "--json"]);
    assert!([0, 4].contains(&run.code), "{run:?}");
    assert_eq!(run.json()["amount_minor"], 1015);
    assert_eq!(gateway.server().gateway().refunds().len(), 1);

    paid(&gateway, "order-2");
    lose("POST /orders/order-2/refunds");
    lose("GET /orders/order-2/refunds/*");
    let run = gateway.pay(&["refund", "--order-id", "order-2", "--amount", "1"]).expect(3);
    assert!(run.err.contains("the same refund"), "{run:?}");
}
