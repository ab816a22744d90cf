//! One budget for all kiosks.

use core::time::Duration;
use std::sync::Barrier;

use backend::Limits;
use pay_core::model::CallKind;
use sandbox::Fault;

use crate::shop::{PLENTY, Shop};

// Mutant: `Cache::get` that always fetches makes a hundred calls.
#[test]
fn a_hundred_questions_at_once_are_few_calls() {
    let shop = Shop::with("hundred", |config| config.fresh = Duration::from_secs(600));
    assert_eq!(shop.create("till-1", "10.15").status, 200);
    let barrier = Barrier::new(100);
    std::thread::scope(|scope| {
        for n in 0..100 {
            let (shop, barrier) = (&shop, &barrier);
            scope.spawn(move || {
                barrier.wait();
                let path = if n % 2 == 0 { "/orders/till-1" } else { "/orders/till-1/payments" };
                assert_eq!(shop.get(path).status, 200);
            });
        }
    });
    assert_eq!(shop.backend().gateway_calls(CallKind::ReadOrder), 1);
    assert_eq!(shop.backend().gateway_calls(CallKind::ListPayments), 1);
}

// Mutant: `fresh_final` for every answer would show an order active for ever; `fresh` for all asks for what is known.
#[test]
fn what_is_final_is_kept() {
    let shop = Shop::open("final");
    assert_eq!(shop.create("till-1", "10.15").status, 200);
    for _ in 0..3 {
        assert_eq!(shop.get("/orders/till-1").json()["order_status"], "ACTIVE");
    }
    assert_eq!(shop.backend().gateway_calls(CallKind::ReadOrder), 3, "nothing stays fresh in this shop");
    let session = shop.get("/orders/till-1").json()["payment_session_id"].clone();
    shop.succeed(&shop.attempt(&session));
    for _ in 0..3 {
        assert_eq!(shop.get("/orders/till-1").json()["order_status"], "PAID");
    }
    assert_eq!(shop.backend().gateway_calls(CallKind::ReadOrder), 5);
}

// Mutant: kept like any other, it hides for as long what the next answer would have told the kiosk.
#[test]
fn what_no_kiosk_can_take_is_not_kept() {
    let shop = Shop::with("long", |config| config.fresh = Duration::from_secs(600));
    let mut long = shop.create("till-1", "10.15").json();
    long["order_status"] = "PAID".into();
    long["padding"] = "x".repeat(12 * 1024).into();
    let fault = Fault::Replace { status: 200, body: long.to_string().into() };
    shop.gateway.gateway().inject("GET /orders/*", 1, fault);
    assert_eq!(shop.get("/orders/till-1").json(), long);
    for _ in 0..2 {
        assert_eq!(shop.get("/orders/till-1").json()["order_status"], "ACTIVE");
    }
    assert_eq!(shop.backend().gateway_calls(CallKind::ReadOrder), 2);
}

// Mutant: `reserve` that always permits.
#[test]
fn an_empty_budget_is_told() {
    let shop = Shop::with("empty", |config| {
        config.limits = Limits { create_order: 2, read_order: 3, ..PLENTY };
    });
    for id in ["till-1", "till-2"] {
        assert_eq!(shop.create(id, "10.15").status, 200);
    }
    let refused = shop.create("till-3", "10.15");
    assert_eq!((refused.status, refused.json()["type"].as_str()), (429, Some("rate_limit_error")));
    assert!((1..=60).contains(&refused.number("x-ratelimit-retry")));
    assert_eq!(refused.number("x-ratelimit-remaining"), 0);

    for left in [2, 1, 0] {
        let reply = shop.get("/orders/till-1");
        assert_eq!((reply.status, reply.number("x-ratelimit-remaining")), (200, left));
        assert_eq!(reply.number("x-ratelimit-limit"), 3);
    }
    assert_eq!(shop.get("/orders/till-2").status, 429, "one budget for all orders");
    assert_eq!(shop.get("/orders/till-1/payments").status, 200, "each class has its own");
    assert_eq!(shop.gateway.gateway().orders().count(), 2);
}

// Mutant: `Budget::note` that forgets a 429 goes on calling.
#[test]
fn the_gateways_own_limit_stops_us() {
    let shop = Shop::open("throttled");
    assert_eq!(shop.create("till-1", "10.15").status, 200);
    let body = br#"{"message":"m","code":"request_failed","type":"rate_limit_error"}"#;
    shop.gateway.gateway().inject("GET /orders/*", 1, Fault::Answer { status: 429, body: body.to_vec() });
    for _ in 0..3 {
        let reply = shop.get("/orders/till-1");
        assert_eq!(reply.status, 429);
        assert!((1..=60).contains(&reply.number("x-ratelimit-retry")));
    }
    assert_eq!(shop.backend().gateway_calls(CallKind::ReadOrder), 1);
}

// Mutant: passing 401 on tells every kiosk that its token is bad.
#[test]
fn refused_keys_are_not_the_devices_fault() {
    let shop = Shop::open("keys");
    assert_eq!(shop.create("till-1", "10.15").status, 200);
    let body = br#"{"message":"m","code":"request_failed","type":"authentication_error"}"#;
    shop.gateway.gateway().inject("GET /orders/*", 1, Fault::Answer { status: 401, body: body.to_vec() });
    let reply = shop.get("/orders/till-1");
    assert_eq!((reply.status, reply.json().get("code")), (502, None));
    assert_eq!(shop.get("/orders/till-1").status, 200);
}

// Meant to notice: one token's flood that others feel, or that reaches the gateway.
#[test]
fn one_token_cannot_ask_without_end() {
    let shop = Shop::with("flood", |config| (config.per_token, config.fresh) = (2, Duration::from_secs(600)));
    let other = backend::add_token(&shop.config.database, "kiosk-2").expect("a token");
    assert_eq!(shop.create("till-1", "10.15").status, 200);
    let replies: Vec<_> = (0..60).map(|_| shop.get("/orders/till-1")).collect();
    let refused = replies.iter().find(|reply| reply.status == 429).expect("a refusal");
    assert_eq!((refused.header("x-pay-origin"), refused.number("x-ratelimit-remaining")), (Some("backend"), 0));
    assert!((1..=10).contains(&refused.number("x-ratelimit-retry")));
    assert!(replies.iter().take(15).all(|reply| reply.status == 200));
    assert_eq!(shop.send("GET", "/orders/till-1", Some(&other), None).status, 404, "another token is served");
}
