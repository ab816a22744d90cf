//! What was seen both ways, as switches in the rules: tags, sessions, attempts that nobody completes, lists, refunds.

mod shop;

use sandbox::{Listing, PaymentStatus, RefundStatus, Rules, Sessions, Unfinished};
use serde_json::{Value, json};
use shop::{Shop, order_body, upi, word};

const DAY: u64 = 86_400_000;

fn with(change: impl FnOnce(&mut Rules)) -> Shop {
    let mut rules = Rules::default();
    change(&mut rules);
    Shop::new(rules)
}

fn tagged(tags: Value) -> Value {
    let mut body = order_body("order_1");
    body["order_tags"] = tags;
    body
}

/// So many tags, each of so many characters.
fn tags(count: usize, length: usize) -> Value {
    (0..count).map(|n| (format!("tag_{n}"), Value::from("ä".repeat(length)))).collect::<serde_json::Map<_, _>>().into()
}

// Meant to notice: an answer to PATCH that is built without them.
#[test]
fn tags_are_in_every_answer_about_an_order() {
    let mut shop = Shop::open();
    let tags = json!({"mark": "v1.0123456789abcdef", "till": "7"});
    let (status, made) = shop.call("POST", "/orders", Some(tagged(tags.clone())));
    assert_eq!((status, &made["order_tags"]), (200, &tags));
    assert_eq!(shop.call("GET", "/orders/order_1", None).1["order_tags"], tags);
    let terminate = Some(json!({"order_status": "TERMINATED"}));
    assert_eq!(shop.call("PATCH", "/orders/order_1", terminate).1["order_tags"], tags);
}

// Meant to notice: 15, which older descriptions have.
#[test]
fn ten_tags_of_255_characters_and_no_more() {
    for (tags, taken) in [
        (tags(10, 255), true),
        (tags(11, 1), false),
        (tags(1, 256), false),
        (tags(1, 0), false),
        (json!({"n": 1}), false),
    ] {
        let (status, answer) = Shop::open().call("POST", "/orders", Some(tagged(tags)));
        assert_eq!(status, if taken { 200 } else { 400 }, "{answer}");
        assert!(taken || answer["code"] == "order_tags_invalid", "{answer}");
    }
}

#[test]
fn answers_can_leave_the_tags_out() {
    let mut shop = with(|rules| rules.answer_tags = false);
    let (status, made) = shop.call("POST", "/orders", Some(tagged(json!({"mark": "m"}))));
    assert_eq!((status, &made["order_tags"]), (200, &Value::Null));
    assert_eq!(shop.call("GET", "/orders/order_1", None).1["order_tags"], Value::Null);
}

// Meant to notice: `Kept` that renews; `Renewed` that forgets the sessions before.
#[test]
fn sessions_are_renewed_at_each_reading_or_kept() {
    for (sessions, others) in [(Sessions::Renewed, 2), (Sessions::Kept, 0)] {
        let mut shop = with(|rules| rules.sessions = sessions);
        let first = shop.session("order_1");
        let later = [(); 2].map(|()| word(&shop.call("GET", "/orders/order_1", None).1, "payment_session_id"));
        assert_eq!(later.iter().filter(|session| **session != first).count(), others, "{sessions:?}");
        assert_eq!(later[0] == later[1], sessions == Sessions::Kept);
        for session in [&first, &later[0], &later[1]] {
            shop.attempt(session, &upi("link"));
        }
    }
}

/// How two attempts that nobody completes read before and long after their order has closed; the second was begun by
/// somebody if `begun`.
fn left_alone(unfinished: Unfinished, expires: bool, begun: bool) -> [Vec<String>; 2] {
    let mut shop = with(|rules| rules.unfinished = unfinished);
    let session = shop.session("order_1");
    shop.attempt(&session, &upi("link"));
    let id = shop.attempt(&session, &json!({"netbanking": {"channel": "link", "netbanking_bank_code": 3333}}));
    if begun {
        assert_eq!(shop.simulate(&id, "PENDING").0, 200);
    }
    let before = shop.statuses("order_1");
    if !expires {
        assert_eq!(shop.call("PATCH", "/orders/order_1", Some(json!({"order_status": "TERMINATED"}))).0, 200);
    }
    shop.now += 40 * DAY;
    assert_eq!(shop.order_status("order_1"), if expires { "EXPIRED" } else { "TERMINATED" });
    [before, shop.statuses("order_1")]
}

// Meant to notice: closing an order that drops everything in it, as it did always.
#[test]
fn what_nobody_completes_is_dropped_or_stays_for_ever() {
    for expires in [false, true] {
        let seen = |unfinished, begun| left_alone(unfinished, expires, begun);
        let both = |status: &str| vec![status.to_owned(), status.to_owned()];
        let dropped = both("USER_DROPPED");
        assert_eq!(
            seen(Unfinished::Dropped, false),
            [vec!["PENDING".to_owned(), "NOT_ATTEMPTED".to_owned()], dropped.clone()]
        );
        assert_eq!(seen(Unfinished::NotAttempted, false), [both("NOT_ATTEMPTED"), both("NOT_ATTEMPTED")]);
        assert_eq!(seen(Unfinished::NotAttempted, true)[1], ["NOT_ATTEMPTED", "USER_DROPPED"]);
        assert_eq!(seen(Unfinished::Pending, false), [both("PENDING"), both("PENDING")]);
    }
}

