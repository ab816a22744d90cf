//! Payments of somebody else on an order: another terminal's, or one on the merchant's site.

mod shop;

use sandbox::{Paise, PaymentStatus, SCENARIO_HEADER, Scenario};
use serde_json::{Value, json};
use shop::{Shop, order_body, read, upi, word};

impl Shop {
    fn stranger(&mut self, status: PaymentStatus) -> u64 {
        self.gateway.stranger_pays("order_1", status, self.now).expect("an order")
    }

    fn list(&mut self) -> Vec<Value> {
        let (status, list) = self.call("GET", "/orders/order_1/payments", None);
        assert_eq!(status, 200);
        list.as_array().expect("a list").clone()
    }

    /// An order that plays this scenario, and its session.
    fn plays(&mut self, id: &str) -> String {
        let request = self.merchant("POST", "/orders").with_header(SCENARIO_HEADER, id);
        let answer = self.send(&request.with_json(order_body("order_1").to_string()));
        assert_eq!(answer.status, 200);
        word(&read(&answer), "payment_session_id")
    }
}

// Meant to notice: a stranger's success that leaves the order ACTIVE.
#[test]
fn somebody_else_pays_the_order() {
    let mut shop = Shop::open();
    let session = shop.session("order_1");
    let pending = shop.stranger(PaymentStatus::Pending);
    assert_eq!(shop.order_status("order_1"), "ACTIVE");
    let paid = shop.stranger(PaymentStatus::Success);
    assert!(paid > pending);
    assert_eq!(shop.order_status("order_1"), "PAID");
    assert_eq!(shop.pay(&session, &upi("link")).1["code"], "order_already_paid");
    let (status, payment) = shop.call("GET", &format!("/orders/order_1/payments/{paid}"), None);
    assert_eq!(status, 200);
    assert_eq!(
        (&payment["payment_status"], &payment["is_captured"], &payment["order_id"]),
        (&json!("SUCCESS"), &json!(true), &json!("order_1"))
    );
    assert_eq!(
        shop.gateway.charges("order_1").map(|payment| (payment.amount, payment.stranger)).last(),
        Some((Paise(1015), true))
    );
    assert_eq!(shop.gateway.stranger_pays("order_2", PaymentStatus::Success, 0), None);
}

// Meant to notice: `payment_completion_time` that is null, or that of the beginning.
#[test]
fn two_successes_are_told_apart_by_when_they_completed() {
    let mut shop = Shop::open();
    let session = shop.session("order_1");
    let ours = shop.attempt(&session, &upi("link"));
    let stranger = shop.stranger(PaymentStatus::Pending);
    shop.now += 5_000;
    let now = shop.now;
    assert!(shop.gateway.set_payment(stranger, PaymentStatus::Success, now));
    shop.now += 60_000;
    assert_eq!(shop.simulate(&ours, "SUCCESS").0, 200);
    shop.stranger(PaymentStatus::Success);
    let times: Vec<_> = shop.list().iter().map(|payment| word(payment, "payment_completion_time")).collect();
    // Ours, then two strangers; the second of them in the same second as ours.
    assert_eq!(times, ["2026-01-01T05:31:05+05:30", "2026-01-01T05:30:05+05:30", "2026-01-01T05:31:05+05:30"]);
    assert_eq!(shop.gateway.charges("order_1").count(), 3);
}

// Meant to notice: a payment that becomes CANCELLED, or an order that becomes PAID.
#[test]
fn a_success_on_a_closed_order_can_stay() {
    let mut shop = Shop::open();
    shop.session("order_1");
    let pending = shop.stranger(PaymentStatus::Pending);
    shop.call("PATCH", "/orders/order_1", Some(json!({"order_status": "TERMINATED"})));
    shop.now += 60_000;
    assert_eq!(shop.statuses("order_1"), ["PENDING"], "theirs waits on");
    let now = shop.now;
    assert!(shop.gateway.set_payment(pending, PaymentStatus::Success, now));
    assert_eq!((shop.order_status("order_1").as_str(), shop.gateway.charges("order_1").count()), ("TERMINATED", 1));
}

/// A payment's status, how often it is in the list.
fn census(shop: &mut Shop) -> Vec<(String, bool)> {
    shop.list();
    shop.gateway.payments().iter().map(|payment| (payment.status.as_str().to_owned(), payment.stranger)).collect()
}

