//! What the till does, as lines of the report.

use core::cell::Cell;
use core::fmt::Display;

use pay_core::sale::Delivery;
use pay_core::till::{Heard, Note, Observer};
use pay_core::wire::Route;

use crate::report::Report;

/// Hears of every step of the till.
pub(crate) struct Ear<'r, 'w> {
    pub(crate) report: &'r Report<'w>,
    /// Set while nobody answers: the shopper is told.
    pub(crate) silent: &'r Cell<bool>,
}

impl Observer for Ear<'_, '_> {
    /// Only when it is over is it known whether anything left, so `sent` comes with the answer, or with its loss.
    fn exchanged(&mut self, heard: Heard<'_>) {
        self.silent.set(heard.result.is_err());
        if !matches!(heard.result, Err(failure) if failure.delivery == Delivery::NotSent) {
            self.report.sent(heard.call);
        }
        match (heard.result, heard.route) {
            (Ok(status), Route::Pay) => self.report.reply(heard.call, status),
            (Ok(status), Route::Ask) => self.report.status(heard.call, status),
            (Err(failure), _) => match heard.error {
                Some(error) => self.report.failed(heard.call, failure.delivery, error),
                None => self.report.failed(heard.call, failure.delivery, failure),
            },
        }
    }

    fn journal_failed(&mut self, error: &dyn Display) {
        self.report.journal(error);
    }

    fn note(&mut self, note: &Note<'_>) {
        match note {
            Note::Resumed(order) => self.report.resumed(order),
            Note::Settled(record, outcome) => self.report.settled(record, outcome),
            Note::AttemptEnded(_, end) => self.report.attempt_ended(end),
            Note::Problem(order, problem) => self.report.problem(order, *problem),
            _ => {}
        }
    }
}