#[test]
fn a_success_after_all_is_given_back_on_a_closed_order() {
    let mut shop = with(|rules| rules.unfinished = Unfinished::Pending);
    let session = shop.session("order_1");
    let id = shop.attempt(&session, &upi("qrcode"));
    shop.call("PATCH", "/orders/order_1", Some(json!({"order_status": "TERMINATED"})));
    shop.now += DAY;
    assert_eq!(shop.statuses("order_1"), ["PENDING"]);
    assert_eq!(shop.simulate(&id, "SUCCESS").0, 200);
    assert_eq!(shop.statuses("order_1"), ["CANCELLED"]);
}

// Meant to notice: an element with a number, or a list of 64 kB.
#[test]
fn lists_that_cannot_be_read_whole() {
    let lengths = [Listing::Readable, Listing::Unreadable, Listing::Endless].map(|listing| {
        let mut shop = with(|rules| rules.listing = listing);
        let session = shop.session("order_1");
        let id = shop.attempt(&session, &upi("link"));
        let request = shop.merchant("GET", "/orders/order_1/payments");
        let answer = shop.send(&request);
        let list: Value = serde_json::from_slice(&answer.body).expect("JSON");
        let ours = list.as_array().expect("a list").iter().filter(|payment| payment["cf_payment_id"] == id.as_str());
        assert_eq!(ours.count(), 1);
        let unreadable = list.as_array().expect("a list").iter().filter(|payment| payment["cf_payment_id"].is_null());
        assert_eq!(unreadable.count(), usize::from(listing == Listing::Unreadable));
        assert_eq!(answer.body.len() > 900_000, listing == Listing::Endless);
        assert_eq!(shop.gateway.payments().len(), 1, "the books have none of it");
        list.as_array().expect("a list").len()
    });
    assert_eq!(lengths, [1, 2, 1001]);
}

#[test]
fn refunds_end_as_the_rules_say() {
    for (status, word_, left) in [
        (RefundStatus::Success, "SUCCESS", false),
        (RefundStatus::OnHold, "ONHOLD", false),
        (RefundStatus::PendingApproval, "PENDING_APPROVAL", false),
        (RefundStatus::Cancelled, "CANCELLED", true),
        (RefundStatus::Rejected, "REJECTED", true),
        (RefundStatus::Failed, "FAILED", true),
    ] {
        let mut shop = with(|rules| rules.refunds = status);
        let session = shop.session("order_1");
        let id = shop.attempt(&session, &upi("link"));
        shop.simulate(&id, "SUCCESS");
        let refund = |id: &str| Some(json!({"refund_id": id, "refund_amount": 10.15}));
        let (code, made) = shop.call("POST", "/orders/order_1/refunds", refund("r_1"));
        let first = if status == RefundStatus::Success { "PENDING" } else { word_ };
        assert_eq!((code, &made["refund_status"]), (200, &json!(first)));
        shop.now += DAY;
        assert_eq!(shop.call("GET", "/orders/order_1/refunds/r_1", None).1["refund_status"], word_);
        // What is not given back can be asked for again, what is on its way cannot.
        assert_eq!(shop.call("POST", "/orders/order_1/refunds", refund("r_2")).0 == 200, left, "{status:?}");
    }
}

#[test]
fn a_refund_that_waits_can_be_settled() {
    let mut shop = with(|rules| rules.refunds = RefundStatus::OnHold);
    let session = shop.session("order_1");
    let id = shop.attempt(&session, &upi("link"));
    shop.simulate(&id, "SUCCESS");
    shop.call("POST", "/orders/order_1/refunds", Some(json!({"refund_id": "r_1", "refund_amount": 10.15})));
    for status in [RefundStatus::Success, RefundStatus::Rejected] {
        assert!(shop.gateway.set_refund("order_1", "r_1", status));
        assert_eq!(shop.call("GET", "/orders/order_1/refunds/r_1", None).1["refund_status"], status.as_str());
    }
    assert!(!shop.gateway.set_refund("order_1", "r_2", RefundStatus::Success));
    assert!(!shop.gateway.set_refund("order_2", "r_1", RefundStatus::Success));
}

#[test]
fn any_payment_can_be_put_into_any_status() {
    let mut shop = Shop::open();
    let session = shop.session("order_1");
    let id: u64 = shop.attempt(&session, &upi("link")).parse().expect("a number");
    for status in [PaymentStatus::Failed, PaymentStatus::Pending, PaymentStatus::Success, PaymentStatus::NotAttempted] {
        let now = shop.now;
        assert!(shop.gateway.set_payment(id, status, now));
        assert_eq!(shop.statuses("order_1"), [status.as_str()]);
    }
    assert_eq!(shop.order_status("order_1"), "PAID", "which a success made it");
    assert!(!shop.gateway.set_payment(id + 1, PaymentStatus::Success, 0));
}
