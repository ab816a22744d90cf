//! The tests of `tests/https` on PostgreSQL, on a server of their own. Debian's package `postgresql` has it; `cargo xtask test --install`
//! installs it.

#[path = "../https/access.rs"]
mod access;
#[path = "../https/book.rs"]
mod book;
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
#[path = "../https/recover.rs"]
mod recover;
#[path = "../https/refunds.rs"]
mod refunds;
#[path = "../https/relay.rs"]
mod relay;
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
