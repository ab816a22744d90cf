//! What the gateway takes and refuses: versions, members, cards, limits.

mod shop;

use sandbox::{CARDS, Gateway, Limits, Rules};
use serde_json::{Value, json};
use shop::{START, Shop, card, order_body, read, upi, word};

const VISA: &str = "4111111111111111";

#[test]
fn ids_follow_the_version() {
    let mut shop = Shop::open();
    for (version, number) in [("2022-09-01", true), ("2023-08-01", false), ("2025-01-01", false), ("2026-01-01", false)]
    {
        shop.version = version;
        let id = format!("order_{version}");
        let order = shop.order(&id);
        let session = word(&order, "payment_session_id");
        let (_, answer) = shop.pay(&session, &upi("link"));
        let (_, list) = shop.call("GET", &format!("/orders/{id}/payments"), None);
        for id in [&order["cf_order_id"], &answer["cf_payment_id"], &list[0]["cf_payment_id"]] {
            assert_eq!((id.is_number(), id.is_string()), (number, !number), "{version}");
        }
        let (_, refusal) = shop.call("GET", "/orders/nothing", None);
        assert_eq!(refusal["help"].is_string(), version >= "2025-01-01", "{refusal}");
    }
}

#[test]
fn what_a_version_lacks_is_refused() {
    let saved = |name: &str, value: &str| {
        let mut method = card(VISA, "link");
        method["card"][name] = value.into();
        method
    };
    let cases = [
        (upi("podQrCode"), "2025-01-01", "2026-01-01"),
        (json!({"banktransfer": {"channel": "link"}}), "2022-09-01", "2023-08-01"),
        (saved("city", "Pune"), "2023-08-01", "2025-01-01"),
        (saved("par", "V0010013823048595023916090696"), "2025-01-01", "2026-01-01"),
        (saved("card_alias", "mine"), "2026-01-01", "2025-01-01"),
        (
            json!({"cardless_emi": {"channel": "link", "provider": "snapmint", "phone": "8714268343"}}),
            "2022-09-01",
            "2023-08-01",
        ),
    ];
    for (at, (method, lacks, has)) in cases.iter().enumerate() {
        let mut shop = Shop::open();
        let session = shop.session(&format!("order_{at}"));
        shop.version = lacks;
        assert_eq!(shop.pay(&session, method).0, 400, "{method} in {lacks}");
        shop.version = has;
        assert_eq!(shop.pay(&session, method).0, 200, "{method} in {has}");
    }
    let mut shop = Shop::open();
    shop.order("order_1");
    shop.version = "2022-09-01";
    assert_eq!(shop.call("PATCH", "/orders/order_1", Some(json!({"order_status": "TERMINATED"}))).0, 400);
    assert_eq!(shop.simulate("1", "SUCCESS").0, 400);
    shop.version = "2021-05-21";
    assert_eq!(shop.call("GET", "/orders/order_1", None).0, 400);
}

// Mutant: `accept` that takes any number of 16 digits.
#[test]
fn only_test_cards_are_taken_and_no_number_is_repeated() {
    let mut shop = Shop::open();
    let session = shop.session("order_1");
    for number in ["4242424242424242", "5555555555554444", "411111111111111"] {
        let (status, refusal) = shop.pay(&session, &card(number, "link"));
        assert_eq!((status, &refusal["code"]), (400, &json!("card_number_invalid")));
        assert!(word(&refusal, "message").contains("test cards"), "{refusal}");
        assert!(!refusal.to_string().contains(number), "{refusal}");
    }
    for test_card in CARDS {
        let (status, answer) = shop.pay(&session, &card(test_card.number, "link"));
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["action"] == "form", test_card.by_form(), "{answer}");
        assert!(luhn(test_card.number), "{}", test_card.number);
    }
    let (_, list) = shop.call("GET", "/orders/order_1/payments", None);
    assert_eq!(list.as_array().map(Vec::len), Some(CARDS.len()));
    for test_card in CARDS {
        assert!(!list.to_string().contains(test_card.number));
    }
}

#[test]
fn an_order_can_name_its_methods() {
    let mut shop = Shop::open();
    let mut body = order_body("order_1");
    body["order_meta"] = json!({"payment_methods": "dc,upi"});
    let (_, order) = shop.call("POST", "/orders", Some(body));
    let session = word(&order, "payment_session_id");
    for (method, status) in [
        (upi("link"), 200),
        (card("4706131211212123", "link"), 200),
        (card("4576238912771450", "link"), 400),
        (json!({"netbanking": {"channel": "link", "netbanking_bank_code": 3333}}), 400),
    ] {
        assert_eq!(shop.pay(&session, &method).0, status, "{method}");
    }
}

