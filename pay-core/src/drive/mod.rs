//! Runs a sale over a transport and a journal.

mod driver;
pub mod journal;
mod routes;
mod trace;
pub mod transport;

pub use driver::{DriveError, Driver, Need};
pub use journal::{Journal, JournalFull, MemoryJournal, NoJournal};
pub use routes::Routes;
pub use transport::{Blocking, Transport};
