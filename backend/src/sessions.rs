//! The gateway's sessions of orders that were seen a short while ago.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pay_core::model::{OrderId, PaymentSessionId};

use crate::recent::Recent;

/// At least so many of the last ones are kept. Others are read again where they are needed.
const KEEP: usize = 16_384;

/// By order.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<Recent<OrderId, PaymentSessionId, KEEP>>);

impl Sessions {
    /// The last that was seen of this order.
    pub(crate) fn of(&self, order: &OrderId) -> Option<PaymentSessionId> {
        self.lock().get(order).cloned()
    }

    pub(crate) fn keep(&self, order: &OrderId, session: &PaymentSessionId) {
        self.lock().put(order.clone(), session.clone());
    }

    /// The gateway does not know it any more.
    pub(crate) fn forget(&self, order: &OrderId) {
        self.lock().remove(order);
    }

    fn lock(&self) -> MutexGuard<'_, Recent<OrderId, PaymentSessionId, KEEP>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
