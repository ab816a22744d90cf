//! When the duties of the book are done: order by order, under a lease.

use core::time::Duration;

use pay_core::model::OrderId;
use pay_core::sale::Millis;

use crate::answer::Answer;
use crate::desk::Desk;
use crate::notice::Notice;
use crate::rules;
use crate::store::Known;

/// An order that could not be asked about is left alone for so long at the least, and twice as long each time.
const PAUSE_MAX_MS: u64 = 600_000;
/// Duties done one after the other at one visit.
const AT_ONCE: usize = 8;

impl Desk {
    /// Does what is owed, until the agenda is stopped.
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

    /// Does what is due by now, and says how long until something is.
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

    /// Does what is due for an order, which nobody else has at this time.
    fn visit(&self, order: &OrderId) {
        let next = self.serve_out(order);
        self.tell(order);
        // Else the lease runs out, and somebody does it then.
        if let Ok(Some((n, at))) = next
            && let Err(error) = self.store.plan(order, n, at)
        {
            self.notify(&Notice::NotKept(error.to_string()));
        }
    }

    /// When the next duty is due after those that are done now, and of how many events that follows.
    fn serve_out(&self, order: &OrderId) -> Result<Option<(i64, Option<Millis>)>, Answer> {
        for round in 0..=AT_ONCE {
            let Some(Known { entry, n }) = self.known(order)? else { return Ok(None) };
            let due = entry.due(self.terms);
            let duty = match due {
                Some((at, duty)) if at <= self.time() && round < AT_ONCE => duty,
                due => return Ok(Some((n, due.map(|(at, _)| at)))),
            };
            // Without the keys of its account, nothing is done here: another backend may have them.
            let counter = self.at_owner(*entry.owner())?;
            // Without an answer the calls are made all the same: whoever takes the order beside us makes the same.
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
