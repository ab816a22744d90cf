//! One entry for many that behave alike, for the exploration of all states: every time is measured from now.

use pay_core::sale::{Millis, NOT_ATTEMPTED_MS, Quiet, ReadAt};

use super::entry::Entry;
use super::event::Moment;
use super::settle::{AFTER_H, HOUR_MS, PAUSE_MAX_MS};

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
        // Beyond the last of the limits that begin there, no age makes a difference.
        let age = |at: Millis, limit_ms: u64| back(at).max(Millis(NOON - limit_ms));
        let last_ms = AFTER_H.iter().max().map_or(0, |hours| hours * HOUR_MS);
        if kept.watch.settled.is_some() {
            // What opens it again begins all this anew.
            kept.watch.since = None;
            kept.watch.quiet = Quiet::default();
            kept.watch.later = kept.watch.later.min(AFTER_H.len() as u8);
        }
        let is_looked_at = usize::from(kept.watch.later) < AFTER_H.len();
        kept.watch.since = kept.watch.since.map(|at| age(at, last_ms + HOUR_MS));
        kept.watch.settled = kept.watch.settled.map(|at| age(at, if is_looked_at { last_ms } else { 0 }));
        if let Some(since) = kept.watch.quiet.since() {
            kept.watch.quiet = Quiet::kept(ReadAt { now: age(since.now, 2 * NOT_ATTEMPTED_MS), ..since });
        }
        kept.refunds.rebase(|at| Moment(age(at.millis(), PAUSE_MAX_MS).0));
        kept.hints.rebase(|at| Moment(age(at.millis(), PAUSE_MAX_MS).0));
        let limit_ms = if kept.watch.since.is_some() { last_ms + HOUR_MS } else { PAUSE_MAX_MS };
        pace.last = pace.last.map(|at| age(at, limit_ms));
        pace.quiet_until = pace.quiet_until.map(|at| age(at, 0)).filter(|_| kept.watch.settled.is_none());
        // The pause no longer grows.
        pace.looks = pace.looks.min(8);
        // Nor is a hint read for any more.
        pace.unshown = pace.unshown.min(8);
        Moment(NOON)
    }
}
