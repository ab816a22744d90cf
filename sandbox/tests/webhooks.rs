//! What the gateway tells of by itself, and how often.

mod shop;

use sandbox::{ApiVersion, Hook, HookFamily, PaymentStatus, RefundStatus, Webhook};
use serde_json::{Value, json};
use shop::{Shop, upi};

const MINUTE: u64 = 60_000;

fn hook(version: ApiVersion) -> Hook {
    Hook { version, family: HookFamily::Webhook }
}

fn body(webhook: &Webhook) -> Value {
    serde_json::from_slice(&webhook.body).expect("JSON")
}

fn header<'a>(webhook: &'a Webhook, name: &str) -> Option<&'a str> {
    webhook.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
}

impl Shop {
    fn told(&mut self) -> Vec<Webhook> {
        self.gateway.webhooks(self.now)
    }

    /// The one webhook that is due, which is taken.
    fn news(&mut self) -> Value {
        let told = self.told();
        assert_eq!(told.len(), 1, "{told:?}");
        self.gateway.webhook_taken(told[0].number);
        body(&told[0])
    }

    fn with_hook(version: ApiVersion) -> (Self, String) {
        let mut shop = Self::open();
        shop.gateway.set_hook(Some(hook(version)));
        let session = shop.session("order_1");
        let attempt = shop.attempt(&session, &upi("link"));
        assert_eq!(shop.told(), []);
        (shop, attempt)
    }
}

// Mutant: what was told before is told again.
#[test]
fn each_end_of_a_payment_is_told_once() {
    for (end, kind) in [
        ("SUCCESS", "PAYMENT_SUCCESS_WEBHOOK"),
        ("FAILED", "PAYMENT_FAILED_WEBHOOK"),
        ("USER_DROPPED", "PAYMENT_USER_DROPPED_WEBHOOK"),
    ] {
        let (mut shop, attempt) = Shop::with_hook(ApiVersion::V2025_01_01);
        assert_eq!(shop.simulate(&attempt, end).0, 200);
        let news = shop.news();
        assert_eq!(news["type"], kind);
        assert_eq!(news["data"]["order"]["order_id"], "order_1");
        assert_eq!(news["data"]["payment"]["cf_payment_id"], attempt);
        assert_eq!(news["data"]["payment"]["payment_status"], end);
        assert_eq!(news["data"]["customer_details"]["customer_id"], "c_1");
        assert_eq!(news["data"].get("error_details").is_some(), end != "SUCCESS");
        assert_eq!(shop.told(), []);
    }
}

#[test]
fn a_late_success_is_told_after_the_failure() {
    let (mut shop, attempt) = Shop::with_hook(ApiVersion::V2025_01_01);
    shop.simulate(&attempt, "FAILED");
    assert_eq!(shop.news()["type"], "PAYMENT_FAILED_WEBHOOK");
    shop.simulate(&attempt, "SUCCESS");
    assert_eq!(shop.news()["type"], "PAYMENT_SUCCESS_WEBHOOK");
}

#[test]
fn refunds_are_told_when_they_end() {
    let (mut shop, attempt) = Shop::with_hook(ApiVersion::V2022_09_01);
    shop.simulate(&attempt, "SUCCESS");
    assert!(shop.news()["data"]["payment"]["cf_payment_id"].is_number());
    let refund = json!({"refund_amount": 2.5, "refund_id": "back-1"});
    assert_eq!(shop.call("POST", "/orders/order_1/refunds", Some(refund)).0, 200);
    let news = shop.news();
    assert_eq!(
        (&news["type"], &news["data"]["refund"]["refund_id"]),
        (&json!("REFUND_STATUS_WEBHOOK"), &json!("back-1"))
    );
    assert_eq!(news["data"]["refund"]["refund_status"], "SUCCESS");
    shop.gateway.set_refund("order_1", "back-1", RefundStatus::OnHold);
    assert_eq!(shop.told(), []);
    shop.gateway.set_refund("order_1", "back-1", RefundStatus::Cancelled);
    assert_eq!(shop.news()["data"]["refund"]["refund_status"], "CANCELLED");
}

#[test]
fn money_that_goes_back_of_itself_is_told_as_such() {
    let (mut shop, attempt) = Shop::with_hook(ApiVersion::V2025_01_01);
    let id = attempt.parse().expect("a number");
    assert!(shop.gateway.set_payment(id, PaymentStatus::Cancelled, shop.now));
    let news = shop.news();
    assert_eq!(news["type"], "AUTO_REFUND_STATUS_WEBHOOK");
    let refund = &news["data"]["auto_refund"];
    assert_eq!((&refund["cf_payment_id"], &refund["order_id"]), (&json!(attempt), &json!("order_1")));
}

