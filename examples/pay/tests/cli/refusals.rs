//! What is refused, and by whom.

use core::time::Duration;

use sandbox::{Request, Rules};

use super::gateways::Gateway;
use super::program::{pay, pay_with};

#[test]
fn wrong_keys() {
    let gateway = Gateway::child(None);
    let env = [("CASHFREE_CLIENT_ID", "someone"), ("CASHFREE_CLIENT_SECRET", "hunter2hunter2")];
    let run = |args: &[&str]| pay_with(&[args, &["--gateway", &gateway.url, "--ca", &gateway.ca]].concat(), "", &env);
    let create = run(&["order", "create", "--json"]).expect(2);
    assert!(create.err.contains("401"), "{create:?}");
    assert_eq!(create.json()["gateway"]["status"], 401);
    // S3: keys that are refused say nothing about an order.
    run(&["status", "--order-id", "o-1"]).expect(3);
    run(&["refund", "--order-id", "o-1", "--amount", "1"]).expect(2);
    run(&["simulate", "--cf-payment-id", "1", "--status", "SUCCESS"]).expect(2);
    let session = gateway.order("order-1");
    let paid =
        run(&["order", "pay", "--session", &session, "--order-id", "order-1", "--method", "card", "--json"]).expect(1);
    assert!(paid.err.contains("Nothing was paid") && paid.err.contains("401"), "{paid:?}");
    // One of the two is a mistake.
    let half = [("CASHFREE_CLIENT_ID", "someone")];
    pay_with(&["status", "--order-id", "o-1", "--gateway", &gateway.url], "", &half).expect(1);
}

#[test]
fn a_stranger_in_between_gets_nothing() {
    let (gateway, stranger) = (Gateway::child(None), Gateway::here(Rules::default()));
    let args = ["--gateway", &stranger.url, "--ca", &gateway.ca];
    for command in [
        &["order", "create", "--keys", &gateway.keys][..],
        &["status", "--order-id", "o-1", "--keys", &gateway.keys],
        &["order", "pay", "--session", "s", "--order-id", "o-1", "--method", "card"],
        &["order", "pay", "--session", "s", "--order-id", "o-1", "--method", "card", "--keys", &gateway.keys],
        &["bench", "--calls", "1"],
    ] {
        let run = pay(&[command, &args].concat()).expect(1);
        assert!(run.err.contains("not trusted"), "{run:?}");
    }
    // Neither is the system trusted, nor the bundled list enough.
    pay(&["order", "create", "--keys", &gateway.keys, "--gateway", &gateway.url]).expect(1);
    assert_eq!(stranger.server().gateway().orders().count(), 0);
}

#[test]
fn nobody_there() {
    let gateway = Gateway::here(Rules::default());
    let (url, ca, keys) = (gateway.url.clone(), gateway.ca.clone(), gateway.keys.clone());
    let mut gateway = gateway;
    gateway.server = None;
    let to = ["--gateway", &url, "--ca", &ca, "--timeout", "1"];
    for command in [
        &["order", "create", "--keys", &keys][..],
        &["order", "pay", "--session", "s", "--order-id", "o-1", "--method", "upi-link"],
        &["order", "pay", "--session", "s", "--order-id", "o-1", "--method", "card", "--keys", &keys],
        &["refund", "--order-id", "o-1", "--amount", "1", "--keys", &keys],
    ] {
        let run = pay(&[command, &to].concat()).expect(1);
        assert!(run.err.contains("nothing was sent") && run.err.contains("connection"), "{run:?}");
    }
}

