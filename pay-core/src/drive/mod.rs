//! Runs one sale over a transport and a journal.
//!
//! [`Driver`] does what a [`Sale`](crate::Sale) asks for: it stores records in a [`Journal`] and exchanges requests
//! over a [`Transport`]. It never waits for people: a [`Need`] says what the sale waits for. Most programs use
//! [`Till`](crate::till::Till) instead, which runs whole sales.

mod apart;
mod driver;
pub mod journal;
mod routes;
mod trace;
pub mod transport;

pub use apart::Apart;
pub use driver::{DriveError, Driver, Need};
pub use journal::{Journal, MemoryJournal, MemoryJournalError};
pub use routes::Routes;
pub use transport::{Blocking, Transport};
