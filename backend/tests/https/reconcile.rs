//! The book against the gateway's reconciliation: the program beside a running backend, over TLS.

use std::process::{Command, Output};
use std::time::{SystemTime, UNIX_EPOCH};

use backend::Database;
use pay_core::model::{Timestamp, UnixSeconds};

use crate::shop::Shop;

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
fn day(days: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
    Timestamp::from_unix(UnixSeconds(now + 19_800 - days * 86_400)).as_str()[..10].to_owned()
}

/// `backend reconcile` of today and yesterday, with these options too.
fn reconcile(shop: &Shop, more: &[&str]) -> Said {
    let ca = shop.dir.join("gateway.pem");
    std::fs::write(&ca, shop.gateway.ca_pem()).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_backend"));
    command.args(["reconcile", "--from", &day(1), "--to", &day(0), "--gateway", shop.gateway.url()]);
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
