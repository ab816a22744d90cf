//! The first command that anybody types.

use std::io::{BufRead, BufReader};

use super::program::{Run, command, ended, pay};

#[test]
fn every_method_ends_in_a_receipt() {
    for method in [
        "upi-qrcode",
        "upi-pod-qrcode",
        "upi-link",
        "upi-collect",
        "card",
        "card-otp",
        "form",
        "netbanking",
        "app",
        "emi",
        "cardless-emi",
        "paylater",
        "banktransfer",
    ] {
        let run = pay(&["demo", "--method", method, "--approve-after-ms", "100"]).expect(0);
        for part in ["PAID", "INR 10.15", "demo-", method, "Bank reference"] {
            assert!(run.out.contains(part), "{part}: {run:?}");
        }
        assert_eq!(run.out.contains('█'), method.starts_with("upi-") && method != "upi-collect", "{run:?}");
        assert_eq!(run.out.contains("card **** "), ["card", "card-otp", "form", "emi"].contains(&method), "{run:?}");
        assert!(run.err.is_empty() && !run.out.contains('\u{1b}'), "{run:?}");
    }
}

/// The README's picture shows the words that the demo prints today; `cargo xtask picture` records it anew. Meant to notice: a sentence
/// of the demo that was changed, the picture left as it was.
#[test]
fn the_picture_shows_what_it_prints() {
    // What has a digit or is a link is of that run alone.
    let words = |line: &str| -> Vec<String> {
        let one =
            |word: &str| if word.contains(|c: char| c.is_ascii_digit()) { "#".to_owned() } else { word.to_owned() };
        line.split_whitespace().map(one).collect()
    };
    let picture = include_str!("../../../../docs/demo.svg");
    let texts = picture.split("<text class=\"pay\"").skip(1).filter_map(|text| text.split(['>', '<']).nth(1));
    let shown: Vec<_> = texts.map(words).collect();
    let run = pay(&["demo", "--approve-after-ms", "100"]).expect(0);
    let is_text = |line: &&str| !line.trim().is_empty() && !line.contains(['█', '▀', '▄']);
    let printed: Vec<_> = run.out.lines().filter(is_text).map(words).collect();
    assert_eq!(shown, printed);
}

#[test]
fn it_needs_nothing_and_prints_one_object_if_asked() {
    let run = pay(&["demo", "--json", "--approve-after-ms", "0", "--amount", "1"]).expect(0);
    let value = run.json();
    assert_eq!(
        (&value["outcome"], &value["amount_minor"], &value["method"]),
        (&"paid".into(), &100.into(), &"upi-qrcode".into())
    );
    // Nobody approves in time.
    let run = pay(&["demo", "--json", "--approve-after-ms", "600000", "--timeout", "1"]).expect(4);
    assert_eq!(run.json()["outcome"], "pending");
}

/// A customer who opens the page that is printed, and presses this button.
fn by_hand(method: &str, button: &str) -> Run {
    let mut child = command(&["demo", "--by-hand", "--method", method, "--json"], &[]).spawn().unwrap();
    // Open until the end: it goes on to say things.
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.trim_start().starts_with("http") {
        line.clear();
        assert_ne!(said.read_line(&mut line).unwrap(), 0, "no page was printed");
    }
    assert!(line.trim_start().starts_with("http://127.0.0.1:"), "the first link is not the customer's: {line}");
    let agent: ureq::Agent = ureq::Agent::config_builder().max_redirects(0).build().into();
    let first = agent.get(line.trim()).call().unwrap();
    let payment = first.headers()["location"].to_str().unwrap().to_owned();
    let press = format!("{}{payment}/{button}", line.trim().trim_end_matches('/'));
    let pressed = agent.post(press).header("content-type", "application/x-www-form-urlencoded").send("otp=111000");
    // And is shown how it ended, although the program ends.
    let shown = format!("{}{payment}", line.trim().trim_end_matches('/'));
    assert_eq!(
        (pressed.unwrap().status(), agent.get(shown).call().unwrap().status()),
        (303.try_into().unwrap(), 200.try_into().unwrap())
    );
    ended(child)
}

// Meant to notice: a payment that the sandbox approves by itself; a page that leads nowhere; a page that is gone before the browser has it; a
// bank's link printed before the one that a person can use.
#[test]
fn by_hand_the_customer_decides() {
    for (method, button, code, outcome) in [
        ("upi-qrcode", "approve", 0, "paid"),
        ("card-otp", "otp", 0, "paid"),
        ("upi-collect", "decline", 4, "pending"),
        ("netbanking", "close", 4, "pending"),
    ] {
        let run = by_hand(method, button).expect(code);
        let value = run.json();
        let attempt = match button {
            "decline" => "failed",
            "close" => "user_dropped",
            _ => "success",
        };
        assert_eq!(
            (&value["outcome"], &value["attempt_ended"]),
            (&outcome.into(), &attempt.into()),
            "{method}: {run:?}"
        );
    }
    let run = pay(&["demo", "--json", "--by-hand", "--timeout", "1"]).expect(4);
    assert_eq!(run.json()["outcome"], "pending");
    assert!(run.err.ends_with("The demo's sandbox ends here: nothing is left to resume.\n"), "{run:?}");
    pay(&["demo", "--by-hand", "--approve-after-ms", "1"]).expect(64);
}
