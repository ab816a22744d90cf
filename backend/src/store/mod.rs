//! The book in a database: SQLite in the backend's folder, or PostgreSQL for several backends.
//!
//! An order is its events, replayed through the book. A new event is stored in one transaction with the order's number of events. A backend
//! that decided on fewer events changes no row: it reads the new ones and decides again. See `docs/backend.md`.

mod database;
mod devices;
mod duties;
mod forwards;
mod import;
mod leases;
mod listen;
mod news;
mod orders;
mod people;
mod retention;
mod schema;
mod story;
#[cfg(test)]
mod tests;
mod tokens;
mod told;

pub use database::Database;
pub(crate) use database::{Found, Outdated, Role};
pub(crate) use listen::Heard;
pub(crate) use orders::{Known, Store};
pub use orders::{add_word, listed};
pub(crate) use people::is_name;
pub use people::{PersonError, add_person, people, remove_person};
pub use retention::{ForgetError, Forgotten, KEPT_DAYS, forget};
pub(crate) use story::{Happened, Listed, ORDERS};
pub(crate) use tokens::Device;
pub use tokens::{
    DeviceToken, TokenError, add_account_token, add_direct_token, add_shop_token, add_token, revoke_token, tokens,
};
pub(crate) use told::Told;
