//! Who may begin a sale when more are wanted than can be carried to their end. Times are arguments.
//!
//! Every shop gets the same part of what it asks for. A sale that is wanted gives its shop the part of a sale that can be carried now, and
//! one that begins takes a whole one; who has less than half of one comes again. Nothing is to be gained by asking more often: a kiosk
//! that comes before its time is not looked at, and one sale of a kiosk counts in a minute.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use pay_core::model::OrderId;

use crate::answer::Rate;
use crate::book::Owner;
use crate::budget::{Budget, Class, Limits};

const MINUTE_MS: u64 = 60_000;
/// A whole sale.
const WHOLE: i64 = 1_000;
/// So much of what can be carried is given out, in thousandths: else there is often no room, and who comes at the right moment decides.
const CARRIED: i64 = 950;
/// From here on a shop's next sale begins: in the long run it gets what it is due, to half a sale.
const HALF: i64 = WHOLE / 2;
/// A shop saves up no more than this.
const MOST: i64 = 2 * WHOLE;
/// A shop that asks for nothing is remembered for so long.
const KEEP_MS: u64 = 10 * MINUTE_MS;

/// Who shares with whom: the kiosks of a shop, or a kiosk that is in none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Shop {
    Named(Arc<str>),
    Of(Owner),
}

/// A sale that a kiosk wants to begin.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) kiosk: Owner,
    pub(crate) shop: Shop,
    pub(crate) order: OrderId,
    /// Its payment goes out from one of our addresses.
    pub(crate) is_relayed: bool,
}

/// What carries sales: an account, or the outgoing addresses together.
#[derive(Default)]
pub(crate) struct Pool {
    begun: Budget,
    /// When sales were wanted, in the last minute.
    wanted: VecDeque<u64>,
}

impl Pool {
    /// Another sale is wanted, if `more` says so. How much of each can be carried, in thousandths.
    pub(crate) fn wanted(&mut self, more: bool, limits: &Limits, now: u64) -> i64 {
        self.wanted.extend(more.then_some(now));
        while self.wanted.front().is_some_and(|at| now.saturating_sub(*at) >= MINUTE_MS) {
            self.wanted.pop_front();
        }
        let wanted = i64::try_from(self.wanted.len()).unwrap_or(i64::MAX).max(1);
        (i64::from(limits.sales).saturating_mul(CARRIED) / wanted).min(WHOLE)
    }

    /// How many sales were wanted in the last minute beside one: as many may be wanted in the next.
    pub(crate) fn others(&self) -> u32 {
        u32::try_from(self.wanted.len()).unwrap_or(u32::MAX).saturating_sub(1)
    }

    pub(crate) fn rate(&mut self, limits: &Limits, now: u64) -> Rate {
        self.begun.rate(Class::Sale, limits, now)
    }

    pub(crate) fn take(&mut self, limits: &Limits, now: u64) -> Result<(), Rate> {
        self.begun.take(Class::Sale, limits, now)
    }

    pub(crate) fn defer(&mut self, limits: &Limits, now: u64) -> Rate {
        self.begun.defer(Class::Sale, limits, now)
    }
}

/// What each shop is due, and which kiosks were told to come again.
#[derive(Default)]
pub(crate) struct Shares {
    shops: HashMap<Shop, Standing>,
    kiosks: HashMap<Owner, Asked>,
    swept: u64,
}

#[derive(Default)]
struct Standing {
    /// In thousandths of a sale.
    due: i64,
    at: u64,
}

/// What a wish adds to what is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Demand {
    /// A sale.
    New,
    /// Nothing: it was wanted before.
    Same,
    /// Nothing: its sale has begun.
    Begun,
    /// Nothing: the kiosk has wanted another one in this minute, or was told to come later.
    Extra,
}

struct Asked {
    order: OrderId,
    /// The last sale that began.
    begun: Option<OrderId>,
    /// When it last counted.
    counted: u64,
    /// Not before this time.
    again: u64,
}

impl Shares {
    /// What this wish adds. A new one is from here on the kiosk's last.
    pub(crate) fn demand(&mut self, wish: &Wish, now: u64) -> Demand {
        self.sweep(now);
        let mut begun = None;
        if let Some(asked) = self.kiosks.get_mut(&wish.kiosk) {
            if asked.begun.as_ref() == Some(&wish.order) {
                return Demand::Begun;
            }
            if asked.order == wish.order {
                return Demand::Same;
            }
            if now < asked.again || now.saturating_sub(asked.counted) < MINUTE_MS {
                return Demand::Extra;
            }
            begun = asked.begun.take();
        }
        let asked = Asked { order: wish.order.clone(), begun, counted: now, again: 0 };
        self.kiosks.insert(wish.kiosk, asked);
        Demand::New
    }

    /// A sale counts: its shop is due so much more.
    pub(crate) fn add(&mut self, shop: &Shop, part: i64, now: u64) {
        let standing = self.shops.entry(shop.clone()).or_default();
        standing.due = (standing.due + part).min(MOST);
        standing.at = now;
    }

    /// How long before its time the kiosk comes, in milliseconds.
    pub(crate) fn is_early(&self, wish: &Wish, now: u64) -> Option<u64> {
        let again = self.kiosks.get(&wish.kiosk)?.again;
        again.checked_sub(now).filter(|early| *early > 0)
    }

    /// Whether the shop's next sale is due.
    pub(crate) fn is_due(&self, shop: &Shop) -> bool {
        self.shops.get(shop).is_some_and(|standing| standing.due >= HALF)
    }

