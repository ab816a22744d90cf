//! When a closed order is settled: one rule, shared by the sale and the merchant's book.
//!
//! A closed order (`TERMINATED`, `EXPIRED`) takes no new payment, but one in progress may still succeed. And an attempt
//! that the shopper did not complete may stay `NOT_ATTEMPTED` for ever (seen in production, August 2026). So:
//!
//! - Every attempt final: settled by two complete readings at least [`FINAL_MS`] apart (a failed attempt can succeed
//!   late).
//! - Some are `NOT_ATTEMPTED`, the rest final: none is in progress, so the order counts against no limit; settled by
//!   two complete readings at least [`NOT_ATTEMPTED_MS`] apart.
//! - Any other may still charge: never settled by waiting. `PENDING` for ever needs a person.
//!
//! The monotonic clock of one power-on, or the gateway's own `Date`, measures the time between two readings. The
//! device's wall clock is never used.

use super::super::model::{PaymentStatus, UnixSeconds};
use super::time::Millis;

/// The time between two readings that settle an order whose attempts are all final: 30 seconds.
pub const FINAL_MS: u64 = 30_000;

/// The time between two readings that settle an order with attempts that were not completed: 30 minutes.
pub const NOT_ATTEMPTED_MS: u64 = 30 * 60_000;

/// What a payment on a closed order can still do. The highest of a list decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
// Exhaustive on purpose: a forgotten arm costs someone money.
#[allow(clippy::exhaustive_enums)]
pub enum Standing {
    /// Final, not charged.
    Over,
    /// `NOT_ATTEMPTED`: not completed.
    NotAttempted,
    /// It may still charge: `PENDING`, `FLAGGED`, held and not captured, a word unknown here, or unreadable.
    Moving,
    /// It charged.
    Succeeded,
}

impl Standing {
    /// Of a payment by its status; `is_captured` `Some(false)`: the money is only held.
    pub fn of(status: PaymentStatus<'_>, is_captured: Option<bool>) -> Self {
        match status {
            PaymentStatus::Success if is_captured == Some(false) => Self::Moving,
            PaymentStatus::Success => Self::Succeeded,
            PaymentStatus::NotAttempted => Self::NotAttempted,
            other if other.is_final() => Self::Over,
            _ => Self::Moving,
        }
    }
}

/// When a complete reading was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[allow(clippy::exhaustive_structs)] // made by the caller
pub struct ReadAt {
    /// Tells one power-on from another, as monotonic time begins anew with each.
    pub power_on: u32,
    /// Monotonic time in it.
    pub now: Millis,
    /// The gateway's `Date`, where its answer had one.
    pub date: Option<UnixSeconds>,
}

impl ReadAt {
    /// Whether the two readings can be told to be apart, now or by a later one: without a `Date` the earlier one is
    /// worth nothing after a boot, nor is one that lies ahead.
    pub(super) const fn can_follow(&self, earlier: &Self) -> bool {
        if self.power_on == earlier.power_on {
            return earlier.now.0 <= self.now.0;
        }
        match (earlier.date, self.date) {
            (Some(then), Some(now)) => then.0 <= now.0,
            (Some(_), None) => true,
            (None, _) => false,
        }
    }

    /// Milliseconds since `earlier`, by the clock that both readings share; 0 where they share none.
    pub const fn since(&self, earlier: &Self) -> u64 {
        if self.power_on == earlier.power_on {
            return self.now.since(earlier.now);
        }
        match (earlier.date, self.date) {
            // A `Date` is cut to the second: one second less is certain.
            (Some(then), Some(now)) => now.0.saturating_sub(then.0).saturating_sub(1).saturating_mul(1_000),
            _ => 0,
        }
    }
}

/// Since when complete readings of a closed order agree that nothing moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Quiet {
    pub(super) since: Option<ReadAt>,
}

/// What a reading of a closed order comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
// Exhaustive on purpose: a forgotten arm costs someone money.
#[allow(clippy::exhaustive_enums)]
pub enum Settling {
    /// A payment succeeded.
    Paid,
    /// Money may still move.
    Moving,
    /// Nothing moves; a second reading has to agree. `due_ms`: how long after the first it may be made.
    Quiet {
        /// Milliseconds after the first reading that agrees.
        due_ms: u64,
    },
    /// Nothing came and nothing can come.
    Settled,
}

impl Quiet {
    /// What was kept of an earlier power-on: when the first agreeing reading was made, by the gateway's `Date`.
    pub const fn kept(since: ReadAt) -> Self {
        Self { since: Some(since) }
    }

    /// The first of the readings that agree.
    pub const fn since(&self) -> Option<ReadAt> {
        self.since
    }

