//! What is known of one payment.

use pay_core::model::PaymentStatus;
use pay_core::sale::Standing;

use super::event::SeenPayment;

/// A payment of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Attempt {
    pub(super) standing: Standing,
    pub(super) completed: Option<u64>,
}

impl Attempt {
    pub(super) fn of(seen: &SeenPayment) -> Self {
        let standing = Standing::of(PaymentStatus::parse(&seen.status), seen.captured);
        Self { standing, completed: seen.completed }
    }

    /// What it can still do.
    pub const fn standing(self) -> Standing {
        self.standing
    }

    /// When it ended by the gateway's word, in microseconds since 1970.
    pub const fn completed(self) -> Option<u64> {
        self.completed
    }

    /// Takes over what a later look shows. A list may name a payment twice, once with an older status: a success stands unless a
    /// final status without money takes its place.
    pub(super) fn later(&mut self, later: Self) {
        let was_paid = self.standing == Standing::Succeeded;
        if !was_paid || matches!(later.standing, Standing::Succeeded | Standing::Over) {
            *self = Self { completed: later.completed.or(self.completed), ..later };
        }
    }
}
