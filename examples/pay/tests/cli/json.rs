//! `--json` gives one object in every end, and every end has its exit code.

use core::time::Duration;
use std::process::Command;
use std::thread;
use std::time::Instant;

use sandbox::{Fault, Rules};
use serde_json::Value;

use super::gateways::Gateway;
use super::limit;
use super::program::{Run, command, ended, pay, pay_with};

/// `order pay` of a new order.
fn sell(gateway: &Gateway, order: &str, more: &[&str]) -> Run {
    let session = gateway.order(order);
    let args = ["order", "pay", "--session", &session, "--order-id", order, "--method", "upi-link", "--json"];
    gateway.pay(&[&args[..], more].concat())
}

/// The object, which has this outcome.
fn object(run: Run, code: i32, outcome: &str) -> Value {
    let value = run.expect(code).json();
    assert_eq!(value["outcome"], outcome, "{value}");
    value
}

// Meant to notice: any code of `Ending::told` changed.
#[test]
fn every_exit_code_has_a_way_to_it() {
    let gateway = Gateway::here(Rules { settle_after_ms: Some(100), ..Rules::default() });
    object(sell(&gateway, "order-0", &[]), 0, "paid");
    object(pay(&["status", "--order-id", "a b", "--json"]), 1, "error");
    let card = gateway.file("card.json", &super::program::CARD.replace("4111111111111111", "4242424242424242"));
    let session = gateway.order("order-2");
    let refused = ["order", "pay", "--session", &session, "--order-id", "order-2", "--method", "card", "--json"];
    object(gateway.pay(&[&refused[..], &["--card", &card]].concat()), 2, "not_paid");
    object(gateway.pay(&["status", "--order-id", "nothing", "--json"]), 3, "unknown");
    object(sell(&gateway, "order-5", &["--release", "fail"]), 5, "refunded");
    object(sell(&gateway, "order-7", &["--release", "unknown"]), 7, "goods_unknown");
    let again = ["order", "pay", "--session", "s", "--order-id", "order-0", "--method", "upi-link", "--json"];
    object(ended(gateway.begin(&format!("{}-b", gateway.till), &again)), 6, "paid_elsewhere");
    object(pay(&["order", "pay", "--json", "--nonsense"]), 64, "usage");
    gateway.server().gateway().rules_mut().settle_after_ms = None;
    object(sell(&gateway, "order-4", &["--timeout", "1"]), 4, "pending");
}

// A4. Mutant: `finish` that only prints the sentence.
#[test]
fn an_error_before_anything_was_asked_is_an_object_too() {
    let gateway = Gateway::here(Rules::default());
    let bad = format!("{}-bad", gateway.till);
    std::fs::create_dir_all(&bad).unwrap();
    std::fs::write(std::path::Path::new(&bad).join("journal.redb"), "this is no journal").unwrap();
    let nowhere = gateway.file("no-keys.json", "[]");
    for (args, code, word) in [
        (&["order"][..], 64, "usage"),
        (&["demo", "--amount", "1e3"], 64, "usage"),
        (&["status", "--order-id", "o-1"], 1, "error"),
        (&["status", "--order-id", "o-1", "--keys", "/nowhere/keys.json"], 1, "error"),
        (&["status", "--order-id", "o-1", "--keys", &nowhere], 1, "error"),
        (&["order", "create", "--keys", &gateway.keys, "--ca", "/nowhere/ca.pem"], 1, "error"),
        (&["journal", "list", "--till", &bad], 1, "error"),
        (&["journal", "resume", "--till", &bad], 1, "error"),
        (&["journal", "show", "o-1", "--till", &gateway.till], 1, "error"),
        (&["inspect", "order"], 1, "error"),
    ] {
        let run = pay(&[args, &["--json"]].concat());
        let err = run.err.clone();
        let value = object(run, code, word);
        assert_eq!((&value["exit_code"], value["error"].as_str()), (&code.into(), Some(err.trim_end())), "{args:?}");
    }
    // Single calls that came to nothing.
    let env = [("CASHFREE_CLIENT_ID", "someone"), ("CASHFREE_CLIENT_SECRET", "hunter2hunter2")];
    let to = ["--gateway", &gateway.url, "--ca", &gateway.ca, "--json"];
    let run = |args: &[&str]| pay_with(&[args, &to].concat(), "", &env);
    object(run(&["status", "--order-id", "o-1"]), 3, "unknown");
    object(run(&["refund", "--order-id", "o-1", "--amount", "1"]), 2, "failed");
    object(run(&["refund", "--order-id", "o-1"]), 2, "failed");
    object(run(&["simulate", "--cf-payment-id", "1", "--status", "SUCCESS"]), 2, "failed");
}

// Meant to notice: `eprintln`, which panics where nobody reads: exit code 101.
#[test]
fn nobody_has_to_read_standard_error() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let child = command(&["status", "--order-id", "a b", "--json"], &[]).stderr(writer).spawn().unwrap();
    object(ended(child), 1, "error");
}

// A4: a service that is stopped gets SIGTERM. Mutants: no handler before the till's; the object left out of `stop`.
#[test]
#[cfg(unix)]
fn stopped_it_gives_its_object() {
    let gateway = Gateway::here(Rules::default());
    let to = ["--gateway", &gateway.url, "--ca", &gateway.ca, "--keys", &gateway.keys, "--json"];
    let session = ["order", "pay", "--session", "-", "--order-id", "o-1", "--method", "upi-link"];
    for signal in ["-INT", "-TERM"] {
        // Nothing was sent: it waits for a session, a body, an OTP.
        for args in [&session[..], &["otp", "--cf-payment-id", "1"]] {
            let run = stopped(&[args, &to].concat(), signal, || true);
            assert_eq!(object(run, 1, "error")["exit_code"], 1);
        }
        object(stopped(&["inspect", "order", "--json"], signal, || true), 1, "error");
    }
    // A refund that is on its way.
    gateway.server().gateway().rules_mut().settle_after_ms = Some(0);
    object(sell(&gateway, "order-1", &[]), 0, "paid");
    for (path, executed) in [("POST /orders/order-1/refunds", true), ("GET /orders/order-1/refunds/*", false)] {
        let fault = Fault::Refuse { status: 500, kind: "api_error", code: "internal_error", executed, stored: false };
        gateway.server().gateway().inject(path, 9, fault);
    }
    let asked = || !gateway.server().gateway().refunds().is_empty();
    object(stopped(&[&["refund", "--order-id", "order-1"][..], &to].concat(), "-TERM", asked), 3, "unknown");
}

/// It has come so far that it hears the signal. Where Linux's /proc is not, the pause before has to do.
#[cfg(unix)]
fn catches(process: u32, signal: &str) -> bool {
    let number = if signal == "-INT" { 2 } else { 15 };
    let Ok(status) = std::fs::read_to_string(format!("/proc/{process}/status")) else { return true };
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    caught.is_none_or(|set| u64::from_str_radix(set.trim(), 16).is_ok_and(|set| set >> (number - 1) & 1 == 1))
}

/// Begun, stopped once it is where it should be, and ended.
#[cfg(unix)]
fn stopped(args: &[&str], signal: &str, is_there: impl Fn() -> bool) -> Run {
    let mut child = command(args, &[]).spawn().unwrap();
    // Open until the end: nothing but the signal ends it.
    let _stdin = child.stdin.take();
    let start = Instant::now();
    thread::sleep(Duration::from_millis(300));
    while !(catches(child.id(), signal) && is_there()) && start.elapsed() < limit::LIMIT {
        thread::sleep(Duration::from_millis(10));
    }
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    ended(child)
}
