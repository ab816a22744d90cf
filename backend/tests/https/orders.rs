//! Making, reading and closing orders.

use backend::Prices;
use pay_core::model::{Amount, CallKind, OrderStatus};
use pay_core::wire::decode;
use sandbox::Fault;
use serde_json::json;

use crate::shop::{Shop, order};

// Mutant: `entry.made` answered with the stored amount but a new create call makes 409 of the second answer.
#[test]
fn the_same_order_twice_is_one_order() {
    let shop = Shop::open("twice");
    let first = shop.create("till-00000001", "10.15");
    assert_eq!(first.status, 200);
    assert_eq!(first.header("x-request-id"), Some("request-1"));
    let mut body = first.bytes.clone();
    let read = decode::order(&mut body).expect("the gateway's own JSON");
    assert_eq!((read.order_id, read.status), ("till-00000001", OrderStatus::Active));
    assert_eq!(read.amount, Amount::from_minor(1015).expect("an amount"));

    let again = shop.create("till-00000001", "10.150");
    assert_eq!(again.status, 200);
    assert_eq!(again.json()["cf_order_id"], first.json()["cf_order_id"]);
    assert_eq!(shop.gateway.gateway().orders().count(), 1);
    assert_eq!(shop.backend().gateway_calls(CallKind::CreateOrder), 1);

    let other = shop.create("till-00000001", "10.16");
    assert_eq!((other.status, &other.json()["code"]), (409, &json!("order_already_exists")));
}

// Mutant: `with_expiry_time` left out gives the order the gateway's 30 days.
#[test]
fn orders_end_soon() {
    let shop = Shop::open("soon");
    assert_eq!(shop.create("till-1", "10.15").status, 200);
    let gateway = shop.gateway.gateway();
    let made = gateway.orders().next().expect("an order");
    let life = made.expires - made.created;
    assert!((600_000..=900_000).contains(&life), "{life} ms");
}

// Mutant: `amount <= *cap` turned round.
#[test]
fn prices_have_a_cap() {
    let shop = Shop::open("cap");
    assert_eq!(shop.create("till-1", "50.00").status, 200);
    for amount in ["50.01", "0.99", "-1", "10.155", "1e9"] {
        assert_eq!(shop.create("till-2", amount).status, 400, "{amount}");
    }
    assert_eq!(shop.gateway.gateway().orders().count(), 1);
}

// Mutant: not reading the order back after 409 loses an order whose answer was lost.
#[test]
fn a_lost_answer_is_found_again() {
    let mut shop = Shop::open("lost");
    for (id, restart) in [("till-1", false), ("till-2", true)] {
        let fault = Fault::Replace { status: 502, body: b"<html>".to_vec() };
        shop.gateway.gateway().inject("POST /orders", 1, fault);
        let lost = shop.create(id, "10.15");
        // Nothing in it that looks like the gateway's word.
        assert_eq!((lost.status, lost.json().get("code")), (502, None));
        if restart {
            shop.start();
        }
        let found = shop.create(id, "10.15");
        assert_eq!((found.status, &found.json()["order_status"]), (200, &json!("ACTIVE")));
        assert_eq!(shop.create(id, "10.16").status, 409);
    }
    assert_eq!(shop.gateway.gateway().orders().count(), 2);
}

// Mutant: leaving `mark` out of `rules::seen` hands the session of another system's order to a kiosk.
#[test]
fn an_order_of_another_system_is_not_adopted() {
    let shop = Shop::open("foreign");
    let desktop = shop.outside("/orders", &serde_json::from_str(&order("desk-1", "10.15")).expect("JSON"));
    let session = desktop["payment_session_id"].as_str().expect("a session");
    for _ in 0..2 {
        let reply = shop.create("desk-1", "10.15");
        assert_eq!(reply.status, 409);
        assert!(!String::from_utf8_lossy(&reply.bytes).contains(session));
    }
    for reply in [shop.get("/orders/desk-1"), shop.get("/orders/desk-1/payments"), shop.close("desk-1")] {
        assert_eq!(reply.status, 404);
    }
    assert_eq!(shop.report("desk-1", false).status, 404);
}

