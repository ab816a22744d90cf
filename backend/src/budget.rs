//! How many calls the gateway takes in a minute, and how many of them are left. Times are arguments.

use std::collections::VecDeque;

use pay_core::model::CallKind;
use pay_core::wire::ResponseHead;

use crate::answer::Rate;

const WINDOW_MS: u64 = 60_000;
/// Longest wait because of others, in seconds.
const WAIT_MAX_S: u64 = 120;

/// Calls per minute to the gateway, of all kiosks together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Sales that begin: two thirds of what `payments` allows. A paid sale takes one list of payments, now and then a second one; a sale that
    /// is given up takes two or three. What begins can be carried to its end.
    pub sales: u32,
    /// `POST /orders`
    pub create_order: u32,
    /// `GET /orders/{id}`
    pub read_order: u32,
    /// `PATCH /orders/{id}`; no limit is published.
    pub close_order: u32,
    /// `POST /orders/sessions`, from one address.
    pub order_pay: u32,
    /// `GET /orders/{id}/payments` and `GET /orders/{id}/payments/{id}`, counted together: for single payments production's
    /// own limit is higher, the sandbox's is not published.
    pub payments: u32,
    /// `POST /orders/{id}/refunds`
    pub create_refund: u32,
    /// `GET /orders/{id}/refunds/{id}` and `GET /orders/{id}/refunds`, counted together.
    pub read_refund: u32,
    /// `POST /recon`; no limit is published: taken to be that of the call beside it, `POST /settlements`.
    pub recon: u32,
}

impl Limits {
    /// Production's, as the gateway's guide has them.
    pub const PRODUCTION: Self = Self {
        sales: 66,
        create_order: 200,
        read_order: 400,
        close_order: 100,
        order_pay: 100,
        payments: 100,
        create_refund: 100,
        read_refund: 30,
        recon: 30,
    };

    /// The sandbox's.
    pub const SANDBOX: Self = Self {
        sales: 20,
        create_order: 30,
        read_order: 60,
        close_order: 30,
        order_pay: 30,
        payments: 30,
        create_refund: 30,
        read_refund: 60,
        recon: 20,
    };

    /// So many times these: the gateway raises a merchant's limits on request.
    #[must_use]
    pub const fn times(self, times: u32) -> Self {
        Self {
            sales: self.sales.saturating_mul(times),
            create_order: self.create_order.saturating_mul(times),
            read_order: self.read_order.saturating_mul(times),
            close_order: self.close_order.saturating_mul(times),
            order_pay: self.order_pay.saturating_mul(times),
            payments: self.payments.saturating_mul(times),
            create_refund: self.create_refund.saturating_mul(times),
            read_refund: self.read_refund.saturating_mul(times),
            recon: self.recon.saturating_mul(times),
        }
    }

    /// A quarter of these, for a program beside the backends, whose shoppers wait for the same calls. All of the pages of a
    /// reconciliation: no backend asks for them.
    #[cfg(feature = "service")]
    pub(crate) fn beside(self) -> Self {
        let part = |limit: u32| (limit / 4).max(1);
        Self {
            sales: part(self.sales),
            create_order: part(self.create_order),
            read_order: part(self.read_order),
            close_order: part(self.close_order),
            order_pay: part(self.order_pay),
            payments: part(self.payments),
            create_refund: part(self.create_refund),
            read_refund: part(self.read_refund),
            recon: self.recon,
        }
    }

    /// Of so many outgoing addresses together: sales that are paid through them. One call of ten is left for second attempts.
    #[cfg(feature = "service")]
    pub(crate) fn of_addresses(self, count: usize) -> Self {
        let each = self.order_pay - self.order_pay / 10;
        Self { sales: each.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX)), ..self }
    }

    const fn of(&self, class: Class) -> u32 {
        match class {
            Class::Sale => self.sales,
            Class::CreateOrder => self.create_order,
            Class::ReadOrder => self.read_order,
            Class::CloseOrder => self.close_order,
            Class::OrderPay => self.order_pay,
            Class::Payments => self.payments,
            Class::CreateRefund => self.create_refund,
            Class::ReadRefund => self.read_refund,
            Class::Recon => self.recon,
        }
    }
}