    /// A sale of the shop begins.
    pub(crate) fn begin(&mut self, wish: &Wish) {
        if let Some(standing) = self.shops.get_mut(&wish.shop) {
            standing.due = (standing.due - WHOLE).max(-HALF);
        }
        if let Some(asked) = self.kiosks.get_mut(&wish.kiosk) {
            asked.again = 0;
            asked.begun = Some(wish.order.clone());
        }
    }

    /// The kiosk was told to come again at this time.
    pub(crate) fn tell(&mut self, wish: &Wish, again: u64) {
        if let Some(asked) = self.kiosks.get_mut(&wish.kiosk) {
            asked.again = again;
        }
    }

    /// Once a minute: lets go what says nothing any more.
    fn sweep(&mut self, now: u64) {
        if now.saturating_sub(self.swept) >= MINUTE_MS {
            self.swept = now;
            self.kiosks.retain(|_, asked| now.saturating_sub(asked.again.max(asked.counted)) < MINUTE_MS);
            self.shops.retain(|_, standing| now.saturating_sub(standing.at) < KEEP_MS);
        }
    }
}

/// Of thousandths: all that is wanted can be carried.
pub(crate) const fn is_all(part: i64) -> bool {
    part >= WHOLE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(kiosk: u8, shop: &str, order: u64) -> Wish {
        let shop = Shop::Named(shop.into());
        Wish {
            kiosk: Owner::new([kiosk; 32]),
            shop,
            order: OrderId::parse(&format!("till-{order}")).unwrap(),
            is_relayed: false,
        }
    }

    fn counts(shares: &mut Shares, wish: &Wish, at: u64) -> bool {
        shares.demand(wish, at) == Demand::New
    }

    // Mutants: `add` without its bound (who was refused for an hour takes all afterwards); a repeat that counts; another order that counts
    // before its time, or in the same minute.
    #[test]
    fn a_kiosk_counts_with_one_sale_a_minute_and_not_before_its_time() {
        let mut shares = Shares::default();
        let wishes = [
            (1, 1_000, true),
            (1, 30_000, false),
            (2, 60_999, false),
            (2, 61_000, true),
            (3, 120_999, false),
            (3, 121_000, true),
        ];
        for (order, at, counted) in wishes {
            assert_eq!(counts(&mut shares, &wish(1, "a", order), at), counted, "order {order} at {at}");
        }
        shares.tell(&wish(1, "a", 3), 300_000);
        assert_eq!(shares.is_early(&wish(1, "a", 4), 299_000), Some(1_000));
        assert!(!counts(&mut shares, &wish(1, "a", 4), 299_999) && counts(&mut shares, &wish(1, "a", 4), 300_000));
        assert_eq!(shares.demand(&wish(1, "a", 4), 301_000), Demand::Same, "once more");
        assert!(counts(&mut shares, &wish(2, "a", 4), 300_000), "another kiosk's time is its own");
        assert_eq!(shares.is_early(&wish(1, "a", 4), 300_000), None);
    }

    // Mutants: `HALF` that is 0 or whole (shops of one sale get all or nothing); `begin` that takes nothing; no bound below.
    #[test]
    fn a_shop_gets_what_it_is_due() {
        let mut shares = Shares::default();
        let mut ask = |shop: &str, part| {
            let wish = wish(1, shop, 1);
            shares.add(&wish.shop, part, 0);
            let is_due = shares.is_due(&wish.shop);
            if is_due {
                shares.begin(&wish);
            }
            u32::from(is_due)
        };
        for (part, of_hundred) in [(1_000, 100), (700, 70), (250, 25), (10, 1)] {
            let shop = format!("shop-{part}");
            assert_eq!((0..100).map(|_| ask(&shop, part)).sum::<u32>(), of_hundred, "{part}");
        }
        (0..50).for_each(|_| shares.add(&Shop::Named("a".into()), 700, 0));
        let in_a_row = (0..50).take_while(|_| {
            let is_due = shares.is_due(&Shop::Named("a".into()));
            shares.begin(&wish(1, "a", 1));
            is_due
        });
        assert_eq!(in_a_row.count(), 2, "no shop saves up more");
        (0..50).for_each(|_| shares.begin(&wish(1, "a", 1)));
        shares.add(&Shop::Named("a".into()), 1_000, 0);
        assert!(shares.is_due(&Shop::Named("a".into())), "what it got while there was plenty is not held against it");
    }

    // Mutant: `wanted` that forgets nothing, or what is younger than a minute.
    #[test]
    fn the_part_is_that_of_the_last_minute() {
        let (mut pool, limits) = (Pool::default(), Limits { sales: 80, ..Limits::PRODUCTION });
        assert_eq!(pool.wanted(false, &limits, 0), WHOLE);
        let parts: Vec<_> = (0..160).map(|_| pool.wanted(true, &limits, 0)).collect();
        assert_eq!((parts[75], parts[99], parts[159]), (1_000, 760, 475));
        assert_eq!((pool.wanted(false, &limits, 59_999), pool.wanted(false, &limits, 60_000)), (475, 1_000));
    }

    // Meant to notice: memory that grows with every kiosk that ever asked.
    #[test]
    fn what_says_nothing_any_more_is_let_go() {
        let mut shares = Shares::default();
        for n in 0..200_u64 {
            let wish = wish(n as u8, &format!("shop-{n}"), n);
            shares.demand(&wish, n * MINUTE_MS);
            shares.add(&wish.shop, WHOLE, n * MINUTE_MS);
        }
        assert!(shares.kiosks.len() <= 2 && shares.shops.len() <= 11, "{} {}", shares.kiosks.len(), shares.shops.len());
    }
}
