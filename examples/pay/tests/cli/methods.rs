//! Every method, by `order create` and `order pay`, until the sandbox lets it succeed.

use super::gateways::Gateway;
use super::program::CARD;

const METHODS: [(&str, &str); 12] = [
    ("upi-qrcode", "show_qr"),
    ("upi-link", "upi_links"),
    ("upi-collect", "wait"),
    ("card", "open_url"),
    ("card-otp", "enter_otp"),
    ("form", "post_form"),
    ("netbanking", "open_url"),
    ("app", "open_url"),
    ("emi", "open_url"),
    ("cardless-emi", "open_url"),
    ("paylater", "open_url"),
    ("banktransfer", "bank_transfer"),
];

// Mutant: `Policy::session_only` in `Gateway::terms` whatever the keys; every method ends with 4.
#[test]
fn every_method_is_paid() {
    let gateway = Gateway::child(Some(300));
    for (method, kind) in METHODS {
        let id = format!("order-{method}");
        let session = gateway.order(&id);
        // The session by argument and by standard input.
        let (argument, stdin) =
            if method.starts_with("upi") { ("-", session.as_str()) } else { (session.as_str(), "") };
        let args = ["order", "pay", "--session", argument, "--order-id", &id, "--method", method, "--json"];
        let run = gateway.pay_typing(&args, stdin).expect(0);
        let paid = run.json();
        assert_eq!(paid["outcome"], "paid", "{paid}");
        assert_eq!((&paid["order_id"], &paid["attempt"]), (&id.as_str().into(), &1.into()));
        assert_eq!(paid["method"], method, "{paid}");
        assert_eq!((&paid["next_action"]["kind"], &paid["amount_minor"]), (&kind.into(), &1015.into()), "{paid}");
        let number = paid["cf_payment_id"].as_str().unwrap();
        // The receipt is for people, and on standard error here.
        for part in ["PAID", "INR 10.15", &id, number, method, "Bank reference"] {
            assert!(run.err.contains(part), "{part}: {}", run.err);
        }
        let status = gateway.pay(&["status", "--order-id", &id, "--json"]).expect(0).json();
        assert_eq!(status["status"], "PAID");
        assert_eq!(status["payments"][0]["cf_payment_id"], number);
        assert_eq!((&status["payments"][0]["paid"], &status["payments"][0]["final"]), (&true.into(), &true.into()));
        // Again, it is paid already: nothing is sent, and no second receipt is printed.
        let again =
            gateway.pay(&["order", "pay", "--session", &session, "--order-id", &id, "--method", method, "--json"]);
        let again = again.expect(0);
        assert_eq!((&again.json()["outcome"], &again.json()["attempt"]), (&"paid".into(), &1.into()));
        assert!(again.err.contains("nothing was sent") && !again.err.contains("PAID"), "{again:?}");
    }
}

#[test]
fn what_comes_with_each_action() {
    let gateway = Gateway::child(None);
    let pay = |method: &str| {
        let session = gateway.order(method);
        let args = ["order", "pay", "--session", &session, "--order-id", method, "--method", method, "--json"];
        let run = gateway.pay_without_keys(&args).expect(4);
        let reply = run.json();
        assert_eq!(reply["outcome"], "pending", "{reply}");
        reply["next_action"].clone()
    };
    assert!(pay("upi-qrcode")["image_len"].as_u64().unwrap() > 1_000);
    assert!(pay("upi-link")["links"]["default"].as_str().unwrap().starts_with("upi://pay?"));
    assert!(pay("card")["url"].as_str().unwrap().starts_with("https://127.0.0.1:"));
    let form = pay("form");
    assert!(form["fields"]["PaReq"].is_string() && form["fields"]["MD"].is_string());
    assert!(pay("card-otp")["redirect_to_bank"].is_string());
    assert!(pay("banktransfer")["virtual_vpa"].is_string());
    assert_eq!(pay("upi-collect")["kind"], "wait");
}

