//! Settles the open sales of the journal, one by one, while the shopper's sale does not need the network.

use super::super::model::OrderId;
use super::super::sale::Millis;
use super::desk::{Desk, Said};

/// The pause after a round, or after the ask route gave no answer, in milliseconds.
const REST_MS: u32 = 60_000;

/// A sale with nothing to do for this long makes room for the next; the journal has it.
const PATIENCE_MS: u64 = 60_000;

/// The open sales of the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Back {
    /// The current one.
    pub(super) desk: Option<Desk>,
    /// The order of the previous one.
    pub(super) after: Option<OrderId>,
    /// No sale is looked up before this time.
    pub(super) rest: Millis,
    /// How many of this round are still open.
    pub(super) open: u32,
    /// The ask route gave no answer, or the journal failed.
    troubled: bool,
    /// A round has ended since the last request for one.
    pub(super) round_over: bool,
}

impl Back {
    /// There may be something to do.
    pub(super) fn wants(&self, now: Millis) -> bool {
        self.desk.is_some() || now >= self.rest
    }

    /// The sale at work has something to do until then.
    pub(super) fn is_due(&self, by: Millis) -> bool {
        self.desk.as_ref().is_some_and(|desk| !matches!(desk.said, Said::Wait(at) if at > by))
    }

    /// The sale at work has nothing to do for long, and others may.
    pub(super) fn is_idle(now: Millis, at: Millis) -> bool {
        at.since(now) > PATIENCE_MS
    }

    /// The sale at work makes room. `open`: it stays open in the journal.
    pub(super) fn put_by(&mut self, open: bool) {
        if let Some(desk) = &self.desk {
            self.open += u32::from(open);
            self.after = Some(desk.order_id().clone());
        }
        self.desk = None;
    }

    /// The ask route gives no answer, or the journal fails: pause for a while.
    pub(super) fn pause(&mut self, now: Millis) {
        self.put_by(true);
        self.troubled = true;
        self.rest = now.after(REST_MS);
        self.round_over = true;
    }

    /// There is none above the last.
    pub(super) fn end_round(&mut self, now: Millis) {
        self.after = None;
        self.troubled = false;
        self.rest = now.after(REST_MS);
        self.round_over = true;
    }

    /// A sale was left open: look it up, if the ask route answers.
    pub(super) fn expect(&mut self) {
        if !self.troubled {
            self.rest = Millis::default();
        }
    }

    /// Begins a round now.
    pub(super) fn begin_round(&mut self) {
        // The journal has it. Kept at work, it would hide those before it from this round.
        self.desk = None;
        self.after = None;
        self.rest = Millis::default();
        self.open = 0;
        self.round_over = false;
    }
}
