//! What may be called in a minute: by the account, and from each outgoing address.

use pay_core::wire::ResponseHead;

use crate::answer::Rate;
use crate::budget::{Budget, Class, Limits};

/// The budget of the account, and that of each address for Order Pay, which the gateway counts by address.
pub(crate) struct Quota {
    limits: Limits,
    account: Budget,
    /// At least one.
    addresses: Vec<Budget>,
    /// Whose turn it is with calls that any address may make.
    next: usize,
}

impl Quota {
    pub(crate) fn new(limits: Limits, addresses: usize) -> Self {
        Self { limits, account: Budget::default(), addresses: vec![Budget::default(); addresses.max(1)], next: 0 }
    }

    /// Takes one call; the address to make it from.
    ///
    /// # Errors
    /// How long to wait, if no address has any left; nothing is taken then.
    pub(crate) fn take(&mut self, class: Class, now: u64) -> Result<usize, Rate> {
        let limits = self.limits;
        if class != Class::OrderPay {
            self.account.take(class, &limits, now)?;
            self.next = (self.next + 1) % self.addresses.len();
            return Ok(self.next);
        }
        let rates = self.addresses.iter_mut().map(|budget| budget.rate(class, &limits, now));
        let most = rates.enumerate().min_by_key(|(_, rate)| (rate.retry_s, u32::MAX - rate.remaining));
        let address = most.map_or(0, |(address, _)| address);
        self.addresses.get_mut(address).map_or(Ok(()), |budget| budget.take(class, &limits, now))?;
        Ok(address)
    }

    /// What is left, of all addresses together.
    pub(crate) fn rate(&mut self, class: Class, now: u64) -> Rate {
        let limits = self.limits;
        if class != Class::OrderPay {
            return self.account.rate(class, &limits, now);
        }
        let rates = self.addresses.iter_mut().map(|budget| budget.rate(class, &limits, now));
        let all = rates.reduce(|all, rate| Rate {
            limit: all.limit.saturating_add(rate.limit),
            remaining: all.remaining.saturating_add(rate.remaining),
            retry_s: all.retry_s.min(rate.retry_s),
        });
        all.unwrap_or_else(|| self.account.rate(class, &limits, now))
    }

    /// Takes note of what the gateway says to a call from an address.
    pub(crate) fn note(&mut self, class: Class, address: usize, head: &ResponseHead, now: u64) {
        let budget = match self.addresses.get_mut(address) {
            Some(budget) if class == Class::OrderPay => budget,
            _ => &mut self.account,
        };
        budget.note(class, head, now);
    }

    /// Calls made since the start.
    pub(crate) fn made(&mut self, class: Class) -> u64 {
        if class != Class::OrderPay {
            return self.account.made(class);
        }
        self.addresses.iter_mut().map(|budget| budget.made(class)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { order_pay: 2, read_order: 3, ..Limits::PRODUCTION };

    // Meant to notice: the first address alone used; the account's other calls multiplied by the addresses; a 429 to one address taken
    // for all; a wait that is longer than the first address needs.
    #[test]
    fn order_pay_is_counted_by_address_and_all_else_by_account() {
        let mut quota = Quota::new(LIMITS, 3);
        let mut from = [0; 3];
        for at in 0..6 {
            from[quota.take(Class::OrderPay, at * 1_000).unwrap()] += 1;
        }
        assert_eq!(from, [2, 2, 2]);
        assert_eq!(quota.take(Class::OrderPay, 6_000).unwrap_err().retry_s, 54, "when the first is free");
        assert_eq!(quota.rate(Class::OrderPay, 6_000), Rate { limit: 6, remaining: 0, retry_s: 54 });
        assert_eq!(quota.made(Class::OrderPay), 6);

        let turns: Vec<_> = (0..3).map(|_| quota.take(Class::ReadOrder, 6_000).unwrap()).collect();
        assert_eq!(turns, [1, 2, 0], "in turn");
        assert!(quota.take(Class::ReadOrder, 6_000).is_err(), "three of the account, not of each");

        quota.note(Class::OrderPay, 1, &ResponseHead::new(429), 100_000);
        let from: Vec<_> = (0..4).map(|_| quota.take(Class::OrderPay, 100_000).unwrap()).collect();
        assert!(from.iter().all(|address| *address != 1), "{from:?}");
        assert!(quota.take(Class::OrderPay, 100_000).is_err());
    }
}
