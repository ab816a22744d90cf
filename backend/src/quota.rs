//! What may be called in a minute: by the account, and from each outgoing address.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pay_core::wire::ResponseHead;

use crate::answer::Rate;
use crate::budget::{Budget, Class, Limits};
use crate::share::{Demand, Pool, Shares, Wish, is_all};

/// The budget of one account, and that of each address for Order Pay, which the gateway counts by address, whatever the account.
pub(crate) struct Quota {
    limits: Limits,
    account: Budget,
    /// Sales that begin.
    sales: Pool,
    shares: Shares,
    /// Other accounts may call from the same.
    addresses: Arc<Mutex<Addresses>>,
    /// Whose turn it is with calls that any address may make.
    next: usize,
    /// Calls of Order Pay since the start, of this account.
    pays: u64,
}

/// Where calls come from.
struct Addresses {
    /// Order Pay; at least one.
    pays: Vec<Budget>,
    /// Sales that will be paid through them.
    sales: Pool,
}

impl Quota {
    pub(crate) fn new(limits: Limits, addresses: usize) -> Self {
        let addresses = Addresses { pays: vec![Budget::default(); addresses.max(1)], sales: Pool::default() };
        Self {
            limits,
            account: Budget::default(),
            sales: Pool::default(),
            shares: Shares::default(),
            addresses: Arc::new(Mutex::new(addresses)),
            next: 0,
            pays: 0,
        }
    }

    /// Counts the calls from each address together with another account's from the same addresses.
    pub(crate) fn share(&mut self, other: &Self) {
        self.addresses = Arc::clone(&other.addresses);
    }

    fn addresses(&self) -> MutexGuard<'_, Addresses> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the creation of an order, if its sale can be carried to its end and its shop is due one; the address to make it from.
    ///
    /// # Errors
    /// When to come again; nothing is taken then.
    pub(crate) fn begin(&mut self, wish: &Wish, now: u64) -> Result<usize, Rate> {
        let limits = self.limits;
        let demand = self.shares.demand(wish, now);
        if demand == Demand::Begun {
            // The answer to its creation was lost: the sale has all that it needs.
            return self.take(Class::CreateOrder, now);
        }
        let counts = demand == Demand::New;
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let of_addresses = limits.of_addresses(addresses.pays.len());
        let paid = addresses.pays.iter_mut().map(|budget| budget.blocked_s(Class::OrderPay, now)).min().unwrap_or(0);
        let mut shared = wish.is_relayed.then_some(&mut addresses.sales);
        let mut part = self.sales.wanted(counts, &limits, now);
        let mut rates = vec![self.sales.rate(&limits, now), self.account.rate(Class::CreateOrder, &limits, now)];
        let mut wait_s = self.account.blocked_s(Class::Payments, now);
        let mut others = self.sales.others();
        if let Some(shared) = &mut shared {
            part = part.min(shared.wanted(counts, &of_addresses, now));
            rates.push(shared.rate(&of_addresses, now));
            others = others.max(shared.others());
            wait_s = wait_s.max(paid);
        }
        if counts {
            self.shares.add(&wish.shop, part, now);
        }
        wait_s = rates.iter().map(|rate| rate.retry_s).fold(wait_s, u64::max);
        let is_calm = wait_s == 0 && is_all(part);
        let is_quiet = is_calm && rates.iter().all(|rate| rate.remaining > rate.limit / 2);
        let early = self.shares.is_early(wish, now).filter(|_| !is_quiet);
        if let Some(early) = early {
            return Err(Rate { limit: limits.sales, remaining: 0, retry_s: early.div_ceil(1_000) });
        }
        // Who asks beyond what counts leaves the others as much as they wanted in the last minute.
        let leaves = rates.iter().all(|rate| rate.remaining > others);
        let is_free = is_calm && (demand != Demand::Extra || leaves);
        if wait_s > 0 || !is_free && !self.shares.is_due(&wish.shop) {
            let told = self.sales.defer(&limits, now);
            let told = Rate { retry_s: told.retry_s.max(wait_s), ..told };
            self.shares.tell(wish, now + told.retry_s * 1_000);
            return Err(told);
        }
        self.sales.take(&limits, now)?;
        if let Some(shared) = shared {
            shared.take(&of_addresses, now)?;
        }
        drop(addresses);
        self.shares.begin(wish);
        self.take(Class::CreateOrder, now)
    }

