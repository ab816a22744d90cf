//! The gateway's webhooks, as the sandbox sends them and as others might.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use backend::{Limits, add_token};
use pay_core::model::CallKind;
use pay_core::wire::webhook::{Key, Keys};
use sandbox::{ApiVersion, Hook, HookFamily};
use serde_json::json;
use ureq::Agent;

use crate::shop::{Shop, until};

/// A shop whose backend waits long between its own looks, so that what it knows soon it knows by a webhook.
fn open(name: &str) -> Shop {
    let mut shop = Shop::with(name, |config| {
        config.first_look = Duration::from_secs(600);
        config.listen_hooks = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    });
    shop.config.webhooks = Some(Keys::new(Key::parse(shop.gateway.client_secret()).expect("a key")));
    shop.start();
    shop
}

fn hooks(shop: &Shop) {
    let url = shop.backend().hooks_url().expect("a URL");
    let hook = Hook { version: ApiVersion::V2025_01_01, family: HookFamily::Webhook };
    shop.gateway.send_webhooks(&url, hook).expect("a hook");
}

fn readings(shop: &Shop) -> u64 {
    [CallKind::ReadOrder, CallKind::ListPayments].into_iter().map(|kind| shop.backend().gateway_calls(kind)).sum()
}

// Meant to notice: a webhook that no reading follows; one reading for each duplicate; the order read although its payments say all.
#[test]
fn a_payment_is_known_at_once_and_read_once() {
    let shop = open("hooks");
    hooks(&shop);
    let session = shop.create("till-1", "10.15").json()["payment_session_id"].clone();
    let payment = shop.attempt(&session);
    let before = readings(&shop);
    let since = Instant::now();
    shop.succeed(&payment);
    until("a reading", || readings(&shop) > before);
    println!("paid to read: {:?}", since.elapsed());
    // The answers must be kept before the claim comes, or it reads for itself.
    std::thread::sleep(Duration::from_millis(500));
    let claim = shop.post("/orders/till-1/release", &json!({"cf_payment_id": payment}));
    assert_eq!(claim.status, 200, "{}", claim.json());
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(readings(&shop), before + 1, "its payments, and the claim needs no more");
}

/// What came in plain HTTP is answered with this.
fn post(url: &str, headers: &[(&str, &str)], body: &str) -> u16 {
    let agent: Agent = Agent::config_builder().http_status_as_error(false).build().into();
    let mut request = agent.post(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send(body).expect("an answer").status().as_u16()
}

// Meant to notice: a webhook taken without its signature; other paths open without TLS; one that is not kept answered with 200.
#[test]
fn only_the_gateway_is_heard_and_nothing_else_is_open() {
    let shop = open("unsigned");
    assert_eq!(shop.create("till-1", "10.15").status, 200);
    let url = shop.backend().hooks_url().expect("a URL");
    let body = r#"{"type":"PAYMENT_SUCCESS_WEBHOOK","data":{"order":{"order_id":"till-1","order_amount":10.15},
        "payment":{"cf_payment_id":"7","payment_status":"SUCCESS","payment_amount":10.15}}}"#;
    let before = readings(&shop);
    let signature = "adQX6DdxX5Y/qmF0GjAfzLn64fFqvRnx6u+NZMFshXk=";
    let signed = [("x-webhook-timestamp", "1795364413250"), ("x-webhook-signature", signature)];
    assert_eq!((post(&url, &[], body), post(&url, &signed, body)), (401, 401));
    assert_eq!(post(&url, &signed, &"x".repeat(70_000)), 413);
    let orders = url.replace("/hooks/cashfree/merchant", "/pg/orders");
    let token = format!("Bearer {}", shop.token);
    assert_eq!(post(&orders, &[("authorization", &token), ("content-type", "application/json")], "{}"), 404);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(readings(&shop), before);
}

// Meant to notice: an order of another system that is refused, and comes again for 42 minutes; the refund's end that nobody reads.
#[test]
fn orders_of_others_are_taken_and_forgotten() {
    let shop = open("others");
    hooks(&shop);
    let body = json!({"order_id": "site-1", "order_amount": 10.15, "order_currency": "INR",
        "customer_details": {"customer_id": "walk_in", "customer_phone": "9999999999"}});
    let made = shop.outside("/orders", &body);
    let before = readings(&shop);
    let pay = json!({"payment_session_id": made["payment_session_id"], "payment_method": {"upi": {"channel": "link"}}});
    shop.succeed(shop.outside("/orders/sessions", &pay)["cf_payment_id"].as_str().expect("an id"));
    // One of ours behind it is read, so the other has come.
    let session = shop.create("till-1", "10.15").json()["payment_session_id"].clone();
    shop.succeed(&shop.attempt(&session));
    until("a reading", || readings(&shop) > before);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(readings(&shop), before + 1);
    assert_eq!(shop.get("/orders/site-1").status, 404);
}

