//! The book against the gateway's reconciliation: the program beside a running backend, over TLS.

use std::process::{Command, Output};
use std::time::{SystemTime, UNIX_EPOCH};

use backend::Database;
use pay_core::model::{Timestamp, UnixSeconds};
use serde_json::{Value, json};

use crate::shop::{Shop, until};

/// What the program said, and its exit code.
struct Said {
    code: i32,
    lines: Vec<String>,
    rest: String,
}

impl Said {
    fn has(&self, order: &str, name: &str, state: &str) -> bool {
        let beginning = format!("{order} {name}");
        self.lines.iter().any(|line| line.starts_with(&beginning) && line.contains(&format!(" {state}: ")))
    }
}

/// Today in India, and `days` before.
pub(crate) fn day(days: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
    Timestamp::from_unix(UnixSeconds(now + 19_800 - days * 86_400)).as_str()[..10].to_owned()
}

/// `backend reconcile` of today and yesterday, with these options too.
fn reconcile(shop: &Shop, more: &[&str]) -> Said {
    reconcile_from(shop, &day(1), more)
}

fn reconcile_from(shop: &Shop, from: &str, more: &[&str]) -> Said {
    let ca = shop.dir.join("gateway.pem");
    std::fs::write(&ca, shop.gateway.ca_pem()).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_backend"));
    command.args(["reconcile", "--from", from, "--to", &day(0), "--gateway", shop.gateway.url()]);
    command.arg("--gateway-ca").arg(ca).args(["--limits-times", "1000"]).args(more);
    command.env("CASHFREE_CLIENT_ID", shop.gateway.client_id());
    command.env("CASHFREE_CLIENT_SECRET", shop.gateway.client_secret());
    match &shop.config.database {
        Database::Folder(folder) => command.arg("--dir").arg(folder),
        Database::Postgres(url) => command.env("BACKEND_DATABASE", url),
    };
    let Output { status, stdout, stderr } = command.output().expect("the program");
    let lines = String::from_utf8(stdout).expect("text").lines().map(str::to_owned).collect();
    Said { code: status.code().expect("an end"), lines, rest: String::from_utf8(stderr).expect("text") }
}

// Meant to notice: a payment that no webhook told of and that is not named, or not read again; a difference in a book without any.
#[test]
fn a_payment_that_nobody_asked_for_is_found_and_read() {
    let shop = Shop::open("reconcile-unseen");
    shop.paid("till-1");
    assert_eq!(shop.get("/orders/till-1/payments").status, 200);
    let said = reconcile(&shop, &[]);
    assert_eq!((said.code, said.lines.len()), (0, 0), "{:?} {}", said.lines, said.rest);

    // Its kiosk never asks.
    shop.paid("till-2");
    let said = reconcile(&shop, &["--dry-run"]);
    assert_eq!(said.code, 1, "{}", said.rest);
    assert!(said.has("till-2", "unseen-payment-", "left") && said.lines.len() == 1, "{:?}", said.lines);
    let said = reconcile(&shop, &[]);
    assert!(said.has("till-2", "unseen-payment-", "seen-to") && said.lines.len() == 1, "{:?}", said.lines);
    assert_eq!(said.code, 0, "{}", said.rest);
    let said = reconcile(&shop, &[]);
    assert_eq!((said.code, said.lines.len()), (0, 0), "{:?} {}", said.lines, said.rest);
}

/// Ways to damage a book while no backend runs, each of another order: what a wrong hand, a lost write or an old copy would leave.
const DAMAGE: [&str; 10] = [
    // A payment that the gateway never had.
    r#"INSERT INTO events (order_id, n, form, body) SELECT 'till-4', MAX(n) + 1, 2, '{"event":"read","at":1,"power_on":1,"date":null,
        "status":null,"complete":true,"payments":[{"id":17,"status":"SUCCESS","captured":true,"completed":null}]}'
        FROM events WHERE order_id = 'till-4'"#,
    "UPDATE orders SET n = n + 1 WHERE id = 'till-4'",
    "UPDATE orders SET amount = 1016 WHERE id = 'till-5'",
    r#"UPDATE events SET body = REPLACE(body, '"amount":1015', '"amount":1000') WHERE order_id = 'till-8'"#,
    r#"INSERT INTO events (order_id, n, form, body) SELECT 'till-9', MAX(n) + 1, 2,
        '{"event":"refund","id":"r_gone","order":"till-9","amount":1015,"status":"SUCCESS"}' FROM events WHERE order_id = 'till-9'"#,
    "UPDATE orders SET n = n + 1 WHERE id = 'till-9'",
    // An older copy does not know it.
    "DELETE FROM events WHERE order_id = 'till-11'",
    "DELETE FROM duties WHERE order_id = 'till-11'",
    "DELETE FROM forwards WHERE order_id = 'till-11'",
    "DELETE FROM orders WHERE id = 'till-11'",
];

