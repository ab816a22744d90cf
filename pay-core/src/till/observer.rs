//! An observer is told of every step, without secrets: for logs, screens and tests. No wrapper around a transport is
//! needed.

use core::fmt;

use super::super::model::CallKind;
use super::super::sale::{Failure, Record};
use super::super::wire::Route;
use super::step::Note;

/// One exchange, without secrets.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Heard<'a> {
    /// The call.
    pub call: CallKind,
    /// The connection that carried it.
    pub route: Route,
    /// The status of the answer, or why there is none and whether the request can have arrived.
    pub result: Result<u16, Failure>,
    /// The transport's own words for a failure.
    pub error: Option<&'a dyn fmt::Display>,
}

/// Is told of every step. All methods do nothing by default; `()` is an observer.
pub trait Observer {
    /// A request was sent, or could not be.
    fn exchanged(&mut self, heard: Heard<'_>) {
        let _ = heard;
    }

    /// The journal has stored this record: the state of a sale has changed.
    fn stored(&mut self, record: &Record) {
        let _ = record;
    }

    /// The journal failed, or one record of it cannot be read: then only that record's order is not sold.
    fn journal_failed(&mut self, error: &dyn fmt::Display) {
        let _ = error;
    }

    /// Anything else.
    fn note(&mut self, note: &Note<'_>) {
        let _ = note;
    }
}

impl Observer for () {}

impl<O: Observer> Observer for &mut O {
    fn exchanged(&mut self, heard: Heard<'_>) {
        O::exchanged(self, heard);
    }

    fn stored(&mut self, record: &Record) {
        O::stored(self, record);
    }

    fn journal_failed(&mut self, error: &dyn fmt::Display) {
        O::journal_failed(self, error);
    }

    fn note(&mut self, note: &Note<'_>) {
        O::note(self, note);
    }
}

impl fmt::Debug for Heard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {:?}", self.call, self.result)
    }
}