/// What is counted together: see [`Limits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, clippy::exhaustive_enums)] // the names of `Limits`
pub enum Class {
    CreateOrder,
    ReadOrder,
    CloseOrder,
    OrderPay,
    Payments,
    CreateRefund,
    ReadRefund,
    Recon,
    /// No call: a sale that begins.
    Sale,
}

impl Class {
    /// Its name, for counters.
    #[cfg(feature = "service")]
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::CreateOrder => "create_order",
            Self::ReadOrder => "read_order",
            Self::CloseOrder => "close_order",
            Self::OrderPay => "order_pay",
            Self::Payments => "payments",
            Self::CreateRefund => "create_refund",
            Self::ReadRefund => "read_refund",
            Self::Recon => "recon",
            Self::Sale => "sale",
        }
    }

    /// `None` for calls that this program does not make.
    pub const fn of(call: CallKind) -> Option<Self> {
        match call {
            CallKind::CreateOrder => Some(Self::CreateOrder),
            CallKind::ReadOrder => Some(Self::ReadOrder),
            CallKind::TerminateOrder => Some(Self::CloseOrder),
            CallKind::OrderPay => Some(Self::OrderPay),
            CallKind::ListPayments | CallKind::ReadPayment => Some(Self::Payments),
            CallKind::CreateRefund => Some(Self::CreateRefund),
            CallKind::ReadRefund | CallKind::ListRefunds => Some(Self::ReadRefund),
            #[cfg(feature = "service")]
            CallKind::Recon => Some(Self::Recon),
            _ => None,
        }
    }
}

/// Every class's window.
#[derive(Clone, Debug, Default)]
pub struct Budget {
    windows: [Window; 9],
}

#[derive(Clone, Debug, Default)]
struct Window {
    calls: VecDeque<u64>,
    made: u64,
    /// No call before this time: the gateway said so.
    blocked_until: u64,
    /// Who was refused last was told to come back at this time.
    promised: u64,
    /// What the gateway said is left, and when.
    said: Option<(u32, u64)>,
}

impl Budget {
    /// Takes one call out of the budget.
    ///
    /// # Errors
    /// How long to wait, if there is none left; nothing is taken then.
    pub fn take(&mut self, class: Class, limits: &Limits, now: u64) -> Result<(), Rate> {
        if self.rate(class, limits, now).retry_s > 0 {
            return Err(self.defer(class, limits, now));
        }
        let window = self.window(class);
        window.calls.push_back(now);
        window.made += 1;
        Ok(())
    }

    /// Refuses a call, whatever is left: when it may come again.
    pub(crate) fn defer(&mut self, class: Class, limits: &Limits, now: u64) -> Rate {
        let rate = self.rate(class, limits, now);
        let window = self.window(class);
        // One after the other: all at once would take the next minute's calls from those who are told to wait again.
        let pace = WINDOW_MS / u64::from(limits.of(class).max(1));
        let most = now + WAIT_MAX_S.max(rate.retry_s) * 1000;
        // No further ahead than anybody is told: else those who ask after a crowd has left wait for it still.
        window.promised = (window.promised + pace).max(now + rate.retry_s.max(1) * 1000).min(most);
        let retry_s = (window.promised - now).div_ceil(1000);
        Rate { remaining: 0, retry_s, ..rate }
    }

    /// For how long the gateway has said that it takes no call, in seconds.
    #[cfg(feature = "service")]
    pub(crate) fn blocked_s(&mut self, class: Class, now: u64) -> u64 {
        self.window(class).blocked_until.saturating_sub(now).div_ceil(1000)
    }

