//! One entry for many that behave alike, for the exploration of all states: every time is measured from now.

use pay_core::sale::{Millis, Quiet, ReadAt};

use super::entry::Entry;
use super::event::Moment;

/// The moment that every canonical entry stands at: 1,000 hours.
const NOON: u64 = 3_600_000_000;

impl Entry {
    /// Brings it to its canonical form, and gives the new now.
    #[doc(hidden)]
    pub fn canonical(&mut self, now: Moment) -> Moment {
        let back = |at: Millis| Millis(NOON.saturating_add(at.0).saturating_sub(now.0));
        let (kept, pace) = (&mut self.kept, &mut self.pace);
        // Only how long ago it was paid and made is asked for where nobody reports; these worlds do.
        kept.made = kept.made.map(|_| Moment(0));
        kept.paid = kept.paid.map(|_| Moment(0));
        kept.goods.reported = kept.goods.reported.map(|_| Moment(0));
        kept.watch.since = kept.watch.since.map(back);
        kept.watch.settled = kept.watch.settled.map(back);
        if let Some(since) = kept.watch.quiet.since() {
            kept.watch.quiet = Quiet::kept(ReadAt { now: back(since.now), ..since });
        }
        kept.refunds.rebase(|at| Moment(back(at.millis()).0));
        kept.hints.rebase(|at| Moment(back(at.millis()).0));
        pace.last = pace.last.map(back);
        pace.quiet_until = pace.quiet_until.map(back);
        // The pause no longer grows.
        pace.looks = pace.looks.min(8);
        Moment(NOON)
    }
}
