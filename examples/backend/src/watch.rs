//! What the backend does by itself: sees orders to their end, and gives money back.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use pay_core::model::{ApiVersion, CreateRefund, OrderId, RefundId, RefundReason, RefundStatus};
use pay_core::wire::{Call, decode, encode};

use crate::answer::Answer;
use crate::book::{Duty, Seen, What};
use crate::config::Notice;
use crate::desk::Desk;

/// Longest pause between two looks.
const PAUSE_MAX: Duration = Duration::from_secs(600);
/// For calls of our own.
const VERSION: ApiVersion = ApiVersion::V2025_01_01;

/// When to look at which order.
pub(crate) struct Agenda {
    state: Mutex<State>,
    changed: Condvar,
    first: Duration,
}

struct State {
    due: BTreeMap<String, (Instant, u32)>,
    stopped: bool,
}

/// How a look ended.
#[derive(PartialEq, Eq)]
enum Look {
    Done,
    Again,
}

impl Agenda {
    /// All of these are due now.
    pub(crate) fn new<'a>(first: Duration, orders: impl Iterator<Item = &'a str>) -> Self {
        let now = Instant::now();
        let due = orders.map(|order| (order.to_owned(), (now, 0))).collect();
        Self { state: Mutex::new(State { due, stopped: false }), changed: Condvar::new(), first }
    }

    /// This order is due now.
    pub(crate) fn call(&self, order: &str) {
        self.lock().due.insert(order.to_owned(), (Instant::now(), 0));
        self.changed.notify_all();
    }

    /// Ends [`Desk::watch`].
    pub(crate) fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    /// Waits for the next order that is due, and takes it off; with the looks it has had. `None` once stopped.
    fn next(&self) -> Option<(String, u32)> {
        let mut state = self.lock();
        loop {
            if state.stopped {
                return None;
            }
            let next = state.due.iter().min_by_key(|(_, (at, _))| *at).map(|(order, (at, _))| (order.clone(), *at));
            let wait = next.as_ref().map(|(_, at)| at.saturating_duration_since(Instant::now()));
            state = match (next, wait) {
                (Some((order, _)), Some(Duration::ZERO)) => {
                    let looks = state.due.remove(&order).map_or(0, |(_, looks)| looks);
                    return Some((order, looks));
                }
                (_, Some(wait)) => self.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0,
                (_, None) => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Puts an order back, unless it was called meanwhile.
    fn later(&self, order: String, looks: u32) {
        let pause = self.first.saturating_mul(1 << looks.min(16)).min(PAUSE_MAX);
        self.lock().due.entry(order).or_insert((Instant::now() + pause, looks + 1));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    /// Does what is owed, until [`Agenda::stop`].
    pub(crate) fn watch(&self) {
        while let Some((order, looks)) = self.agenda.next() {
            let Ok(id) = OrderId::parse(&order) else { continue };
            if self.look(&id) == Look::Again {
                self.agenda.later(order, looks);
            }
        }
    }

    fn look(&self, order: &OrderId) -> Look {
        if let Some(Duty::Watch { close }) = self.duty(order) {
            let Some(seen) = self.see(order, close) else { return Look::Again };
            if self.decide(order, |entry| Ok(entry.look(seen))).is_err() {
                return Look::Again;
            }
        }
        match self.duty(order) {
            None => Look::Done,
            Some(Duty::Watch { .. }) => Look::Again,
            Some(Duty::Refund(reason)) => self.refund(order, reason),
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
            return self.took_money(order).map(|paid| Seen::Ended { paid });
        }
        if close && reading.is_active {
            self.gateway.ask(Call::TerminateOrder(order), VERSION, encode::TERMINATE_ORDER);
            self.forget(order);
        }
        Some(Seen::Open)
    }

    /// Whether an attempt took money for an order that has ended. `None`: unknown.
    fn took_money(&self, order: &OrderId) -> Option<bool> {
        let answer = self.payments(order, VERSION);
        if !answer.is_success() {
            return None;
        }
        let mut body = answer.body;
        let mut payments = decode::payments(&mut body);
        loop {
            match payments.next() {
                Ok(Some(payment)) if payment.is_paid() => return Some(true),
                Ok(Some(_)) => {}
                Ok(None) => return Some(false),
                Err(_) => return None,
            }
        }
    }

    /// Always the same refund: whatever became of an earlier try, money goes back once.
    fn refund(&self, order: &OrderId, reason: RefundReason) -> Look {
        let id = RefundId::derive(order, reason, 0);
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
        if self.decide(order, |_| Ok(Some(What::Over))).is_err() {
            return Look::Again;
        }
        let (order_id, refund_id) = (order.to_string(), id.to_string());
        self.notify(&if cancelled {
            Notice::RefundCancelled { order_id, refund_id }
        } else {
            Notice::Refunded { order_id, refund_id }
        });
        Look::Done
    }
}

/// Whether the gateway cancelled this refund; `None` if the answer does not show it.
fn refunded(answer: &Answer, id: &RefundId) -> Option<bool> {
    let mut body = answer.body.clone();
    let refund = decode::refund(&mut body).ok().filter(|_| answer.is_success())?;
    (refund.refund_id == id.as_str()).then_some(refund.status == RefundStatus::Cancelled)
}
