//! Does the book's duties when they are due: order by order, under a lease.

use core::time::Duration;

use pay_core::model::OrderId;
use pay_core::sale::Millis;

use crate::answer::Answer;
use crate::desk::Desk;
use crate::notice::Notice;
use crate::rules;
use crate::store::Known;

/// The pause after a failed visit to an order. It doubles with each further failure.
const PAUSE_MAX_MS: u64 = 600_000;
/// How many duties of an order are done in one visit.
const AT_ONCE: usize = 8;

impl Desk {
    /// Does duties until the agenda is stopped.
    pub(crate) fn watch(&self) {
        while let Some(plans) = self.agenda.plans() {
            self.seen.keep(&self.store, self.clock.now());
            let now = self.time();
            match self.store.take_due(now) {
                Ok(Some(order)) => self.visit(&order),
                Ok(None) => {
                    let next = self.store.next_due(now).ok().flatten();
                    self.agenda.wait(plans, next.map(|at| Duration::from_millis(at.since(now).max(1))));
                }
                Err(error) => {
                    self.notify(&Notice::NotKept(error.to_string()));
                    self.agenda.wait(plans, None);
                }
            }
        }
    }

    /// Does what is due now. Returns how long until the next duty.
    #[cfg(test)]
    pub(crate) fn watch_once(&self) -> Option<Duration> {
        loop {
            let now = self.time();
            match self.store.take_due(now).expect("a database") {
                Some(order) => self.visit(&order),
                None => {
                    let next = self.store.next_due(now).expect("a database");
                    return next.map(|at| Duration::from_millis(at.since(now)));
                }
            }
        }
    }

    fn time(&self) -> Millis {
        Millis(self.clock.moment().0)
    }

    /// Does what is due for an order that this backend has leased.
    fn visit(&self, order: &OrderId) {
        let next = self.serve_out(order);
        self.tell(order);
        // If this fails, the lease runs out and some backend does the duty then.
        if let Ok(Some((n, at))) = next
            && let Err(error) = self.store.plan(order, n, at)
        {
            self.notify(&Notice::NotKept(error.to_string()));
        }
    }

    /// When the order's next duty is due, and the number of events on which that is based.
    fn serve_out(&self, order: &OrderId) -> Result<Option<(i64, Option<Millis>)>, Answer> {
        for round in 0..=AT_ONCE {
            let Some(Known { entry, n }) = self.known(order)? else { return Ok(None) };
            let due = entry.due(self.terms);
            let duty = match due {
                Some((at, duty)) if at <= self.time() && round < AT_ONCE => duty,
                due => return Ok(Some((n, due.map(|(at, _)| at)))),
            };
            // This backend lacks the account's keys and does nothing; another backend may have them.
            let counter = self.at_owner(*entry.owner())?;
            // If the lease cannot be renewed, go on: a second backend would make the same calls with the same ids.
            let _ = self.store.keep_lease(order, self.time());
            let done = rules::fulfil(&counter, &entry, duty).is_ok();
            self.metrics.did_duty(done);
            if !done {
                let misses = self.missed(order);
                let pause = self.terms.first_look_ms.saturating_mul(1 << misses.min(16)).min(PAUSE_MAX_MS);
                let n = self.known(order)?.map_or(n, |known| known.n);
                return Ok(Some((n, Some(Millis(self.time().0.saturating_add(pause.max(1)))))));
            }
            self.met(order);
        }
        Ok(None)
    }
}
