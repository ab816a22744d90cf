//! The backend over real HTTPS, in front of a sandbox in the same process.

mod access;
mod accounts;
mod book;
mod child;
mod forward;
mod gate;
mod hooks;
mod kill;
mod operate;
mod orders;
mod page;
mod program;
mod rates;
mod ready;
mod reconcile;
mod recover;
mod refunds;
mod relay;
mod restore;
mod retention;
mod running;
mod shop;
mod silent;

use backend::Database;

/// SQLite; the same tests run on PostgreSQL in `tests/postgres`.
fn database(_: &str, dir: &std::path::Path) -> Database {
    Database::from(dir)
}

/// So many backends on one database.
const BACKENDS: usize = 1;

/// SQLite dies with its backend.
fn break_database(_: &str) {}
