//! What is typed wrongly is a local error, and is not repeated on the screen.

use super::program::{pay, pay_with};

#[test]
fn help_and_version_are_no_errors() {
    for args in [&["--help"][..], &["--version"], &["order", "pay", "--help"], &["inspect", "--help"]] {
        let run = pay(args).expect(0);
        assert!(!run.out.is_empty() && run.err.is_empty(), "{run:?}");
    }
}

// A4. Mutant: clap's own print, whatever `--json` says.
#[test]
fn texts_are_an_object_too() {
    for (args, member, part) in [
        (&["--help", "--json"][..], "help", "Usage: pay"),
        (&["--json", "order", "pay", "--help"], "help", "--qr-file"),
        (&["--json", "--version"], "version", env!("CARGO_PKG_VERSION")),
        (&["sandbox", "--list-scenarios", "--json"], "scenarios", "| SB-01 |"),
        (&["--json", "sandbox", "--list-scenarios"], "scenarios", "| SB-01 |"),
        (&["completions", "bash", "--json"], "script", "complete -F"),
        (&["man", "--json"], "page", ".TH pay 1"),
    ] {
        let run = pay(args).expect(0);
        assert!(run.json()[member].as_str().unwrap().contains(part) && run.err.is_empty(), "{args:?}: {run:?}");
    }
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = pay(&["completions", shell]).expect(0);
        for word in ["journal", "resume", "--close-after", "upi-qrcode"] {
            // Elvish has no values of options.
            assert!(run.out.contains(word.trim_start_matches('-')) || shell == "elvish", "{shell}: {word}");
        }
    }
    // A shell takes it, and proposes what there is.
    let script = pay(&["completions", "bash"]).out;
    let ask = "COMP_WORDS=(pay journal re); COMP_CWORD=2; _pay pay re journal; echo ${COMPREPLY[*]}";
    let bash = std::process::Command::new("bash").args(["-c", &format!("{script}\n{ask}")]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&bash.stdout).trim(), "resume recover release", "{bash:?}");
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let page = pay(&["man"]).expect(0).out;
    assert!(page.starts_with(".ie") && page.contains(".TH pay 1") && page.contains("Exit codes"), "{page}");
    let dir = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("man-{}", std::process::id()));
    pay(&["man", "--dir", dir.to_str().unwrap()]).expect(0);
    for (name, part) in [("pay", "pay\\-order"), ("pay-order-pay", "qr\\-file"), ("pay-journal-attest", "dashboard")] {
        let page = std::fs::read_to_string(dir.join(format!("{name}.1"))).unwrap();
        assert!(page.contains(part), "{name}: {page}");
    }
    std::fs::remove_dir_all(dir).unwrap();
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
        &["sandbox", "--list-scenarios", "--dir", "x"],
        &["status", "--order-id", "o-1", "--token-file", "x"],
        &["completions"],
        &["completions", "tcsh"],
    ];
    let local = [
        &["order", "pay", "--session", "s", "--order-id", "a b", "--method", "card"][..],
        &["status", "--order-id", "o-1"],
        &["status", "--order-id", "o-1", "--gateway", "http://127.0.0.1/pg"],
        &["status", "--order-id", "o-1", "--status-url", "https://127.0.0.1/pg"],
        &["status", "--order-id", "o-1", "--ca", "/nowhere/ca.pem"],
        &["status", "--order-id", "o-1", "--ca", env!("CARGO_MANIFEST_PATH")],
        &["sandbox", "--listen", "0.0.0.0:0"],
        &["sandbox", "--webhooks", "http://192.0.2.1:80/"],
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
