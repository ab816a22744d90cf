//! When to do what is due for which order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pay_core::model::OrderId;
use pay_core::sale::Millis;

/// What people say is looked for so often.
const HEAR: Duration = Duration::from_secs(2);

/// Orders by the time at which something is due, in the book's time.
pub(crate) struct Agenda {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    due: BTreeSet<(Millis, OrderId)>,
    at: BTreeMap<OrderId, Millis>,
    stopped: bool,
}

/// What [`Agenda::next`] gives.
pub(crate) enum Next {
    /// This order is due, and off the agenda.
    Order(OrderId),
    /// Nothing is, for so long.
    Nothing(Option<Duration>),
    /// [`Agenda::stop`] was called.
    Stopped,
}

impl Agenda {
    pub(crate) fn new<'a>(orders: impl Iterator<Item = (&'a OrderId, Millis)>) -> Self {
        let mut state = State::default();
        orders.for_each(|(order, at)| state.put(order.clone(), Some(at)));
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// This order is due then, or not at all.
    pub(crate) fn put(&self, order: &OrderId, at: Option<Millis>) {
        self.lock().put(order.clone(), at);
        self.changed.notify_all();
    }

    /// Ends [`Agenda::wait`].
    pub(crate) fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    /// The order that is due first, if it is by now.
    pub(crate) fn next(&self, now: Millis) -> Next {
        let mut state = self.lock();
        if state.stopped {
            return Next::Stopped;
        }
        match state.due.first().cloned() {
            Some((at, order)) if at <= now => {
                state.put(order.clone(), None);
                Next::Order(order)
            }
            first => Next::Nothing(first.map(|(at, _)| Duration::from_millis(at.since(now)))),
        }
    }

    /// Waits so long, or until something changes.
    pub(crate) fn wait(&self, time: Option<Duration>) {
        let state = self.lock();
        if !state.stopped {
            let time = time.unwrap_or(HEAR).min(HEAR);
            drop(self.changed.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn put(&mut self, order: OrderId, at: Option<Millis>) {
        let before = match at {
            Some(at) => self.at.insert(order.clone(), at),
            None => self.at.remove(&order),
        };
        if let Some(before) = before {
            self.due.remove(&(before, order.clone()));
        }
        if let Some(at) = at {
            self.due.insert((at, order));
        }
    }
}
