//! Runs a sale over a transport and a journal.

mod driver;
pub mod journal;
mod routes;
mod trace;
pub mod transport;

pub use driver::{DriveError, Driver, Need};
pub use journal::{Journal, MemoryJournal, MemoryJournalError, NoJournal, exposure, exposure_blocking};
pub use routes::Routes;
pub use transport::{Blocking, Transport};
