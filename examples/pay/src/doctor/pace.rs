//! How fast it asks: never more than half of what the gateway publishes for its sandbox, so that whoever shares the account
//! or the address goes on selling.

use core::time::Duration;

use pay_core::model::CallKind;
use pay_core::sale::Millis;

/// The window of the gateway's limits.
const WINDOW_MS: u32 = 60_000;
/// The visit, of whose five minutes so much is left that the last call ends and the order is closed.
pub(super) const WHOLE: Duration = Duration::from_secs(200);

/// Calls of the last minute.
#[derive(Debug)]
pub(super) struct Pace {
    calls: Vec<(Bucket, Millis)>,
    /// Nobody's limits are spent.
    free: bool,
}

/// What is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bucket {
    CreateOrder,
    ReadOrder,
    OrderPay,
    Payments,
    Other,
}

impl Bucket {
    const fn of(call: CallKind) -> Self {
        match call {
            CallKind::CreateOrder => Self::CreateOrder,
            CallKind::ReadOrder => Self::ReadOrder,
            CallKind::OrderPay => Self::OrderPay,
            CallKind::ListPayments => Self::Payments,
            _ => Self::Other,
        }
    }

    /// Half of the sandbox's calls a minute: create 30, read 60, Order Pay 30 for each address, payments 30 (the gateway's rate limit
    /// page). Closing an order has none published: the smallest.
    const fn limit(self) -> usize {
        match self {
            Self::ReadOrder => 30,
            _ => 15,
        }
    }
}

impl Pace {
    pub(super) const fn new(free: bool) -> Self {
        Self { calls: Vec::new(), free }
    }

    /// When the next call of this kind may leave, from now; it is counted as leaving then.
    pub(super) fn next(&mut self, call: CallKind, now: Millis) -> Millis {
        let bucket = Bucket::of(call);
        let mut at = now;
        if !self.free {
            let earlier = self.calls.iter().rev().filter(|(other, _)| *other == bucket);
            if let Some((_, oldest)) = earlier.clone().nth(bucket.limit() - 1) {
                at = now.max(oldest.after(WINDOW_MS));
            }
        }
        self.calls.push((bucket, at));
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Mutant: `nth(bucket.limit())` lets sixteen calls go.
    #[test]
    fn fifteen_payments_a_minute_and_no_more() {
        let mut pace = Pace::new(false);
        for _ in 0..15 {
            assert_eq!(pace.next(CallKind::OrderPay, Millis(1_000)), Millis(1_000));
        }
        assert_eq!(pace.next(CallKind::OrderPay, Millis(2_000)), Millis(61_000));
        // Others are counted by themselves.
        assert_eq!(pace.next(CallKind::CreateOrder, Millis(2_000)), Millis(2_000));
        let mut free = Pace::new(true);
        assert!((0..100).all(|_| free.next(CallKind::OrderPay, Millis(5)) == Millis(5)));
    }
}