// Mutants: `entry.made = true` left out of `Desk::create` (502); `entry.made` taken for false in `reading` (502 for every look).
// Taken for true it adopts the order of another system, above.
#[test]
fn an_order_that_was_made_need_not_repeat_its_mark() {
    let mut shop = Shop::with("nulls", |config| config.prices = Prices::UpTo(Amount::from_minor(1_000_000).unwrap()));
    // The amount chooses SB-50: every answer has null for whatever a client can do without.
    let made = shop.create("till-1", "9901.50");
    assert_eq!((made.status, &made.json()["order_note"]), (200, &json!(null)));
    assert_eq!(shop.create("till-1", "9901.50").status, 200);
    assert_eq!(shop.create("till-1", "9901.51").status, 409);
    shop.start();
    assert_eq!(shop.get("/orders/till-1").json()["order_status"], "ACTIVE");
    assert_eq!(shop.close("till-1").status, 200);
    assert_eq!(shop.gateway.gateway().orders().count(), 1);
}

// Mutants: 404 for what is not ours also once it is made; each comparison in `reading` left out; an answer that cannot be
// read kept as others are.
#[test]
fn an_answer_about_something_else_says_nothing() {
    let shop = Shop::with("else", |config| config.fresh = core::time::Duration::from_secs(600));
    let made = shop.create("till-1", "10.15").json();
    for (member, value) in [
        ("order_id", json!("till-2")),
        ("order_amount", json!(1.00)),
        ("order_currency", json!("USD")),
        ("order_note", json!("kiosk order 00000000000000000000000000000000")),
        ("order_status", json!(null)),
    ] {
        let mut other = made.clone();
        other[member] = value;
        let fault = Fault::Replace { status: 200, body: other.to_string().into() };
        shop.gateway.gateway().inject("GET /orders/*", 1, fault);
        let reply = shop.get("/orders/till-1");
        assert_eq!((reply.status, reply.json().get("code")), (502, None), "{member}");
    }
    assert_eq!(shop.get("/orders/till-1").json()["order_status"], "ACTIVE");
}

#[test]
fn attempts_are_passed_on_as_they_are() {
    let shop = Shop::open("attempts");
    let made = shop.create("till-1", "10.15");
    let payment = shop.attempt(&made.json()["payment_session_id"]);
    let list = shop.get("/orders/till-1/payments");
    assert_eq!(list.json()[0]["payment_status"], "PENDING");
    shop.succeed(&payment);
    let mut one = shop.get(&format!("/orders/till-1/payments/{payment}")).bytes;
    let read = decode::payment(&mut one).expect("a payment");
    assert!(read.is_paid() && read.cf_payment_id.to_string() == payment);
    assert_eq!(shop.get("/orders/till-1/payments/1").status, 404);
    assert_eq!(shop.get("/orders/till-1").json()["order_status"], "PAID");
}

// Mutant: `store.keep` without writing: the token does not find its order again.
#[test]
fn orders_outlive_a_restart() {
    let mut shop = Shop::open("restart");
    assert_eq!(shop.create("till-1", "10.15").status, 200);
    shop.start();
    assert_eq!(shop.get("/orders/till-1").json()["order_status"], "ACTIVE");
    assert_eq!(shop.create("till-1", "10.16").status, 409);
}

// Mutant: `cache.forget` left out of `Desk::close`: the watch sees the order active, and closes it a second time.
#[test]
fn an_order_is_closed() {
    let shop = Shop::with("close", |config| config.fresh = core::time::Duration::from_secs(3600));
    assert_eq!(shop.create("till-1", "10.15").status, 200);
    assert_eq!(shop.get("/orders/till-1").json()["order_status"], "ACTIVE");
    let closed = shop.close("till-1");
    assert_eq!((closed.status, &closed.json()["order_status"]), (200, &json!("TERMINATION_REQUESTED")));
    assert_ne!(shop.get("/orders/till-1").json()["order_status"], "ACTIVE");
    shop.watch_has_been_round("fence");
    assert_eq!(shop.backend().gateway_calls(CallKind::TerminateOrder), 1);
    assert!(shop.gateway.gateway().refunds().iter().all(|refund| refund.order_id == "fence"));
}