    /// What is left.
    pub fn rate(&mut self, class: Class, limits: &Limits, now: u64) -> Rate {
        let limit = limits.of(class);
        let window = self.window(class);
        while window.calls.front().is_some_and(|at| now.saturating_sub(*at) >= WINDOW_MS) {
            window.calls.pop_front();
        }
        let used = u32::try_from(window.calls.len()).unwrap_or(u32::MAX);
        let mut remaining = limit.saturating_sub(used);
        let mut wait = window.blocked_until.saturating_sub(now);
        if remaining == 0 {
            let oldest = window.calls.front().copied().unwrap_or(now);
            wait = wait.max((oldest + WINDOW_MS).saturating_sub(now));
        }
        match window.said {
            Some((said, at)) if now.saturating_sub(at) < WINDOW_MS => remaining = remaining.min(said),
            _ => {}
        }
        if wait > 0 {
            remaining = 0;
        }
        Rate { limit, remaining, retry_s: wait.div_ceil(1000) }
    }

    /// Takes note of what the gateway says, unless it is what it said before to the same key. Throttled without a time to wait: a minute.
    pub fn note(&mut self, class: Class, head: &ResponseHead, now: u64) {
        if head.replayed {
            return;
        }
        let (window, said) = (self.window(class), &head.rate_limit);
        window.said = said.remaining.map(|remaining| (remaining, now));
        if head.status == 429 {
            let wait = said.retry_s.filter(|seconds| *seconds > 0).unwrap_or(60).min(3600);
            window.blocked_until = now + u64::from(wait) * 1000;
        }
    }

    /// Calls made since the start.
    #[cfg(feature = "service")]
    pub(crate) fn made(&mut self, class: Class) -> u64 {
        self.window(class).made
    }

    fn window(&mut self, class: Class) -> &mut Window {
        &mut self.windows[class as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { read_order: 3, ..Limits::PRODUCTION };

    // Mutants: `take` that counts refused calls keeps the window full for ever; `promised` left out, or without its cap.
    #[test]
    fn the_window_slides() {
        let mut budget = Budget::default();
        for at in [0, 1_000, 2_000] {
            assert_eq!(budget.take(Class::ReadOrder, &LIMITS, at), Ok(()));
        }
        assert_eq!(budget.take(Class::ReadOrder, &LIMITS, 10_500).unwrap_err().retry_s, 50);
        assert_eq!(budget.take(Class::ReadOrder, &LIMITS, 59_999).unwrap_err().retry_s, 21, "after the one before");
        assert_eq!(budget.take(Class::ReadOrder, &LIMITS, 60_000), Ok(()));
        assert_eq!(budget.take(Class::ReadOrder, &LIMITS, 60_000).unwrap_err().retry_s, 41);
        for _ in 0..9 {
            assert!(budget.take(Class::ReadOrder, &LIMITS, 60_000).unwrap_err().retry_s <= WAIT_MAX_S);
        }
        assert_eq!(budget.take(Class::Payments, &LIMITS, 60_000), Ok(()), "classes are apart");
    }

    // Mutants: `blocked_until` left out of `wait` sends on while the gateway says no; `replayed` not looked at.
    #[test]
    fn the_gateway_has_the_last_word() {
        let mut budget = Budget::default();
        let mut head = ResponseHead::new(429);
        head.replayed = true;
        budget.note(Class::ReadOrder, &head, 4_000);
        assert_eq!(budget.take(Class::ReadOrder, &LIMITS, 4_000), Ok(()), "that was said before");
        budget.note(Class::ReadOrder, &ResponseHead::new(429), 5_000);
        assert_eq!(budget.take(Class::ReadOrder, &LIMITS, 5_000).unwrap_err().retry_s, 60);
        assert_eq!(budget.take(Class::ReadOrder, &LIMITS, 65_000), Ok(()));
        let mut head = ResponseHead::new(200);
        head.note_header("x-ratelimit-remaining", "1");
        budget.note(Class::ReadOrder, &head, 65_000);
        assert_eq!(budget.rate(Class::ReadOrder, &LIMITS, 65_000).remaining, 1);
    }
}
