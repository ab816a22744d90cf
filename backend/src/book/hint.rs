//! What a webhook told and no reading has shown yet. It is a reason to read, and never one to believe.

use std::collections::BTreeMap;

use pay_core::model::PaymentStatus;
use pay_core::sale::{Millis, Standing};

use super::attempt::Attempt;
use super::event::{Moment, Told};
use super::refund::{Back, Refunds};

/// A hint has the order read so long after it came, and then no more: what was told is left to the other looks.
const AFTER_MS: [u64; 5] = [0, 1_000, 3_000, 10_000, 30_000];
/// So many hints are kept of an order, far more than it has payments.
const MOST: usize = 64;

/// The hints of one order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Hints {
    payments: BTreeMap<u64, Standing>,
    refunds: BTreeMap<String, Back>,
    /// A payment was told to have succeeded, and a list has shown it since: webhooks come.
    confirmed: bool,
    /// When the last one came that was news.
    since: Moment,
}

impl Hints {
    /// Takes a hint. `false`: what it tells is known already, or was told before.
    pub(super) fn take(
        &mut self,
        at: Moment,
        told: &Told,
        attempts: &BTreeMap<u64, Attempt>,
        refunds: &Refunds,
    ) -> bool {
        let is_full = self.payments.len() + self.refunds.len() >= MOST;
        let is_news = match told {
            Told::Payment { id, status } => {
                let told = Standing::of(PaymentStatus::parse(status), None);
                let known = attempts.get(id).map(|attempt| attempt.standing);
                let is_known = known.is_some_and(|known| shows(known, told));
                !is_known && !is_full && self.payments.insert(*id, told) != Some(told)
            }
            Told::Refund { id, status } => {
                let told = Back::of(status);
                let known = refunds.made().find(|(other, _)| other == id).map(|(_, made)| made.back());
                let is_known = known.is_some_and(|known| *known == told || *known == Back::Done);
                !is_known && !is_full && self.refunds.insert(id.clone(), told.clone()) != Some(told)
            }
        };
        if is_news {
            self.since = at;
        }
        is_news
    }

    /// A list of payments shows these.
    pub(super) fn seen(&mut self, attempts: impl Iterator<Item = (u64, Standing)>) {
        for (id, seen) in attempts {
            if self.payments.get(&id).is_some_and(|told| shows(seen, *told)) {
                self.confirmed |= self.payments.remove(&id) == Some(Standing::Succeeded);
            }
        }
    }

    /// So does a list of refunds.
    pub(super) fn listed(&mut self, refunds: &Refunds) {
        for (id, made) in refunds.made() {
            if self.refunds.get(id).is_some_and(|told| made.back() == told || *made.back() == Back::Done) {
                self.refunds.remove(id);
            }
        }
    }

    pub(super) fn of_payments(&self) -> bool {
        !self.payments.is_empty()
    }

    pub(super) fn of_refunds(&self) -> bool {
        !self.refunds.is_empty()
    }

    /// Money is said to have come.
    pub(super) fn of_money(&self) -> bool {
        self.payments.values().any(|told| *told == Standing::Succeeded)
    }

    /// All that was told of payments is about this one, if anything was.
    pub(super) fn are_of_one(&self, payment: Option<u64>) -> bool {
        let mut told = self.payments.keys().copied();
        let one = payment.or_else(|| told.next());
        told.all(|id| Some(id) == one)
    }

    /// Money came as it was told.
    pub(super) const fn are_confirmed(&self) -> bool {
        self.confirmed
    }

    /// When to read for them, after so many readings that did not show all.
    pub(super) fn due(&self, readings: usize) -> Option<Millis> {
        let is_open = self.of_payments() || self.of_refunds();
        let after = AFTER_MS.get(readings).filter(|_| is_open)?;
        Some(Millis(self.since.0.saturating_add(*after)))
    }

    /// Moves the time of the last one.
    #[cfg(feature = "explore")]
    pub(super) fn rebase(&mut self, back: impl Fn(Moment) -> Moment) {
        self.since = if self.of_payments() || self.of_refunds() { back(self.since) } else { Moment(0) };
    }
}

/// What is seen says as much as what was told. A payment that failed may succeed late: a failure does not answer a success.
fn shows(seen: Standing, told: Standing) -> bool {
    seen == told || seen == Standing::Succeeded || (seen == Standing::Over && told != Standing::Succeeded)
}