// Meant to notice: a wait that nothing ends, or that ends at once; one for an order of another device.
#[test]
fn a_device_that_waits_hears_of_its_payment_at_once() {
    let mut shop = open("waits");
    hooks(&shop);
    let session = shop.create("till-1", "10.15").json()["payment_session_id"].clone();
    let payment = shop.attempt(&session);
    let wait = |shop: &Shop, time: &str| {
        let since = Instant::now();
        let reply = shop.send_with("GET", "/orders/till-1", &[("prefer", time)]);
        (reply.json()["order_status"].clone(), reply.status, since.elapsed())
    };
    let (status, _, time) = wait(&shop, "wait=1");
    assert!(status == "ACTIVE" && time >= Duration::from_secs(1), "{status} after {time:?}");
    let (before, since) = (readings(&shop), Instant::now());
    for _ in 0..2 {
        let reply = shop.send_with("GET", "/orders/till-1", &[("prefer", "wait=1")]);
        assert_eq!(
            (&reply.json()["order_status"], reply.header("preference-applied")),
            (&json!("ACTIVE"), Some("wait"))
        );
    }
    // One of few orders is in the sample, which is read every 8 s.
    let sampled = since.elapsed().as_secs() / 6;
    assert!(readings(&shop) <= before + sampled, "nothing new costs no reading");
    assert_eq!(shop.get("/orders/till-1").header("preference-applied"), None);
    let orders = || shop.backend().gateway_calls(CallKind::ReadOrder);
    let before = orders();
    let (status, time) = std::thread::scope(|scope| {
        let shop = &shop;
        let waiting = scope.spawn(move || wait(shop, "respond-async, wait=10"));
        std::thread::sleep(Duration::from_secs(2));
        let paid = Instant::now();
        shop.succeed(&payment);
        (waiting.join().expect("an answer").0, paid.elapsed())
    });
    println!("paid to known: {time:?}");
    // The payments were read, and not the order: who was told asks for them. Whoever asks for the order has it read.
    assert!(status == "ACTIVE" && time < Duration::from_secs(7), "{status} after {time:?}");
    let list = shop.get("/orders/till-1/payments").json();
    assert_eq!((&list[0]["payment_status"], orders()), (&json!("SUCCESS"), before));
    assert_eq!(wait(&shop, "wait=10").0, "PAID");
    shop.token = add_token(&shop.config.database, "kiosk-2").expect("a token").to_string();
    let (_, status, time) = wait(&shop, "wait=10");
    assert!(status == 404 && time < Duration::from_secs(7), "{status} after {time:?}");
}

// Meant to notice: a device that asks after the webhook came and has the order read too; one that is told again and again how it was before.
#[test]
fn a_device_that_comes_after_the_webhook_has_its_payment_read_once() {
    let mut shop = open("between");
    shop.config.fresh = Duration::from_secs(1);
    shop.start();
    hooks(&shop);
    let session = shop.create("till-1", "10.15").json()["payment_session_id"].clone();
    let payment = shop.attempt(&session);
    let calls = || [CallKind::ReadOrder, CallKind::ListPayments].map(|kind| shop.backend().gateway_calls(kind));
    let [orders, lists] = calls();
    shop.succeed(&payment);
    until("its payments are read", || calls() == [orders, lists + 1]);
    // The answer is stored a moment after it came.
    std::thread::sleep(Duration::from_millis(500));
    let ask = || shop.send_with("GET", "/orders/till-1", &[("prefer", "wait=10")]);
    let told = ask();
    assert_eq!((&told.json()["order_status"], told.header("preference-applied")), (&json!("ACTIVE"), Some("wait")));
    assert_eq!(shop.get("/orders/till-1/payments").json()[0]["payment_status"], "SUCCESS");
    assert_eq!(calls(), [orders, lists + 1]);
    assert_eq!(ask().json()["order_status"], "PAID", "whoever asks again has the order read");
    assert_eq!(calls(), [orders + 1, lists + 1]);
}

// Meant to notice: a lost webhook that only a device that waits can show; readings for all while none is lost.
#[test]
fn a_payment_that_no_webhook_told_of_has_every_order_read() {
    let mut shop = open("unannounced");
    // A round over 40 orders takes less than the ten seconds below.
    shop.config.limits = Limits { read_order: 400, ..shop.config.limits };
    shop.start();
    let orders: Vec<_> = (0..40).map(|n| format!("till-{n}")).collect();
    let sessions: Vec<_> =
        orders.iter().map(|id| shop.create(id, "10.15").json()["payment_session_id"].clone()).collect();
    let ask = |id: &String, headers: &[(&str, &str)]| {
        shop.send_with("GET", &format!("/orders/{id}"), headers).json()["order_status"].clone()
    };
    // How many are read again when all of them waited at a time, ten seconds after each was read.
    let read_again = |orders: &[String]| {
        orders.iter().for_each(|id| assert_eq!(ask(id, &[]), "ACTIVE"));
        std::thread::sleep(Duration::from_secs(10));
        let before = shop.backend().gateway_calls(CallKind::ReadOrder);
        std::thread::scope(|scope| {
            for id in orders {
                scope.spawn(move || assert_eq!(ask(id, &[("prefer", "wait=3")]), "ACTIVE"));
            }
        });
        shop.backend().gateway_calls(CallKind::ReadOrder) - before
    };
    // A webhook comes of this one, though perhaps after its reading: none is missed.
    hooks(&shop);
    shop.succeed(&shop.attempt(&sessions[39]));
    until("its reading", || ask(&orders[39], &[]) == "PAID");
    std::thread::sleep(Duration::from_secs(1));
    // Those of the others go nowhere.
    shop.gateway
        .send_webhooks("http://127.0.0.1:9/", Hook { version: ApiVersion::V2025_01_01, family: HookFamily::Webhook })
        .expect("a hook");
    let sample = read_again(&orders[..39]);
    assert!(sample <= 20, "{sample}");
    let payment = shop.attempt(&sessions[0]);
    shop.succeed(&payment);
    until("the reading that nobody told of", || ask(&orders[0], &[]) == "PAID");
    assert_eq!(read_again(&orders[1..39]), 38);
}
