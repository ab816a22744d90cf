//! The sales that the journal has open, looked after one by one while nobody needs the network.

use super::super::model::OrderId;
use super::super::sale::Millis;
use super::desk::Desk;

/// After a round, or when nobody answers, the next begins so much later.
const REST_MS: u32 = 60_000;

/// A sale that has nothing to do for so long makes room for the next; the journal has it.
const PATIENCE_MS: u64 = 60_000;

/// The sales that the journal has open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Back {
    /// The one at work.
    pub(super) desk: Option<Desk>,
    /// The order of the one before it.
    pub(super) after: Option<OrderId>,
    /// Nothing is looked for before this time.
    pub(super) rest: Millis,
    /// How many of this round are still open.
    pub(super) open: u32,
    /// Nobody answered, or the journal failed.
    troubled: bool,
    /// A round has ended since somebody asked.
    pub(super) round_over: bool,
}

impl Back {
    /// There may be something to do.
    pub(super) fn wants(&self, now: Millis) -> bool {
        self.desk.is_some() || now >= self.rest
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

    /// Nobody answers, or the journal fails: not again for a while.
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

    /// A sale was left open: there is something to look for, if anybody answers.
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