    /// Takes one call; the address to make it from.
    ///
    /// # Errors
    /// How long to wait, if no address has any left; nothing is taken then.
    pub(crate) fn take(&mut self, class: Class, now: u64) -> Result<usize, Rate> {
        let limits = self.limits;
        if class != Class::OrderPay {
            self.account.take(class, &limits, now)?;
            let count = self.addresses().pays.len();
            self.next = (self.next + 1) % count;
            return Ok(self.next);
        }
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let rates = addresses.pays.iter_mut().map(|budget| budget.rate(class, &limits, now));
        let most = rates.enumerate().min_by_key(|(_, rate)| (rate.retry_s, u32::MAX - rate.remaining));
        let address = most.map_or(0, |(address, _)| address);
        addresses.pays.get_mut(address).map_or(Ok(()), |budget| budget.take(class, &limits, now))?;
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
        let rates = addresses.pays.iter_mut().map(|budget| budget.rate(class, &limits, now));
        let all = rates.reduce(|all, rate| Rate {
            limit: all.limit.saturating_add(rate.limit),
            remaining: all.remaining.saturating_add(rate.remaining),
            retry_s: all.retry_s.min(rate.retry_s),
        });
        drop(addresses);
        all.unwrap_or_else(|| self.account.rate(class, &limits, now))
    }

    /// Whether so many calls are left that no sale will miss one: more than half, and a list of payments for each sale that began in the
    /// last minute and for which none was read yet.
    pub(crate) fn has_to_spare(&mut self, class: Class, now: u64) -> bool {
        let rate = self.rate(class, now);
        let begun = match class {
            Class::Payments => self.limits.sales.saturating_sub(self.sales.rate(&self.limits, now).remaining),
            _ => 0,
        };
        let unread = begun.saturating_sub(rate.limit.saturating_sub(rate.remaining));
        rate.remaining > (rate.limit / 2).saturating_add(unread)
    }

