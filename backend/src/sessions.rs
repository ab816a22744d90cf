//! The gateway's sessions (`payment_session_id`) of orders that were read recently.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pay_core::model::{OrderId, PaymentSessionId};

use crate::recent::Recent;

/// How many are kept at least. Others are read from the gateway when they are needed.
const KEEP: usize = 16_384;

/// By order.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<Recent<OrderId, PaymentSessionId, KEEP>>);

impl Sessions {
    /// The session of this order that was seen last.
    pub(crate) fn of(&self, order: &OrderId) -> Option<PaymentSessionId> {
        self.lock().get(order).cloned()
    }

    pub(crate) fn keep(&self, order: &OrderId, session: &PaymentSessionId) {
        self.lock().put(order.clone(), session.clone());
    }

    /// Removes a session that the gateway does not accept any more.
    pub(crate) fn forget(&self, order: &OrderId) {
        self.lock().remove(order);
    }

    fn lock(&self) -> MutexGuard<'_, Recent<OrderId, PaymentSessionId, KEEP>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
