//! A merchant and a terminal in one, for the tests of the rules: no network, its own clock.
#![allow(dead_code, reason = "each test program uses a part of it")]

use sandbox::{Gateway, Request, Response, Rules};
use serde_json::{Value, json};

/// 2026-01-01T00:00:00Z
pub(crate) const START: u64 = 1_767_225_600_000;

/// A gateway with its clock and one merchant.
pub(crate) struct Shop {
    pub(crate) gateway: Gateway,
    pub(crate) now: u64,
    pub(crate) version: &'static str,
}

impl Shop {
    pub(crate) fn new(rules: Rules) -> Self {
        let gateway = Gateway::new(rules, "https://127.0.0.1:1/pg", "id", "secret", 7);
        Self { gateway, now: START, version: "2025-01-01" }
    }

    pub(crate) fn open() -> Self {
        Self::new(Rules::default())
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> Request {
        Request::new(method, &format!("/pg{path}")).with_header("x-api-version", self.version)
    }

    pub(crate) fn merchant(&self, method: &str, path: &str) -> Request {
        self.request(method, path).with_header("x-client-id", "id").with_header("X-Client-Secret", "secret")
    }

    pub(crate) fn send(&mut self, request: &Request) -> Response {
        self.gateway.handle(request, self.now)
    }

    /// A merchant's call; its status and body.
    pub(crate) fn call(&mut self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self.merchant(method, path);
        if let Some(body) = body {
            request = request.with_json(body.to_string());
        }
        let response = self.send(&request);
        (response.status, read(&response))
    }

    pub(crate) fn order(&mut self, id: &str) -> Value {
        let (status, order) = self.call("POST", "/orders", Some(order_body(id)));
        assert_eq!(status, 200, "{order}");
        order
    }

    /// A new order and its session.
    pub(crate) fn session(&mut self, id: &str) -> String {
        word(&self.order(id), "payment_session_id")
    }

    pub(crate) fn order_status(&mut self, id: &str) -> String {
        word(&self.call("GET", &format!("/orders/{id}"), None).1, "order_status")
    }

    /// Order Pay without credentials.
    pub(crate) fn pay(&mut self, session: &str, method: &Value) -> (u16, Value) {
        let request = self.pay_request(session, method);
        let response = self.send(&request);
        (response.status, read(&response))
    }

    pub(crate) fn pay_request(&self, session: &str, method: &Value) -> Request {
        let body = json!({"payment_session_id": session, "payment_method": method});
        self.request("POST", "/orders/sessions").with_json(body.to_string())
    }

    /// Order Pay that must succeed; the attempt's id.
    pub(crate) fn attempt(&mut self, session: &str, method: &Value) -> String {
        let (status, answer) = self.pay(session, method);
        assert_eq!(status, 200, "{answer}");
        match &answer["cf_payment_id"] {
            Value::String(id) => id.clone(),
            id => id.to_string(),
        }
    }

    pub(crate) fn otp(&mut self, id: &str, body: Value) -> (u16, Value) {
        let path = format!("/orders/pay/authenticate/{id}");
        let request = self.request("POST", &path).with_json(body.to_string());
        let response = self.send(&request);
        (response.status, read(&response))
    }

    pub(crate) fn simulate(&mut self, id: &str, status: &str) -> (u16, Value) {
        let body = json!({"entity": "PAYMENTS", "entity_id": id, "entity_simulation": {"payment_status": status}});
        self.call("POST", "/simulate", Some(body))
    }

    /// The statuses of an order's attempts, oldest first.
    pub(crate) fn statuses(&mut self, order: &str) -> Vec<String> {
        let (status, list) = self.call("GET", &format!("/orders/{order}/payments"), None);
        assert_eq!(status, 200, "{list}");
        list.as_array().expect("a list").iter().map(|payment| word(payment, "payment_status")).collect()
    }
}

pub(crate) fn read(response: &Response) -> Value {
    serde_json::from_slice(&response.body).expect("JSON")
}

pub(crate) fn word(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}")).to_owned()
}

pub(crate) fn order_body(id: &str) -> Value {
    let mut body: Value = serde_json::from_str(
        r#"{"order_amount": 10.15, "order_currency": "INR", "customer_details": {"customer_id": "c_1", "customer_phone": "9999999999"}}"#,
    )
    .expect("JSON");
    body["order_id"] = id.into();
    body
}

pub(crate) fn upi(channel: &str) -> Value {
    json!({"upi": {"channel": channel}})
}

pub(crate) fn card(number: &str, channel: &str) -> Value {
    json!({"card": {"channel": channel, "card_number": number, "card_holder_name": "Test",
        "card_expiry_mm": "03", "card_expiry_yy": "28", "card_cvv": "123"}})
}
