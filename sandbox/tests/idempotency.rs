//! The store of first answers, and the faults that tests put in the way.

mod shop;

use sandbox::{Fault, Limits, Request, Response, Rules, SessionKeys};
use serde_json::json;
use shop::{Shop, order_body, read, upi};

fn replayed(response: &Response) -> bool {
    response.header("x-idempotency-replayed") == Some("true")
}

fn create(shop: &Shop, id: &str, key: &str) -> Request {
    shop.merchant("POST", "/orders").with_header("x-idempotency-key", key).with_json(order_body(id).to_string())
}

// Mutant: keeping only answers of status 200 lets the 409 be answered anew.
#[test]
fn the_first_answer_is_replayed() {
    let mut shop = Shop::open();
    let request = create(&shop, "order_1", "key");
    let first = shop.send(&request);
    let second = shop.send(&request.clone().with_header("x-request-id", "another"));
    assert_eq!((first.status, second.status), (200, 200));
    assert_eq!(first.body, second.body);
    assert!(!replayed(&first) && replayed(&second));
    assert_eq!(second.header("x-idempotency-key"), Some("key"));
    assert_eq!(second.header("x-request-id"), Some("another"));

    let taken = create(&shop, "order_1", "other key");
    assert_eq!(shop.send(&taken).status, 409);
    let again = shop.send(&taken);
    assert!(again.status == 409 && replayed(&again));
}

#[test]
fn another_body_under_the_key_is_refused() {
    let mut shop = Shop::open();
    let first = create(&shop, "order_1", "key");
    shop.send(&first);
    let other = create(&shop, "order_2", "key");
    let response = shop.send(&other);
    assert_eq!((response.status, &read(&response)["type"]), (422, &json!("idempotency_error")));
    assert!(replayed(&shop.send(&first)), "the first answer stays");
    // The same key on another path is another key.
    let pay = shop.merchant("POST", "/simulate").with_header("x-idempotency-key", "key").with_json("{}");
    assert_eq!(shop.send(&pay).status, 400);
}

// Mutant: not keeping 500s makes the second answer 200.
#[test]
fn stored_500s_are_replayed_for_a_day() {
    for executed in [false, true] {
        let mut shop = Shop::open();
        let session = shop.session("order_1");
        shop.gateway.inject("POST /orders/sessions", 1, Fault::InternalError { executed });
        let request = shop.pay_request(&session, &upi("qrcode")).with_header("x-idempotency-key", "key");
        assert_eq!(shop.send(&request).status, 500);
        shop.now += 24 * 3600 * 1000 - 1;
        let again = shop.send(&request);
        assert!(again.status == 500 && replayed(&again));
        assert_eq!(shop.gateway.payments().len(), usize::from(executed));
        shop.now += 1;
        assert_eq!(shop.send(&request).status, 200);
    }
}

// Mutant: honouring every key leaves one attempt in both modes.
#[test]
fn session_keys_are_honoured_or_ignored() {
    for (session_keys, attempts) in [(SessionKeys::Honoured, 1), (SessionKeys::Ignored, 2)] {
        let mut shop = Shop::new(Rules { session_keys, settle_after_ms: Some(10), ..Rules::default() });
        let session = shop.session("order_1");
        let request = shop.pay_request(&session, &upi("qrcode")).with_header("x-idempotency-key", "key");
        for _ in 0..2 {
            assert_eq!(shop.send(&request).status, 200);
        }
        assert_eq!(shop.gateway.payments().len(), attempts);
        shop.gateway.advance(shop.now + 10);
        assert_eq!(shop.gateway.charges("order_1").count(), attempts);
        // Beside credentials the key counts in both modes.
        let session = shop.session("order_2");
        let request = shop.pay_request(&session, &upi("qrcode")).with_header("x-idempotency-key", "key 2");
        let request = request.with_header("x-client-id", "id").with_header("x-client-secret", "secret");
        shop.send(&request);
        assert!(replayed(&shop.send(&request)));
    }
}

#[test]
fn throttles_are_stored_only_if_asked() {
    for store_throttles in [false, true] {
        let limits = Limits { create_order: 1, ..Limits::SANDBOX };
        let mut shop = Shop::new(Rules { limits, store_throttles, ..Rules::default() });
        shop.order("order_0");
        let throttled = create(&shop, "order_1", "key");
        assert_eq!(shop.send(&throttled).status, 429);
        shop.now += 60_000;
        let later = shop.send(&throttled);
        assert_eq!((later.status, replayed(&later)), if store_throttles { (429, true) } else { (200, false) });
    }
}

#[test]
fn faults_stand_before_the_rules() {
    let mut shop = Shop::open();
    let session = shop.session("order_1");
    let html = b"<html>bad gateway</html>".to_vec();
    shop.gateway.inject("POST /orders/*", 2, Fault::Answer { status: 502, body: html.clone() });
    let request = shop.pay_request(&session, &upi("qrcode")).with_header("x-idempotency-key", "key");
    for _ in 0..2 {
        let response = shop.send(&request);
        assert_eq!((response.status, &response.body), (502, &html));
        assert_eq!(response.header("content-type"), Some("text/html"));
        assert_eq!(response.header("x-idempotency-replayed"), None);
    }
    assert_eq!(shop.gateway.payments().len(), 0);
    shop.gateway.inject("POST /orders/sessions", 1, Fault::Replace { status: 504, body: b"{}".to_vec() });
    assert_eq!(shop.send(&request).status, 504);
    let again = shop.send(&request);
    assert!(again.status == 200 && replayed(&again));
    assert_eq!(shop.gateway.payments().len(), 1);
}

// Meant to notice: a store that is asked for every terminal's keys although they are ignored.
#[test]
fn two_terminals_share_a_session() {
    for (session_keys, payments) in [(SessionKeys::Honoured, 2), (SessionKeys::Ignored, 3)] {
        let mut shop = Shop::new(Rules { session_keys, ..Rules::default() });
        let session = shop.session("order_1");
        let send = |shop: &mut Shop, key: &str| {
            let request = shop.pay_request(&session, &upi("link")).with_header("x-idempotency-key", key);
            let answer = shop.send(&request);
            assert_eq!(answer.status, 200);
            (read(&answer)["cf_payment_id"].clone(), replayed(&answer))
        };
        let one = send(&mut shop, "of terminal 1");
        let other = send(&mut shop, "of terminal 2");
        assert_ne!(one.0, other.0, "each has its own attempt");
        // The gateway cannot tell terminals apart: whoever has the key has the answer, if keys count.
        let again = send(&mut shop, "of terminal 1");
        assert_eq!(
            (again.0 == one.0, again.1),
            (session_keys == SessionKeys::Honoured, session_keys == SessionKeys::Honoured)
        );
        assert_eq!(shop.gateway.payments().len(), payments);
    }
}
