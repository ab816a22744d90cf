//! An order of the book, with what only its events tell.

use std::collections::{BTreeMap, BTreeSet};

use crate::book::{Entry, Event, Moment};

/// An order in the book.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) entry: Entry,
    /// When each refund was first known: the last time among the events up to then.
    pub(crate) refunds: BTreeMap<String, Moment>,
    /// Refunds that a person marked as dealt with.
    pub(crate) by_people: BTreeSet<String>,
    last: Moment,
}

impl Recorded {
    pub(crate) fn new(entry: Entry) -> Self {
        Self { entry, refunds: BTreeMap::new(), by_people: BTreeSet::new(), last: Moment(0) }
    }

    /// Applies the next event.
    pub(crate) fn on(&mut self, event: &Event) {
        self.last = event.at().unwrap_or(self.last);
        if let Event::Person { matter, .. } = event
            && let Some(id) = matter.strip_prefix("refund-")
        {
            self.by_people.insert(id.to_owned());
        }
        self.entry.on(event);
        if let Event::Refund(_) | Event::Refunds { .. } = event {
            for (id, _) in self.entry.refunds() {
                self.refunds.entry(id.to_owned()).or_insert(self.last);
            }
        }
    }
}
