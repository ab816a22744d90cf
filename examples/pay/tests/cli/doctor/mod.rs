//! Every finding can be planted, and is found.

mod servers;

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use sandbox::{ApiVersion, Habits, Limits, OrderStatus, PodQr, Rules, SessionKeys, Sessions};
use serde_json::Value;

use super::gateways::Gateway;
use super::program::{ended, pay};

const AS_ASSUMED: &str = "as_assumed";
const OTHERWISE: &str = "otherwise";
const NOT_LEARNED: &str = "not_learned";

/// Every question that a sandbox without a backend can answer.
const ALL: [&str; 26] = [
    "dns",
    "reach",
    "clock",
    "tls.trust",
    "tls.versions",
    "tls.suites",
    "tls.groups",
    "tls.chain",
    "tls.kiosk",
    "versions",
    "keys",
    "flag.s2s",
    "flag.cards",
    "client.hints",
    "repeat.session",
    "repeat.keys",
    "repeat.changed",
    "repeat.concurrent",
    "repeat.failure",
    "order.session",
    "order.tags",
    "answer.framing",
    "answer.size",
    "answer.pod_qr",
    "limit.session",
    "limit.keys",
];

fn planted(change: impl FnOnce(&mut Rules, &mut Habits)) -> Gateway {
    let (mut rules, mut habits) = (Rules::default(), Habits::default());
    change(&mut rules, &mut habits);
    Gateway::here(Rules { habits, ..rules })
}

/// What was found about this: its state, and what came.
fn found<'a>(report: &'a Value, id: &str) -> (&'a str, &'a str) {
    let finding = report["findings"].as_array().unwrap().iter().find(|finding| finding["id"] == id);
    let finding = finding.unwrap_or_else(|| panic!("nothing about {id}"));
    (finding["state"].as_str().unwrap(), finding["came"].as_str().unwrap())
}

/// Each of these questions has this state, and this in what came.
fn expect(report: &Value, expected: &[(&str, &str, &str)]) {
    for (id, state, part) in expected {
        let (is, came) = found(report, id);
        assert_eq!(is, *state, "{id}: {came}");
        assert!(came.contains(part), "{id}: {came:?} has no {part:?}");
    }
}

fn visit(gateway: &Gateway) -> Value {
    let report = gateway.pay(&["doctor", "--json"]).expect(0).json();
    let server = gateway.server().gateway();
    let closed = |status| matches!(status, OrderStatus::Terminated | OrderStatus::TerminationRequested);
    assert!(server.orders().all(|order| closed(order.status)), "an order was left open");
    assert!(server.orders().all(|order| server.charges(&order.id).count() == 0), "something was paid");
    report
}

// Mutants: an order that is not closed; a repeat under a fresh key (repeat.keys).
#[test]
fn a_gateway_that_does_what_is_assumed() {
    let gateway = planted(|_, _| ());
    let file = gateway.file("report.json", "");
    let run = gateway.pay(&["doctor", "--json", "--report", &file]).expect(0);
    let report = run.json();
    for id in ALL {
        // The documents lean to this; the library relies on less.
        let state = if matches!(id, "repeat.session" | "limit.keys") { OTHERWISE } else { AS_ASSUMED };
        assert_eq!(found(&report, id).0, state, "{id}: {}", found(&report, id).1);
    }
    expect(&report, &[("backend", NOT_LEARNED, "--status-url"), ("backend.hooks", NOT_LEARNED, "--hooks-url")]);
    expect(&report, &[("order.session", AS_ASSUMED, "another"), ("tls.kiosk", AS_ASSUMED, "TLS 1.3")]);
    assert_eq!(report["order"]["closed"], true);

    let server = gateway.server().gateway();
    assert_eq!(server.orders().count(), 1);
    assert!(server.orders().all(|order| order.status != OrderStatus::Active));
    // The file is the same, and neither has a secret; request ids are there for the gateway's support.
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), report);
    let keys: Value = serde_json::from_str(&fs::read_to_string(&gateway.keys).unwrap()).unwrap();
    for secret in [keys["client_id"].as_str().unwrap(), keys["client_secret"].as_str().unwrap(), "session_"] {
        assert!(!text.contains(secret) && !run.out.contains(secret) && !run.err.contains(secret));
    }
    let calls = report["calls"].as_array().unwrap();
    assert!(calls.iter().all(|call| call["request_id"].is_string()), "{calls:?}");
    // docs/doctor.md says so many.
    let pays = calls.iter().filter(|call| {
        call["call"].as_str().is_some_and(|name| name.contains("the same") || name.starts_with("Order Pay"))
    });
    assert_eq!((calls.len(), pays.count()), (21, 12));
}

