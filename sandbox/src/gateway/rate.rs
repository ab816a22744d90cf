//! Rate limits: a sliding window of one minute per kind of call.

use crate::calls::route::Route;
use crate::ground::time::UnixMillis;
use std::collections::{BTreeMap, VecDeque};

const WINDOW_MS: UnixMillis = 60_000;

/// Calls per minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `POST /orders`
    pub create_order: usize,
    /// `GET /orders/{id}`
    pub get_order: usize,
    /// `POST /orders/sessions` and OTP calls, which are counted per IP address.
    pub order_pay: usize,
    /// `GET …/payments` and `GET …/payments/{id}`
    pub payments: usize,
    /// `POST …/refunds`
    pub refund: usize,
    /// `POST /recon`; no limit is published: that of settlements.
    pub recon: usize,
    /// Every other call.
    pub other: usize,
}

impl Limits {
    /// The limits of the gateway's own sandbox (its guide for agents, 2026).
    pub const SANDBOX: Self =
        Self { create_order: 30, get_order: 60, order_pay: 30, payments: 30, refund: 30, recon: 20, other: 60 };

    /// The limits of production (the same guide).
    pub const PRODUCTION: Self =
        Self { create_order: 200, get_order: 400, order_pay: 100, payments: 100, refund: 100, recon: 30, other: 100 };

    /// So high that they are never met: for benchmarks and tests.
    pub const NONE: Self = Self {
        create_order: 1_000_000,
        get_order: 1_000_000,
        order_pay: 1_000_000,
        payments: 1_000_000,
        refund: 1_000_000,
        recon: 1_000_000,
        other: 1_000_000,
    };
}

/// What is counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Bucket {
    CreateOrder,
    GetOrder,
    OrderPay,
    Payments,
    Refund,
    Recon,
    Other,
}

impl Bucket {
    pub(crate) fn of(route: &Route<'_>) -> Self {
        match route {
            Route::CreateOrder => Self::CreateOrder,
            Route::GetOrder(_) => Self::GetOrder,
            Route::OrderPay | Route::Authenticate(_) => Self::OrderPay,
            Route::Payments(_) | Route::Payment(..) => Self::Payments,
            Route::CreateRefund(_) => Self::Refund,
            Route::Recon => Self::Recon,
            _ => Self::Other,
        }
    }
}

/// The `x-ratelimit-*` values of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    pub(crate) limit: usize,
    pub(crate) remaining: usize,
    /// Seconds to wait; 0 within the limit.
    pub(crate) retry: u64,
}

/// Calls of the last minute.
#[derive(Clone, Debug, Default)]
pub(crate) struct Windows(BTreeMap<Bucket, VecDeque<UnixMillis>>);

impl Windows {
    /// Counts one call. A refused call is not counted.
    pub(crate) fn count(&mut self, bucket: Bucket, limits: &Limits, now: UnixMillis) -> Allowance {
        let limit = match bucket {
            Bucket::CreateOrder => limits.create_order,
            Bucket::GetOrder => limits.get_order,
            Bucket::OrderPay => limits.order_pay,
            Bucket::Payments => limits.payments,
            Bucket::Refund => limits.refund,
            Bucket::Recon => limits.recon,
            Bucket::Other => limits.other,
        };
        let calls = self.0.entry(bucket).or_default();
        while calls.front().is_some_and(|at| now.saturating_sub(*at) >= WINDOW_MS) {
            calls.pop_front();
        }
        if calls.len() < limit {
            calls.push_back(now);
            return Allowance { limit, remaining: limit - calls.len(), retry: 0 };
        }
        let oldest = calls.front().copied().unwrap_or(now);
        let wait = (oldest + WINDOW_MS).saturating_sub(now);
        Allowance { limit, remaining: 0, retry: wait.div_ceil(1000).clamp(1, 59) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Bucket, Limits, Windows};

    // Mutant: counting refused calls too keeps the window full for ever.
    #[test]
    fn the_window_slides() {
        let mut windows = Windows::default();
        let mut count = |now| windows.count(Bucket::CreateOrder, &Limits::SANDBOX, now);
        for call in 0..30 {
            assert_eq!(count(1000 + call).remaining, 29 - usize::try_from(call).expect("small"));
        }
        assert_eq!(count(31_000).retry, 30);
        assert_eq!(count(60_999).retry, 1);
        assert_eq!(count(61_000).retry, 0);
        assert_eq!(count(61_000).retry, 1);
    }
}
