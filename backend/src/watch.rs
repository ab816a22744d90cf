//! What the backend does by itself: sees orders to their end, and gives money back.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use pay_core::model::{ApiVersion, CreateRefund, OrderId, RefundId, RefundReason, RefundStatus};
use pay_core::wire::{Call, decode, encode};

use crate::answer::Answer;
use crate::book::{Duty, Seen, What};
use crate::clock::Clock;
use crate::config::Notice;
use crate::desk::Desk;

/// Longest pause between two looks.
const PAUSE_MAX: Duration = Duration::from_secs(600);
/// An attempt that can still take money is looked for so long after the order's life.
const AFTERMATH: Duration = Duration::from_secs(3600);
/// For calls of our own.
const VERSION: ApiVersion = ApiVersion::V2025_01_01;

/// When to look at which order.
pub(crate) struct Agenda {
    state: Mutex<State>,
    changed: Condvar,
    first: Duration,
    clock: Clock,
}

struct State {
    due: BTreeMap<String, Visit>,
    stopped: bool,
}

/// The next look at an order.
#[derive(Clone, Copy)]
pub(crate) struct Visit {
    /// When.
    at: Duration,
    /// When the first one was.
    since: Duration,
    /// How many there have been.
    looks: u32,
}

/// What the list of attempts shows.
struct Found {
    attempts: usize,
    successes: usize,
}

/// How a look ended.
#[derive(PartialEq, Eq)]
enum Look {
    Done,
    Again,
}

