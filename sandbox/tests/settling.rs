//! The gateway's side of the scenarios in which something never settles, cannot be read, or does not go back.

mod shop;

use sandbox::{SCENARIO_HEADER, Scenario};
use serde_json::{Value, json};
use shop::{Shop, card, order_body, read, upi, word};

/// A shop with an order that plays this scenario, and its session.
fn plays(name: &str) -> (Shop, String) {
    let scenario = Scenario::ALL.iter().find(|scenario| scenario.name == name).expect("a scenario");
    let mut shop = Shop::open();
    let mut body = order_body("order_1");
    body["order_tags"] = json!({"mark": "m"});
    let request = shop.merchant("POST", "/orders").with_header(SCENARIO_HEADER, scenario.id);
    let answer = shop.send(&request.with_json(body.to_string()));
    assert_eq!(answer.status, 200);
    let session = word(&read(&answer), "payment_session_id");
    (shop, session)
}

fn close(shop: &mut Shop) {
    shop.call("PATCH", "/orders/order_1", Some(json!({"order_status": "TERMINATED"})));
    shop.now += 3_600_000;
    assert_eq!(shop.order_status("order_1"), "TERMINATED");
}

// Meant to notice: the lapse of a scenario's attempts after 15 minutes, which stood here before.
#[test]
fn abandoned_attempts_stay_as_they_are() {
    for (name, method, status) in [
        ("an abandoned link stays NOT_ATTEMPTED", upi("link"), "NOT_ATTEMPTED"),
        ("PENDING for ever", card("4706131211212123", "link"), "PENDING"),
    ] {
        let (mut shop, session) = plays(name);
        shop.attempt(&session, &method);
        assert_eq!(shop.statuses("order_1"), [status]);
        close(&mut shop);
        assert_eq!(shop.statuses("order_1"), [status], "{name}");
        // Another order of the same gateway plays nothing of it.
        let session = shop.session("order_2");
        shop.attempt(&session, &method);
        assert_eq!(shop.statuses("order_2"), ["PENDING"]);
    }
}

#[test]
fn the_method_before_stays_beside_a_success() {
    let (mut shop, session) = plays("the method before stays NOT_ATTEMPTED");
    shop.attempt(&session, &upi("link"));
    shop.attempt(&session, &upi("link"));
    shop.now += 3_600_000;
    assert_eq!(shop.statuses("order_1"), ["NOT_ATTEMPTED", "SUCCESS"]);
    assert_eq!(shop.order_status("order_1"), "PAID");
}

#[test]
fn a_scenario_keeps_the_session() {
    let (mut shop, session) = plays("an order keeps its session");
    assert_eq!(word(&shop.call("GET", "/orders/order_1", None).1, "payment_session_id"), session);
}

#[test]
fn tags_are_left_out_of_what_is_read_later() {
    let (mut shop, _) = plays("answers without tags");
    assert_eq!(shop.call("GET", "/orders/order_1", None).1["order_tags"], Value::Null);
}

#[test]
fn lists_of_scenarios_cannot_be_read_whole() {
    for (name, elements, unreadable) in [
        ("an element that cannot be read", 2, 1),
        ("an element that cannot be read, and nobody pays", 2, 1),
        ("our element cannot be read", 1, 1),
        ("an endless list", 1001, 0),
        ("an endless list, and nobody pays", 1001, 0),
    ] {
        let (mut shop, session) = plays(name);
        let id = shop.attempt(&session, &upi("qrcode"));
        shop.now += 10_000;
        let (_, list) = shop.call("GET", "/orders/order_1/payments", None);
        let list = list.as_array().expect("a list");
        assert_eq!(list.len(), elements, "{name}");
        assert_eq!(list.iter().filter(|payment| payment["cf_payment_id"].is_null()).count(), unreadable, "{name}");
        let (status, payment) = shop.call("GET", &format!("/orders/order_1/payments/{id}"), None);
        assert_eq!((status, &payment["cf_payment_id"]), (200, &json!(id)), "by its number it can be read");
        let order = if name.ends_with("nobody pays") { "ACTIVE" } else { "PAID" };
        assert_eq!(shop.order_status("order_1"), order, "{name}");
    }
}

#[test]
fn refunds_do_not_go_through_or_are_answered_wrongly() {
    for (name, answered, read_later) in [
        ("refund: rejected", json!({"refund_status": "REJECTED"}), "REJECTED"),
        ("refund: failed", json!({"refund_status": "FAILED"}), "FAILED"),
        ("refund: approval pending for ever", json!({"refund_status": "PENDING_APPROVAL"}), "PENDING_APPROVAL"),
        ("refund: an answer with another amount", json!({"refund_amount": 1.0, "order_id": "order_1"}), "SUCCESS"),
        (
            "refund: an answer about another order",
            json!({"refund_amount": 10.15, "order_id": "somebody_elses_order"}),
            "SUCCESS",
        ),
    ] {
        let (mut shop, session) = plays(name);
        let id = shop.attempt(&session, &upi("qrcode"));
        shop.simulate(&id, "SUCCESS");
        let refund = json!({"refund_id": "r_1", "refund_amount": 10.15});
        let (status, made) = shop.call("POST", "/orders/order_1/refunds", Some(refund));
        assert_eq!(status, 200);
        for (member, value) in answered.as_object().expect("members") {
            assert_eq!(made[member], *value, "{name}");
        }
        shop.now += 86_400_000;
        let (_, later) = shop.call("GET", "/orders/order_1/refunds/r_1", None);
        assert_eq!((&later["refund_status"], &later["order_id"]), (&json!(read_later), &json!("order_1")), "{name}");
        assert_eq!(shop.gateway.acts_left("order_1"), Some(0), "{name}");
    }
}