#[test]
fn methods_are_checked() {
    let mut shop = Shop::open();
    let session = shop.session("order_1");
    let mut no_cvv = card(VISA, "link");
    no_cvv["card"]["card_cvv"] = "".into();
    let mut month = card(VISA, "link");
    month["card"]["card_expiry_mm"] = "13".into();
    for (method, code) in [
        (json!({}), "payment_method_invalid"),
        (json!({"upi": {"channel": "link"}, "app": {}}), "payment_method_invalid"),
        (json!({"cash": {}}), "payment_method_unsupported"),
        (json!({"upi": {}}), "channel_missing"),
        (upi("post"), "channel_invalid"),
        (json!({"upi": {"channel": "collect"}}), "upi_id_missing"),
        (json!({"upi": {"channel": "collect", "upi_id": "a@b@c"}}), "upi_id_invalid"),
        (json!({"upi": {"channel": "qrcode", "upi_expiry_minutes": 6}}), "upi_expiry_minutes_invalid"),
        (json!({"upi": {"channel": "link", "colour": "red"}}), "colour_invalid"),
        (no_cvv, "card_cvv_missing"),
        (month, "card_expiry_mm_invalid"),
        (json!({"netbanking": {"channel": "link"}}), "netbanking_bank_code_missing"),
        (json!({"netbanking": {"channel": "link", "netbanking_bank_code": 3200}}), "netbanking_bank_code_invalid"),
        (json!({"netbanking": {"channel": "link", "netbanking_bank_code": "3333"}}), "netbanking_bank_code_invalid"),
        (json!({"app": {"channel": "link", "provider": "gpay", "phone": "12345"}}), "phone_invalid"),
        (json!({"cardless_emi": {"channel": "link", "provider": "hdfc", "phone": "8714268343"}}), "emi_tenure_missing"),
        (json!({"paylater": {"channel": "link", "provider": "nobody", "phone": "8714268343"}}), "provider_invalid"),
    ] {
        let (status, refusal) = shop.pay(&session, &method);
        assert_eq!((status, &refusal["code"]), (400, &json!(code)), "{method}");
    }
    let (_, refusal) = shop.pay("session_of_someone_else", &upi("link"));
    assert_eq!((&refusal["code"], &refusal["type"]), (&json!("payment_session_id_invalid"), &json!("request_failed")));
    assert_eq!(shop.gateway.payments().len(), 0);
}

#[test]
fn orders_are_checked() {
    let mut shop = Shop::open();
    shop.order("order_1");
    assert_eq!(shop.call("POST", "/orders", Some(order_body("order_1"))).0, 409);
    for (pointer, value, code) in [
        ("order_id", json!("no"), "order_id_invalid"),
        ("order_amount", json!("10"), "order_amount_invalid"),
        ("order_amount", raw("10.155"), "order_amount_invalid"),
        ("order_amount", raw("0.99"), "order_amount_invalid"),
        ("order_amount", raw("1e2"), "order_amount_invalid"),
        ("order_currency", json!("INaR"), "order_currency_invalid"),
        ("customer_details", Value::Null, "customer_details_missing"),
        ("customer_details", json!({"customer_id": "c_1"}), "customer_details.customer_phone_missing"),
        ("order_tags", json!({"a": 1}), "order_tags_invalid"),
    ] {
        let mut body = order_body("order_2");
        body[pointer] = value;
        let (status, refusal) = shop.call("POST", "/orders", Some(body));
        assert_eq!((status, &refusal["code"]), (400, &json!(code)), "{refusal}");
    }
    for path in ["/orders/order_1/payments/x", "/orders/order_1/payments/99999999999999999999", "/nothing"] {
        assert_eq!(shop.call("GET", path, None).0, 400, "{path}");
    }
    assert_eq!(shop.call("GET", "/orders/order_1/payments/5", None).0, 404);
    let request = shop.request("GET", "/orders/order_1");
    assert_eq!(shop.send(&request).status, 401);
}

#[test]
fn limits_are_told_and_kept() {
    let mut shop = Shop::new(Rules { limits: Limits::SANDBOX, ..Rules::default() });
    let session = shop.session("order_1");
    let request = shop.pay_request(&session, &upi("link"));
    for left in (0..30).rev() {
        let response = shop.send(&request);
        assert_eq!(response.header("x-ratelimit-remaining"), Some(left.to_string().as_str()));
        assert_eq!(response.header("x-ratelimit-type"), Some("ip"));
    }
    shop.now += 20_000;
    let response = shop.send(&request);
    assert_eq!((response.status, response.header("x-ratelimit-retry")), (429, Some("40")));
    assert_eq!(read(&response)["type"], "rate_limit_error");
    shop.now += 40_000;
    assert_eq!(shop.send(&request).status, 200);
}

/// Any bytes on any path: an answer, never a panic.
#[test]
fn nonsense_is_answered() {
    let mut gateway = Gateway::new(Rules::default(), "https://127.0.0.1:1/pg", "id", "secret", 1);
    let mut shop = Shop::open();
    let session = shop.session("order_1");
    let good = shop.pay_request(&session, &card(VISA, "link")).body;
    let mut bodies: Vec<Vec<u8>> = (0..good.len()).map(|end| good[..end].to_vec()).collect();
    bodies.extend((0..good.len()).map(|at| {
        let mut body = good.clone();
        body[at] ^= 0x15;
        body
    }));
    bodies.push(vec![b'['; 10_000]);
    bodies.push(b"\xff\xfe{}".to_vec());
    for body in bodies {
        for path in
            ["/orders", "/orders/sessions", "/orders/pay/authenticate/1", "/orders/x/refunds", "/simulate", "//", ""]
        {
            let request = shop.merchant("POST", path).with_json(body.clone());
            let status = gateway.handle(&request, START).status;
            assert!((400..500).contains(&status) || status == 200, "{status}");
        }
    }
}

fn luhn(number: &str) -> bool {
    let digits = number.bytes().rev().map(|b| u32::from(b - b'0'));
    let sum: u32 = digits.enumerate().map(|(at, d)| if at % 2 == 1 { (2 * d) / 10 + (2 * d) % 10 } else { d }).sum();
    sum.is_multiple_of(10)
}

fn raw(number: &str) -> Value {
    serde_json::from_str(number).expect("a number")
}
