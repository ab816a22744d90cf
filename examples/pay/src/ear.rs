//! Hears what a till does, for output. Nothing is decided here.

use core::fmt::Display;
use std::cell::{Ref, RefCell};
use std::rc::Rc;

use pay_core::sale::{Delivery, Outcome, Record};
use pay_core::till::{Heard, Note, Observer};

/// Hears of every step; a clone hears the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Ear(Rc<RefCell<Notes>>);

/// What was heard.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// The last exchange had no answer, or none that says what was asked, as a clause.
    trouble: Option<String>,
    /// The last exchange did not leave this machine.
    pub(super) not_sent: bool,
    /// A call that can change something may have arrived.
    pub(super) acted: bool,
    /// The last exchange was such a call.
    pub(super) last_acts: bool,
    /// What the journal said last when it failed.
    pub(super) journal: Option<String>,
    /// Sales that were looked after, and how each stands.
    pub(super) settled: Vec<(Record, Outcome)>,
}

impl Ear {
    pub(super) fn notes(&self) -> Ref<'_, Notes> {
        self.0.borrow()
    }

    /// Nothing that could change anything has left, and nobody answers as asked.
    pub(super) fn is_idle(&self) -> bool {
        let notes = self.notes();
        !notes.acted && notes.trouble.is_some()
    }
}

impl Notes {
    /// The last thing that went wrong, as a clause.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }
}

impl Observer for Ear {
    fn exchanged(&mut self, heard: Heard<'_>) {
        let mut notes = self.0.borrow_mut();
        notes.not_sent = matches!(&heard.result, Err(failure) if failure.delivery == Delivery::NotSent);
        notes.acted |= heard.call.acts() && !notes.not_sent;
        notes.last_acts = heard.call.acts();
        notes.trouble = match (&heard.result, heard.error) {
            (Ok(200..=299), _) => None,
            (Ok(status), _) => Some(format!("the gateway answered with status {status}")),
            (Err(_), Some(error)) => Some(error.to_string()),
            (Err(failure), None) => Some(failure.to_string()),
        };
    }

    fn journal_failed(&mut self, error: &dyn Display) {
        self.0.borrow_mut().journal = Some(error.to_string());
    }

    fn note(&mut self, note: &Note<'_>) {
        if let Note::Settled(record, outcome) = note {
            self.0.borrow_mut().settled.push(((*record).clone(), outcome.clone()));
        }
    }
}