#[test]
fn cards_and_payers_that_are_refused() {
    let gateway = Gateway::child(None);
    let session = gateway.order("order-1");
    // Luhn holds, but it is no test card.
    let card = gateway.file(
        "card.json",
        r#"{"number":"4242424242424242","expiry_month":"03","expiry_year":"48","cvv":"739","holder":"A Shopper"}"#,
    );
    let args = ["order", "pay", "--session", &session, "--order-id", "order-1", "--json", "--method"];
    let refused = gateway.pay(&[&args[..], &["card", "--card", &card]].concat()).expect(2);
    assert_eq!((&refused.json()["outcome"], &refused.json()["gateway"]["status"]), (&"not_paid".into(), &400.into()));
    assert!(refused.err.contains("status 400"), "{refused:?}");
    // The order is still there to be paid.
    let declined = gateway.pay(&[&args[..], &["upi-collect", "--upi-id", "testfailure@gocash"]].concat()).expect(4);
    let ended = declined.json();
    assert_eq!((&ended["attempt_ended"], ended["cf_payment_id"].is_string()), (&"failed".into(), true));
    // A number that fails Luhn never leaves.
    let typo = gateway.file("typo.json", &super::program::CARD.replace("1111\"", "1112\""));
    let run = gateway.pay(&[&args[..], &["card", "--card", &typo]].concat()).expect(1);
    assert!(run.err.contains("check digit") && run.json()["outcome"] == "error", "{run:?}");
    // The wrong session: refused, and without keys nobody here can tell whether somebody else pays the order.
    let args = ["order", "pay", "--session", "session_x", "--order-id", "order-2", "--method", "upi-link", "--json"];
    for attempt in 1..=2 {
        let run = gateway.pay_without_keys(&args).expect(3);
        let value = run.json();
        assert_eq!((&value["outcome"], &value["attempt"]), (&"unknown".into(), &attempt.into()), "{run:?}");
        assert!(value["gateway"]["status"].as_u64().is_some_and(|status| (400..500).contains(&status)), "{run:?}");
    }
}

#[test]
fn closed_orders_are_not_paid() {
    let gateway = Gateway::here(Rules::default());
    let (closed, expired) = (gateway.order("order-closed"), gateway.order("order-expired"));
    let pay = |session: &str, id: &str| {
        gateway.pay(&["order", "pay", "--session", session, "--order-id", id, "--method", "card", "--json"])
    };
    let server = gateway.server();
    let patch = Request {
        method: "PATCH".into(),
        path: "/pg/orders/order-closed".into(),
        query: String::new(),
        headers: [
            ("x-client-id", server.client_id()),
            ("x-client-secret", server.client_secret()),
            ("x-api-version", "2025-01-01"),
            ("content-type", "application/json"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec(),
        body: br#"{"order_status":"TERMINATED"}"#.to_vec(),
    };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    assert_eq!(server.gateway().handle(&patch, u64::try_from(now).unwrap()).status, 200);
    // It is being closed: nothing is sent, and once it is closed it was certainly not paid.
    assert_eq!(pay(&closed, "order-closed").expect(1).json()["outcome"], "order_taken");
    server.skip(Duration::from_secs(3_600));
    assert!(pay(&closed, "order-closed").expect(2).err.contains("the order was closed before it was paid"));
    assert!(pay(&expired, "order-expired").expect(2).err.contains("the order expired before it was paid"));
    assert_eq!(server.gateway().payments().len(), 0);
    gateway.pay(&["status", "--order-id", "order-expired"]).expect(2);
    // S3: an order that is not here may be elsewhere.
    gateway.pay(&["status", "--order-id", "nothing"]).expect(3);
}

#[test]
fn another_amount_than_expected_is_not_paid() {
    let gateway = Gateway::here(Rules::default());
    let session = gateway.order("order-1");
    let args =
        ["order", "pay", "--session", &session, "--order-id", "order-1", "--method", "upi-link", "--amount", "10.16"];
    assert!(gateway.pay(&args).expect(1).err.contains("10.15"));
    assert_eq!(gateway.server().gateway().payments().len(), 0);
    // An order that exists with another amount is not taken over; the same one is.
    gateway.pay(&["order", "create", "--order-id", "order-1", "--amount", "3"]).expect(1);
    gateway.order("order-1");
}
