//! What is typed wrongly is a local error, and is not repeated on the screen.

use super::program::{pay, pay_with};

#[test]
fn help_and_version_are_no_errors() {
    for args in [&["--help"][..], &["--version"], &["order", "pay", "--help"], &["inspect", "--help"]] {
        let run = pay(args).expect(0);
        assert!(!run.out.is_empty() && run.err.is_empty(), "{run:?}");
    }
}

#[test]
fn mistakes_give_one_sentence() {
    let typed_wrongly = [
        &[""][..],
        &["order"],
        &["nothing"],
        &["order", "pay"],
        &["order", "pay", "--session", "s", "--order-id", "o-1", "--method", "cash"],
        &["demo", "--amount", "10.155"],
        &["demo", "--amount", "-1"],
        &["demo", "--timeout", "x"],
        &["status"],
        &["inspect"],
        &["inspect", "receipt"],
        &["demo", "--api-version", "2021-05-21"],
        // Plain rupees: JSON's other ways to write a number are not for people.
        &["demo", "--amount", "1e3"],
        &["demo", "--amount", "10."],
        &["demo", "--amount", ".5"],
        &["demo", "--amount", "+1"],
        &["demo", "--amount", "1,000"],
        // Options are there only where they do something.
        &["demo", "--gateway", "nonsense"],
        &["demo", "--till", "x"],
        &["inspect", "error", "--timeout", "1"],
        &["status", "--order-id", "o-1", "--till", "x"],
        &["journal", "list", "--gateway", "https://127.0.0.1/pg"],
        &["refund", "--order-id", "o-1", "--settle-ms", "100"],
        &["refund", "--order-id", "o-1", "--nth", "1"],
        &["sandbox", "--keys", "x"],
    ];
    let local = [
        &["order", "pay", "--session", "s", "--order-id", "a b", "--method", "card"][..],
        &["status", "--order-id", "o-1"],
        &["status", "--order-id", "o-1", "--gateway", "http://127.0.0.1/pg"],
        &["status", "--order-id", "o-1", "--status-url", "https://127.0.0.1/pg"],
        &["status", "--order-id", "o-1", "--ca", "/nowhere/ca.pem"],
        &["status", "--order-id", "o-1", "--ca", env!("CARGO_MANIFEST_PATH")],
        &["sandbox", "--listen", "0.0.0.0:0"],
        &["order", "pay", "--session", "-", "--order-id", "o-1", "--method", "upi-link"],
        &["simulate", "--cf-payment-id", "1", "--status", "SUCCESS", "--gateway", "https://api.cashfree.com/pg"],
    ];
    for (args, code) in typed_wrongly.into_iter().map(|args| (args, 64)).chain(local.into_iter().map(|args| (args, 1)))
    {
        let run = pay(args).expect(code);
        assert!(run.out.is_empty() && run.err.lines().count() == 1, "{args:?}: {run:?}");
    }
}

// Mutant: printing clap's own error shows the value in nearly every line. (`pay` looks for each of these words.)
#[test]
fn secrets_in_the_wrong_place_are_not_repeated() {
    let order = ["order", "pay", "--session", "s", "--order-id", "o-1", "--method", "card"];
    for words in [
        &["--cvv", "739"][..],
        &["--cvv=739"],
        &["--otp", "111000"],
        &["--otp-stdin=111000"],
        &["--739"],
        &["--4111111111111111"],
        &["4111111111111111"],
        &["--amount", "4111111111111111x"],
        &["--timeout", "4111111111111111"],
        &["--tenure", "4111111111111111"],
        &["--idempotency-key", "hunter2hunter2 hunter2hunter2"],
        &["--card={\"number\":\"4111111111111111\"}"],
    ] {
        let run = pay(&[&order[..], words].concat());
        assert_ne!(run.code, 0, "{words:?}");
    }
    pay(&["4111111111111111"]).expect(64);
    pay(&["demo", "--method", "4111111111111111"]).expect(64);
    pay_with(&["otp", "--cf-payment-id", "1", "--gateway", "https://127.0.0.1:1/pg"], "987654x", &[]).expect(1);
}
