//! The first command that anybody types.

use super::program::pay;

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