    /// Notes a complete reading: `worst` is the highest [`Standing`] in it ([`Standing::Over`] for an empty list).
    pub fn read(&mut self, worst: Standing, at: ReadAt) -> Settling {
        let due_ms = match worst {
            Standing::Succeeded => {
                self.broken();
                return Settling::Paid;
            }
            Standing::Moving => {
                self.broken();
                return Settling::Moving;
            }
            Standing::NotAttempted => NOT_ATTEMPTED_MS,
            Standing::Over => FINAL_MS,
        };
        let since = self.since.filter(|since| at.can_follow(since)).unwrap_or(at);
        self.since = Some(since);
        if at.since(&since) >= due_ms { Settling::Settled } else { Settling::Quiet { due_ms } }
    }

    /// A reading failed, was not complete, or the order was open: readings agree only if nothing lies between them that
    /// could have said otherwise.
    pub const fn broken(&mut self) {
        self.since = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(power_on: u32, seconds: u64, date: Option<u64>) -> ReadAt {
        ReadAt { power_on, now: Millis(seconds * 1_000), date: date.map(UnixSeconds) }
    }

    // Mutants: `NotAttempted` counted as over settles after 30 s; `Moving` that does not break lets PENDING in between pass.
    #[test]
    fn two_readings_far_enough_apart_settle() {
        let mut quiet = Quiet::default();
        assert_eq!(quiet.read(Standing::Over, at(1, 0, None)), Settling::Quiet { due_ms: FINAL_MS });
        assert_eq!(quiet.read(Standing::Over, at(1, 29, None)), Settling::Quiet { due_ms: FINAL_MS });
        assert_eq!(quiet.since(), Some(at(1, 0, None)));
        assert_eq!(quiet.read(Standing::NotAttempted, at(1, 30, None)), Settling::Quiet { due_ms: NOT_ATTEMPTED_MS });
        assert_eq!(quiet.read(Standing::Over, at(1, 30, None)), Settling::Settled);
        assert_eq!(quiet.read(Standing::Moving, at(1, 31, None)), Settling::Moving);
        assert_eq!(quiet.read(Standing::NotAttempted, at(1, 32, None)), Settling::Quiet { due_ms: NOT_ATTEMPTED_MS });
        assert_eq!(
            quiet.read(Standing::NotAttempted, at(1, 1_831, None)),
            Settling::Quiet { due_ms: NOT_ATTEMPTED_MS }
        );
        assert_eq!(quiet.read(Standing::NotAttempted, at(1, 1_832, None)), Settling::Settled);
        assert_eq!(quiet.read(Standing::Succeeded, at(1, 1_833, None)), Settling::Paid);
        assert_eq!(quiet.since(), None);
    }

    // Mutant: monotonic times of two power-ons compared.
    #[test]
    fn over_a_boot_only_the_gateways_date_counts() {
        let mut quiet = Quiet::kept(at(1, 5, Some(1_000)));
        assert_eq!(
            quiet.read(Standing::NotAttempted, at(2, 9_000, None)),
            Settling::Quiet { due_ms: NOT_ATTEMPTED_MS }
        );
        assert_eq!(
            quiet.read(Standing::NotAttempted, at(2, 9_000, Some(2_800))),
            Settling::Quiet { due_ms: NOT_ATTEMPTED_MS }
        );
        assert_eq!(quiet.read(Standing::NotAttempted, at(2, 6, Some(2_801))), Settling::Settled);
        assert_eq!(at(2, 0, Some(500)).since(&at(1, 0, Some(1_000))), 0, "set back");
        let mut quiet = Quiet::kept(at(1, 5, None));
        assert_eq!(quiet.read(Standing::Over, at(2, 9_000, None)), Settling::Quiet { due_ms: FINAL_MS });
        assert_eq!(quiet.read(Standing::Over, at(2, 9_030, None)), Settling::Settled, "begins anew in this power-on");
    }

    #[test]
    fn a_held_payment_and_an_unknown_word_may_move() {
        assert_eq!(Standing::of(PaymentStatus::Success, Some(false)), Standing::Moving);
        assert_eq!(Standing::of(PaymentStatus::Success, None), Standing::Succeeded);
        assert_eq!(Standing::of(PaymentStatus::parse("FLAGGED"), None), Standing::Moving);
        assert_eq!(Standing::of(PaymentStatus::parse("SOON"), None), Standing::Moving);
        assert_eq!(Standing::of(PaymentStatus::NotAttempted, None), Standing::NotAttempted);
        assert_eq!(Standing::of(PaymentStatus::UserDropped, None), Standing::Over);
    }
}
