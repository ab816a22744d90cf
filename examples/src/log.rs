//! Why a till could not learn something, on standard error.

use core::fmt::Display;

use pay_core::till::{Heard, Observer};

/// Prints each exchange that failed or was refused, and each failure of the journal. Without an observer nobody is told.
#[derive(Clone, Copy, Debug)]
pub struct Log;

impl Observer for Log {
    fn exchanged(&mut self, heard: Heard<'_>) {
        match (heard.error, heard.result) {
            (Some(error), _) => eprintln!("{:?}: {error}", heard.call),
            (None, Ok(200..300)) => {}
            (None, result) => eprintln!("{:?}: {result:?}", heard.call),
        }
    }

    fn journal_failed(&mut self, error: &dyn Display) {
        eprintln!("the journal: {error}");
    }
}