    /// Takes note of what the gateway says to a call from an address.
    pub(crate) fn note(&mut self, class: Class, address: usize, head: &ResponseHead, now: u64) {
        if class != Class::OrderPay {
            self.account.note(class, head, now);
        } else if let Some(budget) = self.addresses().pays.get_mut(address) {
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
    use pay_core::model::OrderId;

    use super::*;
    use crate::book::Owner;
    use crate::share::Shop;

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

    fn wish(kiosk: u8, order: u64, is_relayed: bool) -> Wish {
        let kiosk = Owner::new([kiosk; 32]);
        Wish { kiosk, shop: Shop::Of(kiosk), order: OrderId::parse(&format!("till-{order}")).unwrap(), is_relayed }
    }

    // Meant to notice: a sale begun that the account or the addresses cannot carry; a sale that is paid elsewhere counted for the addresses.
    #[test]
    fn a_sale_begins_only_if_all_that_it_needs_is_left() {
        let limits = Limits { sales: 4, order_pay: 3, create_order: 3, ..Limits::PRODUCTION };
        let (mut one, mut other) = (Quota::new(limits, 1), Quota::new(limits, 1));
        other.share(&one);
        (0..2).for_each(|n| assert!(one.begin(&wish(n, n.into(), true), 0).is_ok()));
        assert!(other.begin(&wish(2, 2, true), 0).is_ok());
        assert!(other.begin(&wish(3, 3, true), 0).unwrap_err().retry_s >= 60, "one address carries three");
        assert!(other.begin(&wish(4, 4, false), 0).is_ok(), "it pays elsewhere");
        assert!(one.begin(&wish(5, 5, false), 0).is_ok());
        assert!(one.begin(&wish(6, 6, false), 0).is_err(), "an account makes three orders");
        assert_eq!((one.made(Class::CreateOrder), other.made(Class::CreateOrder)), (3, 2));
    }

    // Meant to notice: a kiosk that gains by asking all the time, with this order or others; one that comes at its time and is not served.
    #[test]
    fn a_kiosk_gains_nothing_by_coming_before_its_time() {
        let mut quota = Quota::new(Limits { sales: 4, ..Limits::PRODUCTION }, 1);
        (10..14).for_each(|n| assert!(quota.begin(&wish(n, n.into(), false), 0).is_ok()));
        let told = quota.begin(&wish(1, 1, false), 10_000).unwrap_err();
        assert_eq!((told.retry_s, told.limit, told.remaining), (50, 4, 0), "a minute after the first");
        for order in 1..50 {
            let early = quota.begin(&wish(1, order, false), 10_000 + order * 1_000).unwrap_err();
            assert_eq!(early.retry_s, 50 - order, "the same time as before");
        }
        assert!(quota.begin(&wish(1, 1, false), 60_000).is_ok());
    }

    // Mutant: `CARRIED` that is `WHOLE` (who comes last finds no room).
    #[test]
    fn each_shop_gets_the_same_part_whoever_comes_first() {
        let mut quota = Quota::new(Limits { sales: 60, ..Limits::PRODUCTION }, 1);
        let (mut now, mut begun) = (0, [0; 2]);
        // Three of one shop, each time before one of the other: twice as many as can be carried.
        for round in 0..900_u64 {
            now += 500 + round * round * 7_919 % 3_001;
            for n in 0..4 {
                let mut kiosk = [n; 32];
                kiosk[..8].copy_from_slice(&round.to_be_bytes());
                let (kiosk, shop) = (Owner::new(kiosk), usize::from(n == 3));
                let order = OrderId::parse(&format!("till-{n}-{round}")).unwrap();
                let wish = Wish { kiosk, shop: Shop::Named(["first", "last"][shop].into()), order, is_relayed: true };
                let is_begun = quota.begin(&wish, now).is_ok();
                begun[shop] += u32::from(is_begun && round >= 100);
            }
        }
        assert!(begun[0].abs_diff(3 * begun[1]) < 60 && (350..=430).contains(&begun[1]), "of 2,400 and 800: {begun:?}");
    }

    // Meant to notice: a creation whose answer was lost, refused when it comes again or counted as another sale.
    #[test]
    fn a_sale_that_began_is_created_again_without_another() {
        let mut quota = Quota::new(Limits { sales: 2, ..Limits::PRODUCTION }, 1);
        (0..3).for_each(|n| assert!(quota.begin(&wish(1, 1, true), n * 1_000).is_ok()));
        assert_eq!(quota.made(Class::CreateOrder), 3);
        assert!(quota.begin(&wish(2, 2, true), 3_000).is_ok(), "it was one sale");
        assert!(quota.begin(&wish(3, 3, true), 4_000).is_err(), "both of this minute have begun");
        assert!(quota.begin(&wish(2, 2, true), 5_000).is_ok(), "however little is left");
    }

    // Meant to notice: one kiosk that takes all, an order after the other, while others ask too.
    #[test]
    fn who_asks_beyond_what_counts_leaves_the_others_theirs() {
        let mut quota = Quota::new(Limits { sales: 20, ..Limits::PRODUCTION }, 1);
        (1..5).for_each(|kiosk| assert!(quota.begin(&wish(kiosk, kiosk.into(), false), 0).is_ok()));
        let taken = (100..200).filter(|order| quota.begin(&wish(0, *order, false), 1_000).is_ok()).count();
        assert_eq!(taken, 12, "four are left for the four others");
        (5..9).for_each(|kiosk| assert!(quota.begin(&wish(kiosk, kiosk.into(), false), 2_000).is_ok()));
    }

    // Meant to notice: a code shown for a payment that the gateway has said it will not take, or not say anything of.
    #[test]
    fn no_sale_begins_while_the_gateway_refuses_what_it_will_need() {
        for (class, is_relayed, begins) in [
            (Class::Payments, false, false),
            (Class::OrderPay, true, false),
            (Class::OrderPay, false, true),
            (Class::ReadRefund, true, true),
        ] {
            let mut quota = Quota::new(Limits::PRODUCTION, 1);
            quota.note(class, 0, &ResponseHead::new(429), 0);
            assert_eq!(quota.begin(&wish(1, 1, is_relayed), 1_000).is_ok(), begins, "{class:?}");
        }
    }

    // Meant to notice: lists of payments that can wait, made while those of sales that have begun are still to come.
    #[test]
    fn lists_are_kept_for_the_sales_that_have_begun() {
        let mut quota = Quota::new(Limits { payments: 100, ..Limits::PRODUCTION }, 1);
        (0..30).for_each(|n| assert!(quota.begin(&wish(n, n.into(), true), 0).is_ok()));
        let mut spare = 0;
        while quota.has_to_spare(Class::Payments, 1_000) {
            spare += 1;
            quota.take(Class::Payments, 1_000).unwrap();
        }
        assert_eq!(spare, 50, "the half of them: thirty are there for those that began");
        assert!(quota.has_to_spare(Class::ReadOrder, 1_000));
    }
}
