//! Order Pay through the backend.

use backend::{add_direct_token, add_token};
use pay_core::model::CallKind;
use sandbox::Fault;
use serde_json::{Value, json};

use crate::shop::{Reply, Shop};

fn link() -> Value {
    json!({"upi": {"channel": "link"}})
}

/// Makes an order; the name by which it is paid.
fn made(shop: &Shop, id: &str) -> Value {
    let made = shop.create(id, "10.15");
    assert_eq!(made.status, 200, "{}", made.json());
    made.json()["payment_session_id"].clone()
}

/// The backend's own word, before it sent anything on.
#[track_caller]
fn refused(shop: &Shop, reply: &Reply, status: u16, code: &str) {
    let said = (reply.status, reply.json()["code"].clone(), reply.header("x-pay-origin"));
    assert_eq!(said, (status, json!(code), Some("backend")));
    assert_eq!(shop.backend().gateway_calls(CallKind::OrderPay), 0);
    assert!(shop.gateway.gateway().payments().is_empty());
}

// Meant to notice: the device's own session sent on (404); the session left in the answer to a creation, a reading or a payment; another key for
// each forward.
#[test]
fn a_shopper_pays_through_the_backend() {
    let shop = Shop::open("relay");
    let methods = [
        link(),
        json!({"upi": {"channel": "qrcode"}}),
        json!({"upi": {"channel": "collect", "upi_id": "shopper@okbank", "upi_expiry_minutes": 5}}),
        json!({"netbanking": {"channel": "link", "netbanking_bank_code": 3333}}),
        json!({"app": {"channel": "link", "provider": "phonepe", "phone": "9999999999"}}),
    ];
    for (n, method) in methods.iter().enumerate() {
        let id = format!("till-{n}");
        let alias = made(&shop, &id);
        let key = format!("key-{n}");
        let paid = shop.pay(&shop.token, &alias, &key, method);
        let text = String::from_utf8(paid.bytes.clone()).expect("text");
        assert_eq!((paid.status, paid.header("x-pay-origin")), (200, None), "{text}");
        assert_eq!(paid.header("x-idempotency-replayed"), None);
        let read = shop.get(&format!("/orders/{id}"));
        assert_eq!(read.json()["payment_session_id"], alias);
        if !method["upi"].is_null() {
            assert!(!text.contains("session_"), "{text}");
        }
        let again = shop.pay(&shop.token, &alias, &key, method);
        assert_eq!(again.header("x-idempotency-replayed"), Some("true"));
        assert_eq!(again.json()["cf_payment_id"], paid.json()["cf_payment_id"]);
        shop.succeed(paid.json()["cf_payment_id"].as_str().expect("an id"));
        assert_eq!(shop.get(&format!("/orders/{id}")).json()["order_status"], "PAID");
        assert_eq!(shop.gateway.gateway().charges(&id).count(), 1);
    }
    assert_eq!(shop.gateway.gateway().payments().len(), methods.len());
}

// Meant to notice: the owner left out of the alias; a token's way not looked at.
#[test]
fn an_alias_is_good_for_its_token_alone() {
    let shop = Shop::open("relay-token");
    let alias = made(&shop, "till-1");
    let other = add_token(&shop.config.database, "kiosk-2").expect("a token");
    let direct = add_direct_token(&shop.config.database, "reader").expect("a token");
    refused(&shop, &shop.pay(&other, &alias, "key-1", &link()), 400, "payment_session_id_invalid");
    refused(&shop, &shop.pay("nobody", &alias, "key-1", &link()), 401, "request_failed");
    for session in ["alias_", "alias_00000000000000000000000000000000_till-1", "session_x"] {
        refused(&shop, &shop.pay(&shop.token, &json!(session), "key-1", &link()), 400, "payment_session_id_invalid");
    }
    // Who pays at the gateway has the gateway's session, and is not relayed.
    let order = crate::shop::order("till-2", "10.15");
    let session = shop.send("POST", "/orders", Some(&direct), Some(&order)).json()["payment_session_id"].clone();
    assert_eq!(shop.pay(&direct, &session, "key-1", &link()).status, 405);
    shop.outside("/orders/sessions", &json!({"payment_session_id": session, "payment_method": link()}));
}

// Meant to notice: `Card` or `Emi` left out of `Wanted::read`; `save_instrument` not looked at; any member let through.
#[test]
fn cards_and_their_otps_are_refused_before_anything_is_sent() {
    let shop = Shop::open("relay-card");
    let alias = made(&shop, "till-1");
    let card = json!({"channel": "link", "card_number": "4706131211212123", "card_expiry_mm": "03", "card_expiry_yy": "31", "card_cvv": "123"});
    let saved = json!({"channel": "post", "instrument_id": "c_1"});
    for method in [json!({"card": card}), json!({"card": saved}), json!({"emi": card})] {
        let reply = shop.pay(&shop.token, &alias, "key-1", &method);
        assert!(!String::from_utf8_lossy(&reply.bytes).contains("4706131211212123"));
        refused(&shop, &reply, 400, "card_not_relayed");
    }
    let body = json!({"payment_session_id": alias, "payment_method": link(), "save_instrument": true});
    refused(&shop, &shop.post("/orders/sessions", &body), 400, "card_not_relayed");
    let otp = json!({"action": "SUBMIT_OTP", "otp": "111000"});
    refused(&shop, &shop.post("/orders/pay/authenticate/1", &otp), 400, "card_not_relayed");
    for method in [
        json!({"upi": {"channel": "link"}, "card": card}),
        json!({"upi": {"channel": "link", "card_number": "4706131211212123"}}),
        json!({"upi": {"channel": "collect"}}),
        json!({"upi": {"channel": "link", "upi_expiry_minutes": 5}}),
        json!({"wallet": {"channel": "link"}}),
    ] {
        refused(&shop, &shop.pay(&shop.token, &alias, "key-1", &method), 400, "request_invalid");
    }
    assert_eq!(shop.notice(""), 0);
}

