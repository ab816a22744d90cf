//! What was met in the field: abandoned codes, refusals with a reason, an order that is behind its payment.

use core::time::Duration;
use std::io::Write;

use sandbox::{Fault, Listing, Request, Rules, Unfinished};

use super::gateways::Gateway;
use super::program::{CARD, Run, ended};

/// The merchant closes an order.
fn close(gateway: &Gateway, order: &str) {
    let server = gateway.server();
    let mut request = Request::new("PATCH", &format!("/pg/orders/{order}"))
        .with_header("x-client-id", server.client_id())
        .with_header("x-client-secret", server.client_secret())
        .with_header("x-api-version", "2025-01-01")
        .with_header("content-type", "application/json");
    request.body = br#"{"order_status":"TERMINATED"}"#.to_vec();
    assert_eq!(server.gateway().handle(&request, server.now()).status, 200);
}

/// Fifty shoppers leave their code, and their orders are closed; then somebody buys.
/// Fifty shoppers leave their code, and their orders are closed.
fn fifty_leave() -> Gateway {
    let gateway = Gateway::here(Rules { unfinished: Unfinished::NotAttempted, ..Rules::default() });
    for n in 0..50 {
        let order = format!("left-{n}");
        pay(&gateway, &order, &["--timeout", "0", "--max-unsettled", "1000"]).expect(4);
        close(&gateway, &order);
    }
    let run = pay(&gateway, "too-many", &[]).expect(1);
    assert!(run.err.contains("too many sales are unsettled"), "{run:?}");
    gateway
}

fn pay(gateway: &Gateway, order: &str, more: &[&str]) -> Run {
    let session = gateway.order(order);
    let args = ["order", "pay", "--session", &session, "--order-id", order, "--method", "upi-link", "--json"];
    gateway.pay(&[&args[..], more].concat())
}

const RESUME: [&str; 5] = ["journal", "resume", "--timeout", "60", "--json"];

/// Somebody buys.
fn buy(gateway: &Gateway) {
    gateway.server().gateway().rules_mut().settle_after_ms = Some(100);
    // The gateway's clock may be ahead.
    let order = ["order", "create", "--order-id", "bought", "--expires-in", "300", "--json"];
    let session = gateway.pay(&order).expect(0).json()["payment_session_id"].as_str().unwrap().to_owned();
    let args = ["order", "pay", "--session", &session, "--order-id", "bought", "--method", "upi-link", "--json"];
    assert_eq!(gateway.pay(&args).expect(0).json()["outcome"], "paid");
}

// F1. Mutant: NOT_ATTEMPTED on a closed order counts as under way.
#[test]
fn fifty_abandoned_codes_leave_it_selling() {
    let gateway = fifty_leave();
    // They are not settled yet: that takes half an hour, by the gateway's clock. They stop nobody.
    gateway.pay(&RESUME).expect(4);
    buy(&gateway);
    gateway.server().skip(Duration::from_secs(31 * 60));
    let run = gateway.pay(&RESUME).expect(0).json();
    let settled = run["settled"].as_array().unwrap();
    assert!(run["left"].as_array().unwrap().is_empty() && settled.len() >= 50, "{run}");
    assert!(settled.iter().all(|sale| sale["outcome"] == "not_paid"), "{run}");
}

// F1, M10. Mutant: since when something may be moving, kept in memory alone: no run of this program is half an hour long.
#[test]
fn fifty_abandoned_codes_whose_lists_hide_something_wait_for_a_person_and_leave_it_selling() {
    let gateway = fifty_leave();
    gateway.server().gateway().rules_mut().listing = Listing::Unreadable;
    gateway.pay(&RESUME).expect(4);
    gateway.server().skip(Duration::from_secs(31 * 60));
    let run = gateway.pay(&RESUME).expect(7).json();
    let left = run["left"].as_array().unwrap();
    assert!(left.len() == 50 && left.iter().all(|sale| sale["needs_person"] == true), "{run}");
    gateway.server().gateway().rules_mut().listing = Listing::Readable;
    buy(&gateway);
}

// F4. Mutant: `said` not noted, or left out of the sentence.
#[test]
fn the_gateways_reason_is_said() {
    let gateway = Gateway::here(Rules::default());
    for (status, kind, code) in [
        (502, "api_error", "bank_processing_failure"),
        (422, "idempotency_error", "request_invalid"),
        (400, "invalid_request_error", "order_already_paid"),
    ] {
        let order = format!("order-{status}");
        let session = gateway.order(&order);
        let refuse = Fault::Refuse { status, kind, code, executed: false, stored: false };
        gateway.server().gateway().inject("POST /orders/sessions", 1, refuse);
        let args = ["order", "pay", "--session", &session, "--order-id", &order, "--method", "card", "--json"];
        let run = gateway.pay(&[&args[..], &["--settle-ms", "100", "--timeout", "20"]].concat()).expect(4);
        let value = run.json();
        assert_eq!((&value["gateway"]["status"], &value["gateway"]["code"]), (&status.into(), &code.into()), "{run:?}");
        assert!(run.err.contains(&format!("status {status}, {code}")), "{run:?}");
        assert!(!run.err.contains("never reached"), "{run:?}");
        let shown = gateway.pay(&["journal", "show", &order, "--json"]).expect(0).json();
        assert_eq!((&shown["gateway"]["status"], &shown["gateway"]["code"]), (&status.into(), &code.into()), "{shown}");
    }
}