impl Agenda {
    /// All of these are due now.
    pub(crate) fn new<'a>(first: Duration, clock: Clock, orders: impl Iterator<Item = &'a str>) -> Self {
        let now = clock.now();
        let due = orders.map(|order| (order.to_owned(), Visit { at: now, since: now, looks: 0 })).collect();
        Self { state: Mutex::new(State { due, stopped: false }), changed: Condvar::new(), first, clock }
    }

    /// This order is due now.
    pub(crate) fn call(&self, order: &str) {
        let now = self.clock.now();
        self.lock().due.insert(order.to_owned(), Visit { at: now, since: now, looks: 0 });
        self.changed.notify_all();
    }

    /// Ends [`Desk::watch`].
    pub(crate) fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    /// Waits for the next order that is due, and takes it off. `None` once stopped.
    fn next(&self) -> Option<(String, Visit)> {
        let mut state = self.lock();
        while !state.stopped {
            state = match state.take(self.clock.now()) {
                Ok(next) => return Some(next),
                Err(Some(wait)) => self.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0,
                Err(None) => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
        None
    }

    /// Puts an order back, unless it was called meanwhile.
    fn later(&self, order: String, visit: Visit) {
        let pause = self.first.saturating_mul(1 << visit.looks.min(16)).min(PAUSE_MAX);
        let next = Visit { at: self.clock.now() + pause, looks: visit.looks + 1, ..visit };
        self.lock().due.entry(order).or_insert(next);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes an order that is due off, the oldest first; else says how long until one is, if there is any.
    fn take(&mut self, now: Duration) -> Result<(String, Visit), Option<Duration>> {
        let next = self.due.iter().min_by_key(|(_, visit)| visit.at).map(|(order, visit)| (order.clone(), *visit));
        match next {
            Some((order, visit)) if visit.at <= now => {
                self.due.remove(&order);
                Ok((order, visit))
            }
            Some((_, visit)) => Err(Some(visit.at - now)),
            None => Err(None),
        }
    }
}

impl Desk {
    /// Does what is owed, until [`Agenda::stop`].
    pub(crate) fn watch(&self) {
        while let Some((order, visit)) = self.agenda.next() {
            self.visit(order, visit);
        }
    }

    /// Does what is due by now, and says how long until something is.
    #[cfg(test)]
    pub(crate) fn watch_once(&self) -> Option<Duration> {
        loop {
            let taken = self.agenda.lock().take(self.agenda.clock.now());
            match taken {
                Ok((order, visit)) => self.visit(order, visit),
                Err(wait) => return wait,
            }
        }
    }

    fn visit(&self, order: String, visit: Visit) {
        let Ok(id) = OrderId::parse(&order) else { return };
        if self.look(&id, self.agenda.clock.now().saturating_sub(visit.since)) == Look::Again {
            self.agenda.later(order, visit);
        }
    }

    /// `age`: for how long this order has been looked at.
    fn look(&self, order: &OrderId, age: Duration) -> Look {
        if let Some(Duty::Watch { close }) = self.duty(order) {
            let Some(seen) = self.see(order, close) else { return Look::Again };
            if self.decide(order, |entry| Ok(entry.look(seen))).is_err() {
                return Look::Again;
            }
        }
        match self.duty(order) {
            None => Look::Done,
            Some(Duty::Watch { .. }) => Look::Again,
            Some(Duty::Refund(reason, n)) => self.refund(order, reason, n),
            Some(Duty::Count) => self.count(order, age),
        }
    }

    /// Looks for payments beyond the first. What is found is refunded at the next look, which is at once.
    fn count(&self, order: &OrderId, age: Duration) -> Look {
        // Shoppers wait for the same budget; this can wait.
        if !self.gateway.has_to_spare(Call::ListPayments(order).kind()) {
            return Look::Again;
        }
        let Some(found) = self.found(order) else { return Look::Again };
        // A paid order takes no new attempt, and none takes money long after its order ended.
        let more_may_come = found.attempts > found.successes && age < self.order_life + AFTERMATH;
        if self.decide(order, |entry| Ok(entry.count(found.successes, more_may_come))).is_err() {
            return Look::Again;
        }
        match self.duty(order) {
            None => Look::Done,
            Some(Duty::Refund(reason, n)) => self.refund(order, reason, n),
            Some(_) => Look::Again,
        }
    }

    fn duty(&self, order: &OrderId) -> Option<Duty> {
        self.entry(order)?.duty()
    }

    /// How the order stands; asks for its end where the device wanted it and the gateway has not heard. `None`: unknown.
    fn see(&self, order: &OrderId, close: bool) -> Option<Seen> {
        let answer = self.order(order, VERSION);
        let reading = self.reading(order, &answer).filter(|_| answer.is_success())?;
        if reading.is_paid {
            return Some(Seen::Paid);
        }
        if reading.is_final {
            return self.found(order).map(|found| Seen::Ended { paid: found.successes > 0 });
        }
        if close && reading.is_active {
            self.gateway.ask(Call::TerminateOrder(order), VERSION, encode::TERMINATE_ORDER);
            self.forget(order);
        }
        Some(Seen::Open)
    }

    /// The attempts at an order. `None`: unknown.
    fn found(&self, order: &OrderId) -> Option<Found> {
        let answer = self.payments(order, VERSION);
        if !answer.is_success() {
            return None;
        }
        let mut body = answer.body;
        let mut payments = decode::payments(&mut body);
        // A list may name an attempt twice, and once with an older status.
        let mut attempts = BTreeMap::new();
        while let Some(payment) = payments.next().ok()? {
            if !payment.order_id.is_empty() && payment.order_id != order.as_str() {
                return None;
            }
            *attempts.entry(payment.cf_payment_id).or_insert(false) |= payment.is_paid();
        }
        let successes = attempts.values().filter(|paid| **paid).count();
        Some(Found { attempts: attempts.len(), successes })
    }

    /// Always the same refund: whatever became of an earlier try, money goes back once.
    fn refund(&self, order: &OrderId, reason: RefundReason, n: u16) -> Look {
        let id = RefundId::derive(order, reason, n);
        let Some(amount) = self.amount(order) else { return Look::Done };
        let Ok(request) = CreateRefund::new(id.clone(), amount).with_note(reason.as_str()) else { return Look::Again };
        let mut body = [0; 512];
        let Ok(length) = encode::create_refund(&request, &mut body) else { return Look::Again };
        let mut answer = self.gateway.ask(Call::CreateRefund(order), VERSION, &body[..length]);
        if !answer.is_success() && answer.status != 429 {
            // Lost, in conflict or refused: what counts is whether it is there.
            let made = self.gateway.ask(Call::ReadRefund(order, &id), VERSION, &[]);
            if made.is_success() {
                answer = made;
            }
        }
        let Some(cancelled) = refunded(&answer, &id) else {
            self.notify(&Notice::RefundPending { order_id: order.to_string(), status: answer.status });
            return Look::Again;
        };
        let done = if reason == RefundReason::Surplus { What::SurplusBack } else { What::Over };
        if self.decide(order, |_| Ok(Some(done))).is_err() {
            return Look::Again;
        }
        let (order_id, refund_id) = (order.to_string(), id.to_string());
        self.notify(&if cancelled {
            Notice::RefundCancelled { order_id, refund_id }
        } else {
            Notice::Refunded { order_id, refund_id }
        });
        if self.duty(order).is_some() { Look::Again } else { Look::Done }
    }
}

/// Whether the gateway cancelled this refund; `None` if the answer does not show it.
fn refunded(answer: &Answer, id: &RefundId) -> Option<bool> {
    let mut body = answer.body.clone();
    let refund = decode::refund(&mut body).ok().filter(|_| answer.is_success())?;
    (refund.refund_id == id.as_str()).then_some(refund.status == RefundStatus::Cancelled)
}
