//! The gateway's sessions of orders that were seen a short while ago.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pay_core::model::{OrderId, PaymentSessionId};

/// At least so many of the last ones are kept, at most twice as many. Others are read again where they are needed.
const KEEP: usize = 16_384;

/// By order.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    new: HashMap<OrderId, PaymentSessionId>,
    /// Those before.
    old: HashMap<OrderId, PaymentSessionId>,
}

impl Sessions {
    /// The last that was seen of this order.
    pub(crate) fn of(&self, order: &OrderId) -> Option<PaymentSessionId> {
        let sessions = self.lock();
        sessions.new.get(order).or_else(|| sessions.old.get(order)).cloned()
    }

    pub(crate) fn keep(&self, order: &OrderId, session: &PaymentSessionId) {
        let mut sessions = self.lock();
        if sessions.new.len() >= KEEP {
            sessions.old = core::mem::take(&mut sessions.new);
        }
        sessions.new.insert(order.clone(), session.clone());
    }

    /// The gateway does not know it any more.
    pub(crate) fn forget(&self, order: &OrderId) {
        let mut sessions = self.lock();
        sessions.new.remove(order);
        sessions.old.remove(order);
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Meant to notice: all let go at once, among them the one of a kiosk that is about to pay; an older one after it was forgotten.
    #[test]
    fn the_last_ones_are_kept() {
        let sessions = Sessions::default();
        let order = |n: usize| OrderId::parse(&format!("till-{n}")).expect("an id");
        let session = |n: usize| PaymentSessionId::parse(&format!("session_{n}")).expect("a session");
        for n in 0..=2 * KEEP {
            sessions.keep(&order(n), &session(n));
        }
        assert_eq!((sessions.of(&order(0)), sessions.of(&order(KEEP))), (None, Some(session(KEEP))));
        sessions.keep(&order(KEEP), &session(7));
        assert_eq!(sessions.of(&order(KEEP)), Some(session(7)));
        sessions.forget(&order(KEEP));
        assert_eq!(sessions.of(&order(KEEP)), None);
    }
}
