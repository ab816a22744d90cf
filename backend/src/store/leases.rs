//! Who is at which duty, where one process does them all.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pay_core::model::OrderId;
use pay_core::sale::Millis;

/// The leases of the only backend that serves from a folder: in memory, because they end with it. To store each would take as many visits
/// to the disk as the duties themselves.
#[derive(Default)]
pub(super) struct Leases(Mutex<HashMap<OrderId, Millis>>);

impl Leases {
    /// How many there are now: so many duties at the most are somebody's.
    pub(super) fn count(&self, now: Millis) -> usize {
        let mut leases = self.lock();
        leases.retain(|_, until| *until > now);
        leases.len()
    }

    /// Takes the first of these that nobody has.
    pub(super) fn take(&self, due: Vec<OrderId>, now: Millis, until: Millis) -> Option<OrderId> {
        let mut leases = self.lock();
        let free = due.into_iter().find(|order| is_free(&leases, order, now))?;
        leases.insert(free.clone(), until);
        Some(free)
    }

    /// Nobody has it.
    pub(super) fn is_free(&self, order: &OrderId, now: Millis) -> bool {
        is_free(&self.lock(), order, now)
    }

    /// Has it for longer.
    pub(super) fn keep(&self, order: &OrderId, until: Millis) {
        self.lock().insert(order.clone(), until);
    }

    /// Nobody has it any more.
    pub(super) fn end(&self, order: &OrderId) {
        self.lock().remove(order);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OrderId, Millis>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_free(leases: &HashMap<OrderId, Millis>, order: &OrderId, now: Millis) -> bool {
    leases.get(order).is_none_or(|until| *until <= now)
}