// Meant to notice: a kind of difference that is overlooked, one that is invented, one whose next step does nothing, and one that people
// have seen to and that is named all the same.
#[test]
fn every_kind_of_difference_is_named_with_its_next_step() {
    let mut shop = Shop::open("reconcile-kinds");
    for n in 1..=11 {
        let order = format!("till-{n}");
        shop.paid(&order);
        assert_eq!(shop.get(&format!("/orders/{order}/payments")).status, 200);
        assert_eq!(shop.report(&order, !matches!(n, 7 | 8)).status, 200);
    }
    until("two refunds", || shop.notice("refunded as") == 2);
    let payment = |shop: &Shop, order: &str| shop.gateway.gateway().charges(order).next().expect("a payment").id;
    let now = shop.gateway.now();
    shop.gateway.gateway().stranger_pays("till-2", sandbox::PaymentStatus::Success, now);
    let taken_back = payment(&shop, "till-3");
    shop.gateway.gateway().set_payment(taken_back, sandbox::PaymentStatus::Cancelled, now);
    shop.outside("/orders/till-6/refunds", &json!({"refund_id": "r_dashboard", "refund_amount": 4.15}));
    let of = |order: &str| {
        let gateway = shop.gateway.gateway();
        gateway.refunds().iter().find(|refund| refund.order_id == order).expect("a refund").id.clone()
    };
    let (failed, smaller) = (of("till-7"), of("till-8"));
    shop.gateway.gateway().set_refund("till-7", &failed, sandbox::RefundStatus::Failed);
    let disputed = payment(&shop, "till-10");
    shop.gateway.gateway().dispute(disputed, now);
    let customer = json!({"customer_id": "walk_in", "customer_phone": "9999999999"});
    let theirs =
        json!({"order_id": "site-1", "order_amount": 10.15, "order_currency": "INR", "customer_details": customer});
    shop.outside("/orders", &theirs);
    shop.gateway.gateway().stranger_pays("site-1", sandbox::PaymentStatus::Success, now);
    shop.backend = None;
    DAMAGE.into_iter().for_each(|statement| shop.sql(statement));
    shop.start();

    let before = reconcile(&shop, &["--dry-run", "--json"]);
    let lines: Vec<Value> = before.lines.iter().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert_eq!((before.code, lines.len()), (1, 10), "{:#?} {}", before.lines, before.rest);
    assert!(lines.iter().all(|line| line["is_left"] == true));

    let said = reconcile(&shop, &[]);
    assert_eq!((said.code, said.lines.len()), (1, 10), "{:#?} {}", said.lines, said.rest);
    for (order, name, state) in [
        ("till-2", "unseen-payment-", "seen-to"),
        ("till-3", &*format!("other-payment-{taken_back}"), "seen-to"),
        ("till-4", "missing-payment-17", "left"),
        ("till-5", "order-amount", "left"),
        ("till-6", "unknown-refund-r_dashboard", "seen-to"),
        ("till-7", &*format!("other-refund-{failed}"), "seen-to"),
        ("till-8", &*format!("amount-of-refund-{smaller}"), "left"),
        ("till-9", "missing-refund-r_gone", "left"),
        ("till-10", "dispute-", "left"),
        ("till-11", "unknown-order", "seen-to"),
    ] {
        assert!(said.has(order, name, state), "{order} {name} {state}: {:#?}", said.lines);
    }

    // The book's own rules go on: the second payment goes back, people are told of the refund that failed,
    // and the order that was found is read.
    until("the surplus", || shop.gateway.gateway().refunds().iter().any(|refund| refund.order_id == "till-2"));
    let duties = shop.program(&["duties"]);
    assert!(duties.contains(&format!("till-7 refund-{failed} ")), "{duties}");
    until("the order that was found", || {
        shop.send("GET", "/orders/till-11", Some(&shop.token), None).json()["order_status"] == "PAID"
    });

    // A person has seen to the rest.
    for line in said.lines.iter().filter(|line| line.contains(" left: ")) {
        let mut words = line.split(' ');
        let (order, name) = (words.next().expect("an order"), words.next().expect("a name"));
        shop.program(&["done", order, name, "--who", "me", "--why", "looked it up"]);
    }
    let said = reconcile(&shop, &[]);
    assert_eq!((said.code, said.lines.len()), (0, 0), "{:#?} {}", said.lines, said.rest);
    assert!(said.rest.contains("5 more that a person has seen to"), "{}", said.rest);
}

// Meant to notice: a run that could not look, and whose exit code says that all is well.
#[test]
fn a_run_that_cannot_finish_says_so() {
    let shop = Shop::open("reconcile-unfinished");
    shop.paid("till-1");
    let nothing = sandbox::Fault::Replace { status: 500, body: b"{}".to_vec() };
    shop.gateway.gateway().inject("POST /recon", 3, nothing.clone());
    let said = reconcile(&shop, &["--wait", "0"]);
    assert_eq!((said.code, said.lines.len()), (2, 0), "{}", said.rest);
    assert!(said.rest.contains("not finished: the gateway gives no page: 500"), "{}", said.rest);

    // One order cannot be read: the others are, and it is said.
    shop.paid("till-2");
    shop.gateway.gateway().inject("GET /orders/till-1/*", 6, nothing);
    let said = reconcile(&shop, &["--dry-run"]);
    assert_eq!(said.code, 2, "{}", said.rest);
    assert!(said.has("till-2", "unseen-payment-", "left") && said.lines.len() == 1, "{:?}", said.lines);
    assert!(said.rest.contains("not compared: order till-1: the gateway gave no answer"), "{}", said.rest);

    for from in ["2026-02-30", "2999-01-01"] {
        assert_eq!(reconcile_from(&shop, from, &[]).code, 2, "{from}");
    }
}
