//! What nobody has published: each habit by itself, in memory.

mod shop;

use sandbox::{ApiVersion, Habits, PodQr, Response, Rules};
use serde_json::Value;
use shop::{Shop, card, read, upi};

fn with(change: impl FnOnce(&mut Habits)) -> Shop {
    let mut rules = Rules::default();
    change(&mut rules.habits);
    Shop::new(rules)
}

/// Order Pay under this key, with credentials.
fn pay(shop: &mut Shop, session: &str, method: &Value, key: &str) -> Response {
    let request = shop.pay_request(session, method).with_header("x-idempotency-key", key);
    let request = request.with_header("x-client-id", "id").with_header("x-client-secret", "secret");
    shop.send(&request)
}

fn replayed(response: &Response) -> bool {
    response.header("x-idempotency-replayed") == Some("true")
}

// Meant to notice: a flag that stops other methods, too.
#[test]
fn what_is_not_enabled_gets_403() {
    let mut shop = with(|habits| habits.cards = false);
    let session = shop.session("order_1");
    assert_eq!(shop.pay(&session, &card("4111111111111111", "link")).0, 403);
    assert_eq!(shop.pay(&session, &upi("link")).0, 200);
    let mut shop = with(|habits| habits.order_pay = false);
    let session = shop.session("order_1");
    assert_eq!(shop.pay(&session, &upi("link")).0, 403);
}

#[test]
fn hints_and_versions_can_be_demanded() {
    let mut shop = with(|habits| habits.needs_hints = true);
    let session = shop.session("order_1");
    assert_eq!(shop.pay(&session, &upi("link")).0, 400);
    let request = shop.pay_request(&session, &upi("link")).with_header("x-client-device", "desktop");
    assert_eq!(shop.send(&request).status, 200);
    let mut shop = with(|habits| habits.newest = ApiVersion::V2023_08_01);
    assert_eq!(shop.call("POST", "/orders", Some(shop::order_body("order_1"))).0, 400);
    shop.version = "2023-08-01";
    shop.order("order_1");
}

// Meant to notice: keys that count all the same; refusals that are kept; a body that is compared.
#[test]
fn keys_can_be_worth_less() {
    for (honours, keeps, compares) in
        [(true, true, true), (false, true, true), (true, false, true), (true, true, false)]
    {
        let mut shop = with(|habits| {
            (habits.honours_keys, habits.keeps_refusals, habits.compares_bodies) = (honours, keeps, compares);
        });
        let session = shop.session("order_1");
        pay(&mut shop, &session, &upi("link"), "key 1");
        assert_eq!(replayed(&pay(&mut shop, &session, &upi("link"), "key 1")), honours);
        let other = pay(&mut shop, &session, &upi("qrcode"), "key 1");
        assert_eq!((other.status == 422, replayed(&other)), (honours && compares, !compares));
        pay(&mut shop, &session, &upi("smoke"), "key 2");
        let again = pay(&mut shop, &session, &upi("smoke"), "key 2");
        assert_eq!((again.status, replayed(&again)), (400, honours && keeps));
    }
}

#[test]
fn a_repeat_that_comes_too_soon_gets_409() {
    let mut shop = with(|habits| habits.busy_ms = 50);
    let session = shop.session("order_1");
    assert_eq!(pay(&mut shop, &session, &upi("link"), "key").status, 200);
    shop.now += 49;
    assert_eq!(pay(&mut shop, &session, &upi("link"), "key").status, 409);
    shop.now += 1;
    assert!(replayed(&pay(&mut shop, &session, &upi("link"), "key")));
    assert_eq!(shop.gateway.payments().len(), 1);
}

#[test]
fn answers_can_look_otherwise() {
    let mut shop = with(|habits| (habits.rate_headers, habits.padding) = (false, 5_000));
    let session = shop.session("order_1");
    let answer = pay(&mut shop, &session, &upi("link"), "key");
    assert!(answer.header("x-ratelimit-limit").is_none() && answer.body.len() > 5_000);
    let mut shop = with(|habits| habits.keyed_limit = Some(60));
    let session = shop.session("order_1");
    assert_eq!(pay(&mut shop, &session, &upi("link"), "key").header("x-ratelimit-limit"), Some("60"));
    let request = shop.pay_request(&session, &upi("link"));
    assert_ne!(shop.send(&request).header("x-ratelimit-limit"), Some("60"));
    for (pod_qr, status, image) in [(PodQr::Image, 200, true), (PodQr::Text, 200, false), (PodQr::Refused, 400, false)]
    {
        let mut shop = with(|habits| habits.pod_qr = pod_qr);
        shop.version = "2026-01-01";
        let session = shop.session("order_1");
        let answer = pay(&mut shop, &session, &upi("podQrCode"), "key");
        assert_eq!((answer.status, read(&answer)["data"]["payload"]["qrcode"].is_string()), (status, image));
    }
}