/// Strangers with this status, then whether ours was there too.
fn seen(strangers: &[&str], ours: &[&str]) -> Vec<(String, bool)> {
    let all = |list: &[&str], stranger| list.iter().map(|status| ((*status).to_owned(), stranger)).collect::<Vec<_>>();
    [all(strangers, true), all(ours, false)].concat()
}

fn find(name: &str) -> &'static str {
    Scenario::ALL.iter().find(|scenario| scenario.name == name).expect("a scenario").id
}

#[test]
fn before_the_first_attempt() {
    let cases = [
        ("paid by another terminal before", "SUCCESS", "PAID", "SUCCESS"),
        ("another terminal's payment is pending, and succeeds", "PENDING", "PAID", "SUCCESS"),
        ("another terminal's payment is pending, and fails", "PENDING", "ACTIVE", "FAILED"),
        ("an abandoned code of others", "NOT_ATTEMPTED", "ACTIVE", "NOT_ATTEMPTED"),
    ];
    for (name, at_first, order, later) in cases {
        let mut shop = Shop::open();
        shop.plays(find(name));
        assert_eq!(census(&mut shop), seen(&[at_first], &[]), "{name}");
        shop.now += 19_999;
        assert_eq!(census(&mut shop), seen(&[at_first], &[]), "{name}");
        shop.now += 1;
        assert_eq!(census(&mut shop), seen(&[later], &[]), "{name}");
        assert_eq!(
            (shop.order_status("order_1").as_str(), shop.gateway.acts_left("order_1")),
            (order, Some(0)),
            "{name}"
        );
    }
    let mut shop = Shop::open();
    shop.plays(find("twenty failed attempts of others"));
    assert_eq!(census(&mut shop), seen(&["FAILED"; 20], &[]));
}

// Meant to notice: a stranger that takes the shopper's steps, which then pays.
#[test]
fn beside_an_attempt_of_ours() {
    // After our answer: what has been paid after 5, 10 and 15 seconds, and by whom.
    let cases: [(&str, [&[bool]; 3]); 4] = [
        ("another terminal is paid instead", [&[true], &[true], &[true]]),
        ("another terminal is paid in the same second", [&[false, true], &[false, true], &[false, true]]),
        ("another terminal is paid later", [&[false], &[false], &[false, true]]),
        ("another terminal is paid first, then this one", [&[true], &[true], &[false, true]]),
    ];
    for (name, paid) in cases {
        let mut shop = Shop::open();
        let session = shop.plays(find(name));
        shop.attempt(&session, &upi("qrcode"));
        for paid in paid {
            shop.now += 5_000;
            shop.list();
            let by: Vec<bool> = shop.gateway.charges("order_1").map(|payment| payment.stranger).collect();
            assert_eq!(by, paid, "{name}");
        }
        assert_eq!(shop.gateway.payments().len(), 2, "{name}");
    }
}

#[test]
fn the_order_is_taken_from_under_an_attempt() {
    let mut shop = Shop::open();
    let session = shop.plays(find("another terminal was faster"));
    assert_eq!(shop.pay(&session, &upi("link")).1["code"], "order_already_paid");
    assert_eq!(census(&mut shop), seen(&["SUCCESS"], &[]));

    let mut shop = Shop::open();
    let session = shop.plays(find("another terminal is paid while this one closes"));
    shop.attempt(&session, &upi("qrcode"));
    let terminate = Some(json!({"order_status": "TERMINATED"}));
    assert_eq!(shop.call("PATCH", "/orders/order_1", terminate).1["order_status"], "TERMINATION_REQUESTED");
    shop.now += 500;
    assert_eq!(shop.order_status("order_1"), "PAID");
    assert_eq!(shop.gateway.charges("order_1").map(|payment| payment.stranger).collect::<Vec<_>>(), [true]);
}

// Meant to notice: 200, as if the order were new.
#[test]
fn an_order_of_others_is_there() {
    for (name, order, payment) in [
        ("the order exists, and is paid", "PAID", "SUCCESS"),
        ("the order exists, and is being paid", "ACTIVE", "PENDING"),
    ] {
        let mut shop = Shop::open();
        let request = shop.merchant("POST", "/orders").with_header(SCENARIO_HEADER, find(name));
        let answer = shop.send(&request.with_json(order_body("order_1").to_string()));
        assert_eq!((answer.status, &read(&answer)["code"]), (409, &json!("order_already_exists")));
        assert_eq!(shop.order_status("order_1"), order);
        assert_eq!(census(&mut shop), seen(&[payment], &[]));
    }
}
