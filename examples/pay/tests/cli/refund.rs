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
    let args = ["refund", "--order-id", "order-1", "--amount", "4.05", "--name", "return-17", "--json"];
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
    // Another amount under the same name, then another refund.
    let differs = gateway.pay(&["refund", "--order-id", "order-1", "--amount", "1", "--name", "return-17"]).expect(2);
    assert!(differs.err.contains("exists for another amount"), "{differs:?}");
    let second = gateway.pay(&["refund", "--order-id", "order-1", "--amount", "1", "--instant"]);
    assert!([0, 4].contains(&second.code), "{second:?}");
    assert_eq!(gateway.server().gateway().refunds().len(), 2);
    // More than is left of 10.15 does not leave this machine; the gateway has a say of its own.
    let more = ["refund", "--order-id", "order-1", "--amount", "5.11", "--name", "return-18"];
    let too_much = gateway.pay(&more).expect(2);
    assert!(too_much.err.contains("more than is left of the order"), "{too_much:?}");
    let forced = gateway.pay(&[&more[..], &["--even-so"]].concat()).expect(2);
    assert!(forced.err.contains("the gateway refused it (status 400"), "{forced:?}");
    assert_eq!(gateway.server().gateway().refunds().len(), 2);
}

// Meant to notice: a status that looks at the order alone.
#[test]
fn what_went_back_is_no_longer_paid() {
    let gateway = Gateway::here(Rules { settle_after_ms: Some(0), ..Rules::default() });
    paid(&gateway, "order-1");
    let status = ["status", "--order-id", "order-1", "--json"];
    let before = gateway.pay(&status).expect(0).json();
    assert_eq!(
        (&before["outcome"], &before["status"], &before["paid_minor"]),
        (&"paid".into(), &"PAID".into(), &1015.into())
    );
    assert_eq!(before["payments"][0]["paid"], true);
    let refund = gateway.pay(&["refund", "--order-id", "order-1"]);
    assert!([0, 4].contains(&refund.code), "{refund:?}");
    let after = gateway.pay(&status).expect(5).json();
    assert_eq!((&after["outcome"], &after["back_minor"]), (&"refunded".into(), &1015.into()));
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
    let lose = |path: &str, times| {
        let fault = Fault::Replace { status: 502, body: b"<html>".to_vec() };
        gateway.server().gateway().inject(path, times, fault);
    };
    lose("POST /orders/order-1/refunds", 1);
    // Without an amount it is the whole order.
    let run = gateway.pay(&["refund", "--order-id", "order-1", "--json"]);
    assert!([0, 4].contains(&run.code), "{run:?}");
    assert_eq!(run.json()["amount_minor"], 1015);
    assert_eq!(gateway.server().gateway().refunds().len(), 1);

    paid(&gateway, "order-2");
    lose("POST /orders/order-2/refunds", 1);
    lose("GET /orders/order-2/refunds/*", 9);
    let run = gateway.pay(&["refund", "--order-id", "order-2", "--amount", "1"]).expect(3);
    assert!(run.err.contains("the same refund"), "{run:?}");
}
