//! Lost answers, and the end of patience.

use core::time::Duration;
use std::process::Command;
use std::thread;
use std::time::Instant;

use sandbox::{Fault, Rules};

use super::gateways::Gateway;
use super::limit::{self, Finished};
use super::program::command;

const PAGE: &[u8] = b"<html>Bad gateway</html>";

fn lose(gateway: &Gateway, path: &str, times: usize) {
    gateway.server().gateway().inject(path, times, Fault::Replace { status: 502, body: PAGE.to_vec() });
}

// Mutant: `Outcome::Unknown` told as failed gives 2 and invites a second charge.
#[test]
fn without_keys_a_lost_answer_is_unknown() {
    let gateway = Gateway::here(Rules { settle_after_ms: Some(0), ..Rules::default() });
    let session = gateway.order("order-1");
    lose(&gateway, "POST /orders/sessions", 5);
    let args = ["order", "pay", "--session", &session, "--order-id", "order-1", "--method", "card", "--json"];
    let run = gateway.pay_without_keys(&args).expect(3);
    assert_eq!(run.json()["outcome"], "unknown");
    // A card is never sent twice by itself.
    assert_eq!(gateway.server().gateway().payments().len(), 1);
}

// A payment without a number, on an order whose session came from elsewhere, may be anybody's: a person looks.
#[test]
fn with_keys_a_lost_answer_is_found_again_and_left_to_a_person() {
    let gateway = Gateway::here(Rules { settle_after_ms: Some(200), ..Rules::default() });
    let session = gateway.order("order-1");
    lose(&gateway, "POST /orders/sessions", 1);
    let args = ["order", "pay", "--session", &session, "--order-id", "order-1", "--method", "card", "--json"];
    let run = gateway.pay(&[&args[..], &["--settle-ms", "200"]].concat()).expect(7);
    assert_eq!((&run.json()["outcome"], &run.json()["gateway"]["status"]), (&"paid_unclear".into(), &502.into()));
    assert_eq!(gateway.server().gateway().payments().len(), 1);
}

#[test]
fn lost_orders_are_found_again() {
    let gateway = Gateway::here(Rules::default());
    lose(&gateway, "POST /orders", 1);
    gateway.order("order-1");
    lose(&gateway, "POST /orders", 9);
    lose(&gateway, "GET /orders/*", 99);
    let run = gateway
        .pay(&["order", "create", "--order-id", "order-2", "--amount", "10.15", "--timeout", "2", "--json"])
        .expect(3);
    assert!(run.err.contains("order-2") && run.json()["outcome"] == "unknown", "{run:?}");
    assert_eq!(gateway.server().gateway().orders().count(), 2);
}

#[test]
fn waiting_ends_pending_and_a_simulated_end_is_seen() {
    let gateway = Gateway::here(Rules::default());
    let session = gateway.order("order-1");
    let args = ["order", "pay", "--session", &session, "--order-id", "order-1", "--method", "upi-qrcode", "--json"];
    let pending = gateway.pay(&[&args[..], &["--timeout", "1"]].concat()).expect(4).json();
    assert_eq!(pending["outcome"], "pending");
    // The order is left open, for whoever asks later.
    gateway.pay(&["status", "--order-id", "order-1"]).expect(4);
    let number = pending["cf_payment_id"].as_str().unwrap();
    gateway.pay(&["simulate", "--cf-payment-id", number, "--status", "FAILED", "--error-code", "BANK_DOWN"]).expect(0);
    gateway.pay(&["simulate", "--cf-payment-id", number, "--status", "SUCCESS"]).expect(0);
    gateway.pay(&["status", "--order-id", "order-1"]).expect(0);
}

// Mutant: a loop that does not look at `INTERRUPTS` goes on until its time is up, and says nothing of a stop.
#[test]
#[cfg(unix)]
fn interrupted_it_says_where_the_payment_stands() {
    // A4: a service that is stopped gets SIGTERM.
    for signal in ["-INT", "-TERM"] {
        stopped_by(signal);
    }
}

#[cfg(unix)]
fn stopped_by(signal: &str) {
    let gateway = Gateway::here(Rules::default());
    let session = gateway.order("order-1");
    let args = [
        "order",
        "pay",
        "--session",
        &session,
        "--order-id",
        "order-1",
        "--method",
        "upi-link",
        "--json",
        "--gateway",
        &gateway.url,
        "--ca",
        &gateway.ca,
        "--keys",
        &gateway.keys,
        "--till",
        &gateway.till,
        "--timeout",
        "60",
    ];
    let child = command(&args, &[]).spawn().unwrap();
    let start = Instant::now();
    while gateway.server().gateway().payments().is_empty() && start.elapsed() < limit::LIMIT {
        thread::sleep(Duration::from_millis(20));
    }
    thread::sleep(Duration::from_millis(300));
    let killed = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let Finished { status, out, err } = limit::finish(child);
    assert_eq!(status.code(), Some(4), "{out}{err}");
    assert!(err.contains("The payment is pending"), "{err}");
    assert_eq!(serde_json::from_str::<serde_json::Value>(&out).unwrap()["outcome"], "pending");
}
