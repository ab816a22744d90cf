//! When to look at an order again, and when it is settled.

use pay_core::sale::{Millis, Quiet};

/// A settled order is read again so many hours later; so is one that does not settle. After the last of them only a webhook, a
/// report or a person opens it again.
pub const AFTER_H: [u64; 4] = [1, 6, 24, 72];
/// From then on what still moves is a person's matter.
pub(super) const TELL_AFTER_MS: u64 = 24 * HOUR_MS;
pub(super) const HOUR_MS: u64 = 3_600_000;
/// An order that is paid as its webhook told is looked at a second time so long after the first.
pub(super) const REST_MS: u64 = HOUR_MS;
/// Longest pause between two looks in the first hour, and between two tries of a refund.
pub(super) const PAUSE_MAX_MS: u64 = 600_000;

/// Where an order stands on its way to being settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Watch {
    /// Looked at since then, until it is settled.
    pub(super) since: Option<Millis>,
    /// Complete readings that agree.
    pub(super) quiet: Quiet,
    /// Settled then.
    pub(super) settled: Option<Millis>,
    /// So many of the later looks are made.
    pub(super) later: u8,
}

/// How often it was looked at; lost with the process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Pace {
    pub(super) looks: u32,
    pub(super) last: Option<Millis>,
    /// Not before this, whatever the pace says.
    pub(super) quiet_until: Option<Millis>,
    /// Readings since the last hint that did not show all that was told.
    pub(super) unshown: usize,
}

impl Watch {
    /// Begins to look, or begins anew.
    pub(super) fn open(&mut self, at: Millis) {
        *self = Self { since: Some(at), ..Self::default() };
    }

    /// All looks are made, or should be.
    pub(super) fn is_at_its_end(&self, now: Millis) -> bool {
        let last = AFTER_H.last().map_or(0, |hours| hours * HOUR_MS);
        match self.settled {
            Some(_) => usize::from(self.later) >= AFTER_H.len(),
            None => self.since.is_some_and(|since| now.since(since) >= last),
        }
    }

    /// When to look next.
    pub(super) fn due(&self, pace: &Pace, first_pause: u64) -> Option<Millis> {
        if let Some(settled) = self.settled {
            return AFTER_H.get(usize::from(self.later)).map(|hours| Millis(settled.0.saturating_add(hours * HOUR_MS)));
        }
        let since = self.since?;
        let Some(last) = pace.last else { return Some(since) };
        if let Some(until) = pace.quiet_until {
            return Some(until);
        }
        let age = last.since(since);
        if age < HOUR_MS {
            let pause = first_pause.saturating_mul(1 << pace.looks.saturating_sub(1).min(16)).min(PAUSE_MAX_MS);
            return Some(Millis(last.0.saturating_add(pause)));
        }
        AFTER_H
            .iter()
            .map(|hours| hours * HOUR_MS)
            .find(|mark| *mark > age)
            .map(|mark| Millis(since.0.saturating_add(mark)))
    }
}
