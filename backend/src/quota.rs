//! What may be called in a minute: by the account, and from each outgoing address.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pay_core::wire::ResponseHead;

use crate::answer::Rate;
use crate::budget::{Budget, Class, Limits};

/// The budget of one account, and that of each address for Order Pay, which the gateway counts by address, whatever the account.
pub(crate) struct Quota {
    limits: Limits,
    account: Budget,
    /// At least one; other accounts may call from the same.
    addresses: Arc<Mutex<Vec<Budget>>>,
    /// Whose turn it is with calls that any address may make.
    next: usize,
    /// Calls of Order Pay since the start, of this account.
    pays: u64,
}

impl Quota {
    pub(crate) fn new(limits: Limits, addresses: usize) -> Self {
        let addresses = Arc::new(Mutex::new(vec![Budget::default(); addresses.max(1)]));
        Self { limits, account: Budget::default(), addresses, next: 0, pays: 0 }
    }

    /// Counts the calls from each address together with another account's from the same addresses.
    pub(crate) fn share(&mut self, other: &Self) {
        self.addresses = Arc::clone(&other.addresses);
    }

    fn addresses(&self) -> MutexGuard<'_, Vec<Budget>> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one call; the address to make it from.
    ///
    /// # Errors
    /// How long to wait, if no address has any left; nothing is taken then.
    pub(crate) fn take(&mut self, class: Class, now: u64) -> Result<usize, Rate> {
        let limits = self.limits;
        if class != Class::OrderPay {
            self.account.take(class, &limits, now)?;
            let count = self.addresses().len();
            self.next = (self.next + 1) % count;
            return Ok(self.next);
        }
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let rates = addresses.iter_mut().map(|budget| budget.rate(class, &limits, now));
        let most = rates.enumerate().min_by_key(|(_, rate)| (rate.retry_s, u32::MAX - rate.remaining));
        let address = most.map_or(0, |(address, _)| address);
        addresses.get_mut(address).map_or(Ok(()), |budget| budget.take(class, &limits, now))?;
        drop(addresses);
        self.pays += 1;
        Ok(address)
    }

    /// What is left, of all addresses together.
    pub(crate) fn rate(&mut self, class: Class, now: u64) -> Rate {
        let limits = self.limits;
        if class != Class::OrderPay {
            return self.account.rate(class, &limits, now);
        }
        let mut addresses = self.addresses();
        let rates = addresses.iter_mut().map(|budget| budget.rate(class, &limits, now));
        let all = rates.reduce(|all, rate| Rate {
            limit: all.limit.saturating_add(rate.limit),
            remaining: all.remaining.saturating_add(rate.remaining),
            retry_s: all.retry_s.min(rate.retry_s),
        });
        drop(addresses);
        all.unwrap_or_else(|| self.account.rate(class, &limits, now))
    }

    /// Takes note of what the gateway says to a call from an address.
    pub(crate) fn note(&mut self, class: Class, address: usize, head: &ResponseHead, now: u64) {
        if class != Class::OrderPay {
            self.account.note(class, head, now);
        } else if let Some(budget) = self.addresses().get_mut(address) {
            budget.note(class, head, now);
        }
    }

    /// Calls of this account since the start.
    pub(crate) fn made(&mut self, class: Class) -> u64 {
        if class == Class::OrderPay { self.pays } else { self.account.made(class) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { order_pay: 2, read_order: 3, ..Limits::PRODUCTION };

    // Meant to notice: two accounts that may call twice as often from one address as the gateway allows; one that uses up the other's limits.
    #[test]
    fn accounts_share_what_is_counted_by_address_and_nothing_else() {
        let (mut one, mut other) = (Quota::new(LIMITS, 1), Quota::new(LIMITS, 1));
        other.share(&one);
        assert!(one.take(Class::OrderPay, 0).is_ok() && other.take(Class::OrderPay, 0).is_ok());
        assert!(one.take(Class::OrderPay, 0).is_err() && other.take(Class::OrderPay, 0).is_err());
        (0..3).for_each(|_| assert!(one.take(Class::ReadOrder, 0).is_ok()));
        assert!(one.take(Class::ReadOrder, 0).is_err() && other.take(Class::ReadOrder, 0).is_ok());
        assert_eq!((one.made(Class::OrderPay), other.made(Class::OrderPay)), (1, 1));
        other.note(Class::ReadOrder, 0, &ResponseHead::new(429), 60_000);
        assert!(one.take(Class::ReadOrder, 60_000).is_ok() && other.take(Class::ReadOrder, 60_000).is_err());
    }

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