#[test]
fn cards_come_from_files_and_standard_input() {
    let gateway = Gateway::child(Some(200));
    let card = gateway.file("card.json", CARD);
    for (index, source) in ["-", card.as_str()].into_iter().enumerate() {
        for method in ["card", "emi"] {
            let id = format!("order-{method}-{index}");
            let session = gateway.order(&id);
            let args = ["order", "pay", "--session", &session, "--order-id", &id, "--method", method, "--card", source];
            let more: &[&str] = if method == "emi" { &["--card-bank", "icici", "--tenure", "3"] } else { &[] };
            let run = gateway.pay_typing(&[&args[..], more].concat(), CARD).expect(0);
            assert!(run.out.contains("card **** 1111") && run.err.is_empty(), "{run:?}");
        }
    }
    // A session, then a card, then an OTP, all on standard input.
    let session = gateway.order("order-all");
    let args = [
        "order",
        "pay",
        "--session",
        "-",
        "--order-id",
        "order-all",
        "--method",
        "card-otp",
        "--card",
        "-",
        "--otp-stdin",
    ];
    gateway.pay_typing(&args, &format!("{session}\n{CARD}\n111000\n")).expect(0);
}

#[test]
fn fields_are_needed_away_from_test_gateways() {
    // Nothing is sent: no such host is asked.
    let args = |method| {
        [
            "order",
            "pay",
            "--session",
            "s",
            "--order-id",
            "o-1",
            "--method",
            method,
            "--gateway",
            "https://pay.invalid/pg",
        ]
    };
    for (method, field) in [
        ("upi-collect", "--upi-id"),
        ("app", "--provider"),
        ("netbanking", "--bank-code"),
        ("paylater", "--provider"),
        ("cardless-emi", "--provider"),
        ("card", "--card"),
    ] {
        let run = super::program::pay(&args(method)).expect(1);
        assert!(run.err.contains(field), "{run:?}");
    }
    let run =
        super::program::pay(&["order", "create", "--gateway", "https://pay.invalid", "--keys", "/nowhere"]).expect(1);
    assert!(run.err.contains("/nowhere"), "{run:?}");
}

/// Options are there only where they do something. Meant to notice: `without_effect` not asked, `has_code` for every method.
#[test]
fn a_field_of_another_method_is_refused() {
    let order =
        ["order", "pay", "--session", "s", "--order-id", "o-1", "--gateway", "https://127.0.0.1:1/pg", "--method"];
    for (method, option, value) in [
        ("upi-link", "--card", "card.json"),
        ("upi-qrcode", "--upi-id", "a@bank"),
        ("upi-link", "--upi-expiry-minutes", "5"),
        ("card", "--tenure", "6"),
        ("emi", "--provider", "flexmoney"),
        ("card", "--card-bank", "icici"),
        ("netbanking", "--phone", "9999999999"),
        ("app", "--bank-code", "3333"),
        ("card", "--qr-file", "code.png"),
    ] {
        let run = super::program::pay(&[&order[..], &[method, option, value]].concat()).expect(1);
        assert!(run.err.contains(option) && run.err.contains(&format!("does nothing for {method}")), "{run:?}");
    }
}

/// A5: a terminal of 24 rows shows all of a code, and the next line below it. Mutant: the gateway's image drawn as it is.
#[test]
fn a_code_fits_24_rows_and_can_be_kept() {
    let gateway = Gateway::child(None);
    for method in ["upi-qrcode", "upi-link"] {
        let session = gateway.order(method);
        let file = gateway.file(&format!("{method}.png"), "");
        let args =
            ["order", "pay", "--session", &session, "--order-id", method, "--method", method, "--qr-file", &file];
        let run = gateway.pay_without_keys(&args).expect(4);
        let rows = run.out.lines().skip_while(|line| !line.starts_with("Scan this")).skip(1).count();
        assert!((15..=23).contains(&rows) && run.out.contains('█'), "{rows}: {}", run.out);
        assert!(std::fs::read(&file).unwrap().starts_with(b"\x89PNG"));
    }
}
