//! How much a terminal may leave unsettled before it takes no new sale.

use core::fmt;

use super::super::model::{Amount, UnixSeconds};
use super::record::Record;

/// How much may be unsettled at once: sales whose outcome is not known yet, because the answer or the network was lost.
/// The merchant bears the risk and sets the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[allow(clippy::exhaustive_structs)] // made by the caller
pub struct Limits {
    /// The most unsettled sales, without the new one.
    pub open: u32,
    /// Their largest sum, with the new one, in paise (or another currency's hundredths; different currencies are added
    /// as if they were one).
    pub total_minor: u64,
    /// The greatest age of one, in seconds. Without a clock, or for a record without a time, this limit does not apply.
    pub oldest_s: u64,
}

/// What is unsettled now: the sum over the open records of a journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Exposure {
    /// Number of sales.
    pub open: u32,
    /// Their sum, in paise.
    pub total_minor: u64,
    /// When the oldest began, if known.
    pub oldest: Option<UnixSeconds>,
}

/// The limit that a new sale would exceed. Settle open sales first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum LimitReached {
    /// Too many unsettled sales.
    Open,
    /// Their sum is too large.
    Total,
    /// One is unsettled for too long.
    Age,
}

impl Exposure {
    /// Adds a record, if it is unsettled ([`Record::is_unsettled`]). A sale that is known to be paid, or whose order
    /// takes no more payments and has none in progress, is not.
    pub fn add(&mut self, record: &Record) {
        if !record.is_unsettled() {
            return;
        }
        self.open = self.open.saturating_add(1);
        self.total_minor = self.total_minor.saturating_add(record.amount.minor());
        self.oldest = match (self.oldest, record.created) {
            (Some(oldest), Some(created)) => Some(oldest.min(created)),
            (oldest, created) => oldest.or(created),
        };
    }
}

impl Limits {
    /// Checks whether a sale of `amount` may begin. `now`: the wall clock, if there is one.
    ///
    /// # Errors
    /// The first limit that it would exceed.
    pub fn admit(&self, exposure: &Exposure, amount: Amount, now: Option<UnixSeconds>) -> Result<(), LimitReached> {
        if exposure.open >= self.open {
            return Err(LimitReached::Open);
        }
        if exposure.total_minor.saturating_add(amount.minor()) > self.total_minor {
            return Err(LimitReached::Total);
        }
        match (exposure.oldest, now) {
            (Some(oldest), Some(now)) if now.0.saturating_sub(oldest.0) > self.oldest_s => Err(LimitReached::Age),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for LimitReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "too many sales are unsettled",
            Self::Total => "too much money is in unsettled sales",
            Self::Age => "a sale is unsettled for too long",
        })
    }
}

impl core::error::Error for LimitReached {}

#[cfg(test)]
mod tests {
    use super::super::record::{NotPaid, Stage};
    use super::*;
    use crate::model::{ApiVersion, Currency, Environment, OrderId};

    fn record(stage: Stage, minor: u64, created: Option<u64>) -> Record {
        let amount = Amount::from_minor(minor).unwrap();
        let order = OrderId::parse("kiosk-1").unwrap();
        let mut record =
            Record::new(order, amount, Currency::inr(), Environment::Sandbox, ApiVersion::default(), stage);
        record.created = created.map(UnixSeconds);
        record
    }

    // Mutants: `>` for `>=` with the count; the new sale not added to the total; the newest instead of the oldest.
    #[test]
    fn each_limit_stands_for_itself() {
        let mut exposure = Exposure::default();
        exposure.add(&record(Stage::Open, 1_000, Some(500)));
        exposure.add(&record(Stage::Closing, 2_000, Some(100)));
        exposure.add(&record(Stage::Creating, 3_000, None));
        for settled in [Stage::Paid { watch: true }, Stage::NotPaid(NotPaid::Expired)] {
            exposure.add(&record(settled, 9_000, Some(1)));
        }
        assert_eq!(exposure, Exposure { open: 3, total_minor: 6_000, oldest: Some(UnixSeconds(100)) });
        let limits = Limits { open: 4, total_minor: 7_000, oldest_s: 900 };
        let admit = |limits: Limits, minor, now: Option<u64>| {
            limits.admit(&exposure, Amount::from_minor(minor).unwrap(), now.map(UnixSeconds))
        };
        assert_eq!(admit(limits, 1_000, Some(1_000)), Ok(()));
        assert_eq!(admit(limits, 1_001, Some(1_000)), Err(LimitReached::Total));
        assert_eq!(admit(limits, 1_000, Some(1_001)), Err(LimitReached::Age));
        assert_eq!(admit(limits, 1_000, None), Ok(()), "without a clock there is no age");
        assert_eq!(admit(limits, 1_000, Some(0)), Ok(()), "nor with one that was set back");
        assert_eq!(admit(Limits { open: 3, ..limits }, 1_000, Some(1_000)), Err(LimitReached::Open));
    }
}
