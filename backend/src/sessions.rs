//! The gateway's sessions of orders that were seen a short while ago.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pay_core::model::{OrderId, PaymentSessionId};

/// So many are kept; then all are let go, and read again where they are needed.
const KEEP: usize = 8_192;

/// By order.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<OrderId, PaymentSessionId>>);

impl Sessions {
    /// The last that was seen of this order.
    pub(crate) fn of(&self, order: &OrderId) -> Option<PaymentSessionId> {
        self.lock().get(order).cloned()
    }

    pub(crate) fn keep(&self, order: &OrderId, session: &PaymentSessionId) {
        let mut sessions = self.lock();
        if sessions.len() >= KEEP {
            sessions.clear();
        }
        sessions.insert(order.clone(), session.clone());
    }

    /// The gateway does not know it any more.
    pub(crate) fn forget(&self, order: &OrderId) {
        self.lock().remove(order);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OrderId, PaymentSessionId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
