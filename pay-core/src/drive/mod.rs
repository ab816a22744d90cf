//! Runs a sale over a transport and a journal.

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
