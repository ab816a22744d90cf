//! Leases in memory, for the only backend of a folder.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pay_core::model::OrderId;
use pay_core::sale::Millis;

/// The leases of the only backend that serves from a folder. They are in memory, because they end with the process; storing them would cost
/// as many disk writes as the duties.
#[derive(Default)]
pub(super) struct Leases(Mutex<HashMap<OrderId, Millis>>);

impl Leases {
    /// The number of leases now.
    pub(super) fn count(&self, now: Millis) -> usize {
        let mut leases = self.lock();
        leases.retain(|_, until| *until > now);
        leases.len()
    }

    /// Leases the first of these that is free.
    pub(super) fn take(&self, due: Vec<OrderId>, now: Millis, until: Millis) -> Option<OrderId> {
        let mut leases = self.lock();
        let free = due.into_iter().find(|order| is_free(&leases, order, now))?;
        leases.insert(free.clone(), until);
        Some(free)
    }

    /// Whether it is free.
    pub(super) fn is_free(&self, order: &OrderId, now: Millis) -> bool {
        is_free(&self.lock(), order, now)
    }

    /// Renews the lease.
    pub(super) fn keep(&self, order: &OrderId, until: Millis) {
        self.lock().insert(order.clone(), until);
    }

    /// Ends the lease.
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
