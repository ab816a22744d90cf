//! The tests of `tests/https` on PostgreSQL, on a server of their own. Debian's package `postgresql` has it; `cargo xtask test --install`
//! installs it.

#[path = "../https/access.rs"]
mod access;
#[path = "../https/accounts.rs"]
mod accounts;
#[path = "../https/book.rs"]
mod book;
#[path = "../https/forward.rs"]
mod forward;
#[path = "../https/gate.rs"]
mod gate;
#[path = "../https/hooks.rs"]
mod hooks;
#[path = "../https/kill.rs"]
mod kill;
#[path = "../https/orders.rs"]
mod orders;
#[path = "../https/page.rs"]
mod page;
#[path = "../https/rates.rs"]
mod rates;
#[path = "../https/ready.rs"]
mod ready;
#[path = "../https/reconcile.rs"]
mod reconcile;
#[path = "../https/recover.rs"]
mod recover;
#[path = "../https/refunds.rs"]
mod refunds;
#[path = "../https/relay.rs"]
mod relay;
#[path = "../https/retention.rs"]
mod retention;
#[path = "../https/running.rs"]
mod running;
mod server;
#[path = "../https/shop.rs"]
mod shop;

use std::sync::OnceLock;

use backend::Database;

use server::Postgres;

/// So many backends on one database.
const BACKENDS: usize = 2;

/// A database of the test's own.
fn database(name: &str, _: &std::path::Path) -> Database {
    Database::Postgres(server_of(name).create(&name.replace('-', "_")))
}

/// The database's server dies, and starts again.
fn break_database(name: &str) {
    server_of(name).restart_at_once();
}

/// The one for a test, started when it is first asked for: one for all, and another for who breaks it.
fn server_of(test: &str) -> &'static Postgres {
    static SHARED: OnceLock<Postgres> = OnceLock::new();
    static BROKEN: OnceLock<Postgres> = OnceLock::new();
    match test {
        "kills" => BROKEN.get_or_init(|| Postgres::start("broken")),
        _ => SHARED.get_or_init(|| Postgres::start("shared")),
    }
}

// Meant to notice: a readiness that does not ask the database.
#[test]
fn a_backend_whose_database_is_gone_is_not_ready() {
    let server = Postgres::start("gone");
    let shop = shop::Shop::with("gone", |config| {
        config.database = Database::Postgres(server.create("gone"));
        ready::with_monitor(config);
    });
    assert_eq!(shop.create("till-1", "10.15").status, 200);
    let status = || (ready::status(&shop, "/healthz"), ready::status(&shop, "/readyz"));
    assert_eq!(status(), (200, 200));
    server.end();
    assert_eq!(status(), (200, 503));
    assert_eq!(shop.get("/orders/till-1").status, 503);
    server.run();
    assert_eq!((status(), shop.get("/orders/till-1").status), ((200, 200), 200));
}

// Meant to notice: a check that makes tables, or that takes an address without a server for a database.
#[test]
fn a_check_looks_at_the_database_and_changes_nothing() {
    let url = server_of("check").create("check_only");
    let check = |url: &str| {
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_backend"));
        program.args(["check", "--gateway", "https://127.0.0.1:1/pg", "--dir"]).arg(std::env::temp_dir());
        program.env("CASHFREE_CLIENT_ID", "id").env("CASHFREE_CLIENT_SECRET", "secret").env("BACKEND_DATABASE", url);
        let output = program.output().expect("the program");
        (output.status.success(), String::from_utf8(output.stdout).expect("text"))
    };
    let note = "note: the database is brought up to date at the start";
    (0..2).for_each(|_| assert!(check(&url).0 && check(&url).1.contains(note)));
    backend::add_token(Database::Postgres(url.clone()), "kiosk-1").expect("a token");
    assert!(check(&url).0 && !check(&url).1.contains(note));
    let (ok, said) = check("postgres://postgres@localhost/none?host=/nowhere");
    assert!(!ok && said.contains("wrong: the database: "), "{said}");
}