#[test]
fn what_is_wrong_is_refused_before_anything_is_sent() {
    let mut shop = Shop::open("relay-wrong");
    let alias = made(&shop, "till-1");
    refused(&shop, &shop.pay(&shop.token, &alias, "", &link()), 400, "request_invalid");
    let long = json!({"upi": {"channel": "collect", "upi_id": format!("{}@x", "a".repeat(5_000))}});
    refused(&shop, &shop.pay(&shop.token, &alias, "key-1", &long), 413, "request_failed");
    // Meant to notice: the epoch not compared (a terminal that was replaced pays on).
    assert_eq!(shop.post("/devices/recover", &json!({})).status, 200);
    refused(&shop, &shop.pay(&shop.token, &alias, "key-1", &link()), 409, "device_epoch_over");
    shop.epoch = Some(1);
    assert_eq!(shop.pay(&shop.token, &alias, "key-1", &link()).status, 200);
}

// Meant to notice: 502 with a message in it for the empty 504; the fault's HTML passed on; a second call by itself.
#[test]
fn doubt_after_the_forward_is_504_and_nothing_else() {
    let mut shop = Shop::open("relay-doubt");
    for (n, restart) in [(1, false), (2, true)] {
        let id = format!("till-{n}");
        let alias = made(&shop, &id);
        let fault = Fault::Replace { status: 502, body: b"<html>".to_vec() };
        shop.gateway.gateway().inject("POST /orders/sessions", 1, fault);
        let key = format!("key-{n}");
        let lost = shop.pay(&shop.token, &alias, &key, &link());
        assert_eq!((lost.status, lost.bytes.len(), lost.header("x-pay-origin")), (504, 0, None));
        assert_eq!(shop.gateway.gateway().payments().len(), n);
        if restart {
            // The gateway gives another session by now: what goes again must be the same to the byte.
            shop.start();
        }
        let again = shop.pay(&shop.token, &alias, &key, &link());
        assert_eq!((again.status, again.header("x-idempotency-replayed")), (200, Some("true")));
        assert_eq!(shop.gateway.gateway().payments().len(), n);
    }
}

// The gateway's own refusals are its own. Meant to notice: 401 made into doubt.
#[test]
fn refusals_of_the_gateway_are_passed_on() {
    let shop = Shop::open("relay-refusals");
    let alias = made(&shop, "till-1");
    for (status, code) in [(400, "request_failed"), (401, "request_failed"), (403, "x"), (422, "y"), (500, "z")] {
        let fault = Fault::Refuse { status, kind: "invalid_request_error", code, executed: false, stored: false };
        shop.gateway.gateway().inject("POST /orders/sessions", 1, fault);
        let reply = shop.pay(&shop.token, &alias, "key-1", &link());
        assert_eq!((reply.status, &reply.json()["code"], reply.header("x-pay-origin")), (status, &json!(code), None));
    }
    let fault = Fault::Throttle { retry_s: 7, executed: false, stored: false };
    shop.gateway.gateway().inject("POST /orders/sessions", 1, fault);
    let reply = shop.pay(&shop.token, &alias, "key-1", &link());
    assert_eq!((reply.status, reply.header("x-pay-origin")), (429, None));
    // Until then it is the backend that says so, and calls nobody.
    let reply = shop.pay(&shop.token, &alias, "key-1", &link());
    assert_eq!((reply.status, reply.header("x-pay-origin")), (429, Some("backend")));
    assert!(reply.number("x-ratelimit-retry") > 0);
    assert!(shop.gateway.gateway().payments().is_empty());
}

// Meant to notice: the forward before the row.
#[test]
fn what_cannot_be_kept_is_not_sent() {
    let shop = Shop::open("relay-kept");
    let alias = made(&shop, "till-1");
    shop.sql("DROP TABLE forwards");
    let reply = shop.pay(&shop.token, &alias, "key-1", &link());
    assert_eq!((reply.status, reply.header("x-pay-origin")), (503, Some("backend")));
    assert_eq!(shop.backend().gateway_calls(CallKind::OrderPay), 1, "it was taken out of the budget alone");
    assert!(shop.gateway.gateway().payments().is_empty());
    // Reading and closing go on.
    assert_eq!(shop.get("/orders/till-1").status, 200);
}