// F5. Mutant: `wants_otp` that stays after an OTP was entered.
#[test]
fn an_otp_that_was_taken_is_not_asked_for_again() {
    let gateway = Gateway::here(Rules { settle_after_ms: Some(60_000), ..Rules::default() });
    let card = gateway.file("card.json", CARD);
    let session = gateway.order("order-1");
    let args =
        ["order", "pay", "--session", &session, "--order-id", "order-1", "--method", "card-otp", "--card", &card];
    let mut child = gateway.begin(&gateway.till, &[&args[..], &["--otp-stdin", "--json", "--timeout", "3"]].concat());
    while gateway.server().gateway().payments().is_empty() {
        std::thread::sleep(Duration::from_millis(10));
    }
    // The payment succeeds, and the order is behind.
    let behind = br#"{"order_id":"order-1","order_status":"ACTIVE","order_amount":10.15,"order_currency":"INR","payment_session_id":"session_x"}"#;
    gateway.server().gateway().inject("GET /orders/order-1", 999, Fault::Answer { status: 200, body: behind.to_vec() });
    child.stdin.take().unwrap().write_all(b"111000\n").unwrap();
    let run = ended(child).expect(4);
    assert!(run.err.contains("The payment succeeded") && !run.err.contains("waits for its OTP"), "{run:?}");
    assert_eq!(gateway.server().gateway().charges("order-1").count(), 1, "{run:?}");
}

// F8. Mutant: files taken for UTF-8 whatever their mark says.
#[test]
fn files_that_windows_wrote_are_read() {
    let gateway = Gateway::here(Rules::default());
    let keys = std::fs::read_to_string(&gateway.keys).unwrap().replace(',', ",\r\n") + "\r\n";
    let pem = gateway.server().ca_pem().replace('\n', "\r\n");
    let utf8 = |text: &str| format!("\u{feff}{text}").into_bytes();
    let utf16 = |text: &str| format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let (keys_file, ca_file) = (gateway.file("windows.json", ""), gateway.file("windows.pem", ""));
    for write in [&utf8 as &dyn Fn(&str) -> Vec<u8>, &utf16] {
        std::fs::write(&keys_file, write(&keys)).unwrap();
        std::fs::write(&ca_file, write(&pem)).unwrap();
        let to = ["--gateway", &gateway.url, "--ca", &ca_file, "--keys", &keys_file, "--till", &gateway.till];
        super::program::pay(&[&["order", "create"], &to[..]].concat()).expect(0);
    }
    // A path keeps its letters, and the sentence says what is wrong.
    let run = super::program::pay(&["status", "--order-id", "o-1", "--keys", "keys.json"]).expect(1);
    assert!(run.err.starts_with("The file keys.json cannot be read"), "{run:?}");
    std::fs::write(&keys_file, b"\xff\xfe{").unwrap();
    let run = super::program::pay(&["status", "--order-id", "o-1", "--keys", &keys_file]).expect(1);
    assert!(run.err.contains("neither UTF-8 nor UTF-16"), "{run:?}");
}

// F6. Mutant: `check` of a link left out.
#[test]
fn a_code_over_another_amount_is_not_shown() {
    let gateway = Gateway::here(Rules::default());
    for (order, asks) in [("order-1", "am=99.00&cu=INR"), ("order-2", "am=10.15&cu=USD"), ("order-3", "cu=INR")] {
        let session = gateway.order(order);
        let link = format!("upi://pay?pa=shop@bank&{asks}");
        let body = format!(
            r#"{{"payment_amount":10.15,"cf_payment_id":"77","payment_method":"upi","channel":"link","action":"custom","data":{{"url":null,"payload":{{"default":"{link}"}}}}}}"#
        );
        let answer = Fault::Answer { status: 200, body: body.into_bytes() };
        gateway.server().gateway().inject("POST /orders/sessions", 1, answer);
        let args = ["order", "pay", "--session", &session, "--order-id", order, "--method", "upi-link"];
        let run = gateway.pay(&[&args[..], &["--timeout", "2"]].concat());
        assert!(run.code != 0 && run.out.contains("it is not shown") && !run.out.contains("upi://"), "{run:?}");
    }
}
