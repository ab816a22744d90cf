//! The time that is compared.

use pay_core::model::{Timestamp, UnixSeconds};

/// The pages are asked for so much more on either side: the gateway may count an event by another of its times.
const MARGIN_S: u64 = 3_600;
/// A payment may come so long after its order was wanted: longer than an order can be paid, and than the last look at one.
const LATE_S: u64 = 4 * 86_400;

/// From and to these times, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) from: u64,
    pub(crate) to: u64,
}

impl Window {
    /// What happened then must be on the pages.
    pub(crate) const fn holds(self, at_ms: u64) -> bool {
        let at = at_ms / 1000;
        self.from <= at && at <= self.to
    }

    /// The orders that can have been paid then: wanted from and to these times, in milliseconds.
    pub(crate) const fn orders(self) -> (u64, u64) {
        (self.from.saturating_sub(LATE_S) * 1000, self.to * 1000 + 999)
    }

    /// What the pages are asked for.
    pub(crate) fn pages(self) -> (Timestamp, Timestamp) {
        let time = |at| Timestamp::from_unix(UnixSeconds(at));
        (time(self.from.saturating_sub(MARGIN_S)), time(self.to + MARGIN_S))
    }
}