#[test]
fn people_get_lines() {
    let gateway = planted(|_, habits| habits.cards = false);
    let run = gateway.pay(&["doctor"]).expect(0);
    assert!(run.out.contains("OTHER  flag.cards: ") && run.out.contains("ok     repeat.keys: "), "{}", run.out);
    assert!(run.out.contains("?      backend: ") && run.out.contains(" otherwise, "), "{}", run.out);
    assert!(!run.out.contains("session_"));
}

#[test]
fn keys_that_count_only_with_credentials_and_much_else() {
    let gateway = planted(|rules, habits| {
        rules.sessions = Sessions::Kept;
        rules.answer_tags = false;
        rules.session_keys = SessionKeys::Ignored;
        rules.limits = Limits { order_pay: 20, ..Limits::SANDBOX };
        habits.cards = false;
        habits.needs_hints = true;
        habits.keeps_refusals = false;
        habits.compares_bodies = false;
        habits.busy_ms = 1_400;
        habits.keyed_limit = Some(60);
        habits.pod_qr = PodQr::Text;
        habits.padding = 16 * 1024;
        habits.chunked = true;
    });
    expect(
        &visit(&gateway),
        &[
            ("order.session", AS_ASSUMED, "the same"),
            ("order.tags", OTHERWISE, "left out"),
            ("limit.session", OTHERWISE, "20 a minute"),
            ("limit.keys", OTHERWISE, "60 a minute for the account with"),
            ("flag.s2s", AS_ASSUMED, "started"),
            ("flag.cards", OTHERWISE, "403"),
            ("client.hints", OTHERWISE, "x-client-device"),
            ("repeat.session", AS_ASSUMED, "another payment"),
            ("repeat.keys", AS_ASSUMED, "marked as a replay"),
            ("repeat.failure", OTHERWISE, "anew"),
            ("repeat.changed", OTHERWISE, "first payment"),
            ("repeat.concurrent", AS_ASSUMED, "409"),
            ("answer.pod_qr", OTHERWISE, "pod_qr_text"),
            ("answer.size", OTHERWISE, "QR "),
            ("answer.framing", AS_ASSUMED, "With a length: 0,"),
        ],
    );
}

#[test]
fn keys_that_never_count() {
    let gateway = planted(|_, habits| {
        habits.honours_keys = false;
        habits.pod_qr = PodQr::Refused;
        habits.rate_headers = false;
    });
    gateway.server().skip(Duration::from_secs(120));
    expect(
        &visit(&gateway),
        &[
            ("clock", OTHERWISE, "s ahead"),
            ("repeat.session", AS_ASSUMED, "another payment"),
            ("repeat.keys", OTHERWISE, "another payment"),
            ("repeat.changed", OTHERWISE, "Another payment"),
            ("repeat.concurrent", OTHERWISE, "Two payments"),
            ("repeat.failure", OTHERWISE, "anew"),
            ("answer.pod_qr", OTHERWISE, "400"),
            ("limit.session", NOT_LEARNED, "x-ratelimit-limit"),
            ("limit.keys", NOT_LEARNED, "x-ratelimit-limit"),
        ],
    );
}

#[test]
fn an_account_without_order_pay() {
    let gateway = planted(|_, habits| {
        habits.order_pay = false;
        habits.newest = ApiVersion::V2025_01_01;
    });
    expect(
        &visit(&gateway),
        &[
            ("versions", OTHERWISE, "refused: 2026-01-01"),
            ("flag.s2s", OTHERWISE, "403"),
            ("order.tags", AS_ASSUMED, ""),
            ("repeat.keys", NOT_LEARNED, "403"),
            ("answer.pod_qr", NOT_LEARNED, "403"),
            ("flag.cards", NOT_LEARNED, "403"),
        ],
    );
}

// Mutant: a 429 that is taken for the answer.
#[test]
fn a_gateway_that_is_busy_is_waited_for() {
    let gateway = planted(|_, _| ());
    let busy = sandbox::Fault::Throttle { retry_s: 1, executed: false, stored: false };
    gateway.server().gateway().inject("POST /orders/sessions", 1, busy);
    expect(
        &visit(&gateway),
        &[("client.hints", AS_ASSUMED, "without"), ("repeat.session", OTHERWISE, "first payment")],
    );
}

