//! How far the asking for a lost journal is.

use super::super::model::OrderId;
use super::super::sale::Millis;
use super::ended::Recovered;
use super::errand::TRIES;

/// How far it is. The list stays in front in `rx`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Recovery {
    pub(super) step: Step,
    /// The list's length.
    pub(super) list: usize,
    /// Which order of it.
    pub(super) n: usize,
    pub(super) found: Recovered,
    pub(super) at: Millis,
    pub(super) tries: u8,
}

/// What is asked next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Step {
    /// Which orders are there?
    Ask,
    /// Does the journal have this one?
    Look(OrderId),
    /// What does it cost?
    Read(OrderId),
    /// It is at the front desk, to be stored.
    Keep,
}

impl Recovery {
    pub(super) const fn new() -> Self {
        let found = Recovered { epoch: 0, orders: 0, left: 0 };
        Self { step: Step::Ask, list: 0, n: 0, found, at: Millis(0), tries: 0 }
    }

    /// Once more, a little later; `false`: it failed too often.
    pub(super) fn again(&mut self, now: Millis) -> bool {
        self.tries += 1;
        self.at = now.after(1_000 * u32::from(self.tries));
        self.tries < TRIES
    }
}
