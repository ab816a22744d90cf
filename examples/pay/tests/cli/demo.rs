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