// Meant to notice: calls that need keys and are made without.
#[test]
fn without_an_account_something_is_learned_all_the_same() {
    for (session_keys, state) in [(SessionKeys::Honoured, OTHERWISE), (SessionKeys::Ignored, NOT_LEARNED)] {
        let gateway = planted(|rules, _| rules.session_keys = session_keys);
        let report = gateway.pay_without_keys(&["doctor", "--json"]).expect(0).json();
        expect(
            &report,
            &[
                ("clock", AS_ASSUMED, ""),
                ("tls.kiosk", AS_ASSUMED, ""),
                ("versions", AS_ASSUMED, "2026-01-01"),
                ("limit.session", AS_ASSUMED, "for each address"),
                ("answer.framing", AS_ASSUMED, ""),
                ("repeat.session", state, "refusal"),
                ("repeat.keys", NOT_LEARNED, "merchant keys are needed"),
                ("keys", NOT_LEARNED, "merchant keys are needed"),
                ("flag.cards", NOT_LEARNED, "a sandbox are needed"),
            ],
        );
        let server = gateway.server().gateway();
        assert_eq!((server.orders().count(), server.payments().len()), (0, 0));
    }
}

// Mutant: a report that is not scrubbed.
#[test]
fn keys_of_somewhere_else() {
    let gateway = planted(|_, _| ());
    // A gateway that echoes what it was sent, in words that nothing else covers.
    let body = br#"{"code":"request_failed","message":"no merchant TESTshop with opensesame"}"#.to_vec();
    gateway.server().gateway().inject("POST /orders", 1, sandbox::Fault::Answer { status: 401, body });
    let keys = gateway.file("wrong.json", r#"{"client_id":"TESTshop","client_secret":"opensesame"}"#);
    let to = ["--gateway", &gateway.url, "--ca", &gateway.ca, "--keys", &keys];
    let run = pay(&[&["doctor", "--json"], &to[..]].concat()).expect(0);
    assert!(!run.out.contains("TESTshop") && !run.out.contains("opensesame"), "{}", run.out);
    expect(
        &run.json(),
        &[
            ("keys", OTHERWISE, "no merchant *** with ***"),
            ("keys", OTHERWISE, "look like those of the sandbox"),
            ("versions", AS_ASSUMED, ""),
            ("repeat.keys", NOT_LEARNED, "401"),
        ],
    );
}

#[test]
fn production_is_entered_on_purpose_only() {
    for url in ["https://api.cashfree.com/pg", "https://10.255.255.1/pg"] {
        let run = pay(&["doctor", "--gateway", url]).expect(1);
        assert!(run.err.contains("--production"), "{run:?}");
    }
    pay(&["doctor", "--hooks-url", "http://127.0.0.1/hooks"]).expect(1);
    pay(&["doctor", "--report", "/nowhere/report.json", "--gateway", "https://127.0.0.1:1/pg"]).expect(1);
    pay(&["doctor", "--order-id", "x"]).expect(64);
}

#[test]
fn nobody_there() {
    let report = pay(&["doctor", "--json", "--gateway", "https://127.0.0.1:1/pg"]).expect(0).json();
    expect(
        &report,
        &[
            ("dns", AS_ASSUMED, "1 of IPv4"),
            ("reach", OTHERWISE, "127.0.0.1: "),
            ("tls.versions", NOT_LEARNED, "no connection"),
            ("clock", NOT_LEARNED, "no answer"),
        ],
    );
}

// Mutant: `wait_in_order` left out ends the program with the order open.
#[test]
fn ctrl_c_closes_the_order() {
    let gateway = planted(|_, _| ());
    let child = gateway.begin_at_once(&["doctor", "--json"]);
    let start = Instant::now();
    while gateway.server().gateway().payments().is_empty() {
        assert!(start.elapsed() < super::limit::LIMIT, "no payment was begun");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let run = ended(child).expect(1);
    assert_eq!((&run.json()["order"]["closed"], &run.json()["outcome"]), (&true.into(), &"error".into()), "{run:?}");
    assert_eq!(found(&run.json(), "limit.session").0, AS_ASSUMED);
    assert_eq!(found(&run.json(), "answer.size"), (NOT_LEARNED, "the visit was stopped"));
    let server = gateway.server().gateway();
    assert!(server.orders().all(|order| order.status != OrderStatus::Active));
}

#[test]
fn an_order_that_cannot_be_closed_is_named() {
    let gateway = planted(|_, _| ());
    let refused = sandbox::Fault::Answer { status: 503, body: b"{}".to_vec() };
    gateway.server().gateway().inject("PATCH *", 9, refused);
    let run = gateway.pay(&["doctor", "--json"]).expect(1);
    let report = run.json();
    assert_eq!((&report["order"]["closed"], &report["outcome"]), (&false.into(), &"error".into()));
    assert!(
        run.err.contains(report["order"]["order_id"].as_str().unwrap()) && run.err.contains("30 minutes"),
        "{run:?}"
    );
}
