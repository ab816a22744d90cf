//! Runs a sale over a transport and a journal.

pub mod transport;