// Meant to notice: with the merchant's id and type in the list; told as a refund of the merchant's.
#[test]
fn a_payment_that_the_gateway_sends_back_stays_a_success_and_has_a_refund_without_an_id() {
    let (mut shop, attempt) = Shop::with_hook(ApiVersion::V2025_01_01);
    shop.simulate(&attempt, "SUCCESS");
    shop.news();
    let id = attempt.parse().expect("a number");
    assert!(shop.gateway.send_back(id, shop.now) && !shop.gateway.send_back(id + 1, shop.now));
    let news = shop.news();
    let told = &news["data"]["auto_refund"];
    let (_, listed) = shop.call("GET", "/orders/order_1/refunds", None);
    assert_eq!((&listed[0]["refund_id"], &listed[0]["refund_type"]), (&json!(null), &told["refund_type"]));
    assert_eq!(listed[0]["cf_refund_id"], told["cf_refund_id"].to_string());
    assert_eq!(shop.call("GET", "/orders/order_1/payments", None).1[0]["payment_status"], "SUCCESS");
    // Nothing is left of it to send back.
    let refund = json!({"refund_amount": 1, "refund_id": "back-1"});
    assert_eq!(shop.call("POST", "/orders/order_1/refunds", Some(refund)).0, 400);
}

// Mutants: nobody waits; the waits counted from the first call; one call more.
#[test]
fn what_is_not_taken_comes_again_after_2_10_and_30_minutes() {
    let (mut shop, attempt) = Shop::with_hook(ApiVersion::V2025_01_01);
    shop.simulate(&attempt, "SUCCESS");
    let first = shop.told().remove(0);
    assert_eq!((first.attempt, header(&first, "x-webhook-attempt")), (1, Some("1")));
    for (attempt, minutes) in [(2, 2), (3, 10), (4, 30)] {
        shop.now += minutes * MINUTE - 1;
        assert_eq!(shop.told(), []);
        shop.now += 1;
        let again = shop.told().remove(0);
        assert_eq!((again.number, again.attempt, &again.body), (first.number, attempt, &first.body));
        for name in ["x-webhook-timestamp", "x-webhook-signature", "x-idempotency-key"] {
            assert_eq!(header(&again, name), header(&first, name));
        }
    }
    shop.now += 1000 * MINUTE;
    assert_eq!(shop.told(), []);
}

#[test]
fn what_is_taken_does_not_come_again() {
    let (mut shop, attempt) = Shop::with_hook(ApiVersion::V2025_01_01);
    shop.simulate(&attempt, "SUCCESS");
    let first = shop.told().remove(0);
    shop.now += 2 * MINUTE;
    assert_eq!(shop.told().len(), 1);
    shop.gateway.webhook_taken(first.number);
    shop.now += 100 * MINUTE;
    assert_eq!(shop.told(), []);
}

#[test]
fn nothing_is_told_before_the_switch_nor_after_it() {
    let mut shop = Shop::open();
    let session = shop.session("order_1");
    let attempt = shop.attempt(&session, &upi("link"));
    shop.simulate(&attempt, "SUCCESS");
    assert_eq!(shop.told(), []);
    shop.gateway.set_hook(Some(hook(ApiVersion::V2025_01_01)));
    assert_eq!(shop.told(), []);
    shop.gateway.stranger_pays("order_1", PaymentStatus::Success, shop.now);
    assert_eq!(shop.told().len(), 1);
    shop.gateway.set_hook(None);
    shop.now += 2 * MINUTE;
    assert_eq!(shop.told(), []);
}

#[test]
fn headers_are_of_the_family_and_the_version() {
    for (version, has_key) in [(ApiVersion::V2023_08_01, false), (ApiVersion::V2026_01_01, true)] {
        let mut shop = Shop::open();
        shop.gateway.set_hook(Some(Hook { version, family: HookFamily::Cashfree }));
        shop.session("order_1");
        shop.gateway.stranger_pays("order_1", PaymentStatus::Failed, shop.now);
        let told = shop.told().remove(0);
        assert_eq!(header(&told, "x-cashfree-version"), Some(version.as_str()));
        assert_eq!(header(&told, "x-cashfree-timestamp"), Some(shop.now.to_string().as_str()));
        assert_eq!(header(&told, "x-cashfree-signature").map(str::len), Some(44));
        assert_eq!(header(&told, "x-idempotency-key").is_some(), has_key);
        assert!(told.headers.iter().all(|(name, _)| !name.starts_with("x-webhook")));
        assert!(!format!("{told:?}").contains("order_1"));
    }
}
