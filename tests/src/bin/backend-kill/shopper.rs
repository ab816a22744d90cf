//! Who stands before a kiosk, and its goods.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use pay_core::model::NextAction;
use pay_core::sale::Millis;
use pay_core::till::shop::blocking::Shop;
use pay_core::till::{Goods, Offer, Seen, Wish};

use crate::dice::Dice;
use crate::street::{Street, Who};

/// What a shopper will do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plan {
    /// Pays, and takes the goods.
    Pays,
    /// Pays, and nothing comes out.
    GetsNothing,
    /// Goes away.
    GivesUp,
    /// Goes away, and the money comes all the same.
    PaysLate,
    /// Pays, and somebody else pays the same order.
    PaidTwice,
}

struct Sale {
    order: String,
    plan: Plan,
    shown: bool,
    leaves: Option<Millis>,
}

pub struct Shopper<'w> {
    street: &'w Street,
    start: Instant,
    dice: Dice,
    /// The sale before the kiosk.
    sale: Option<Sale>,
    /// How often goods came out, by order.
    pub goods: BTreeMap<String, usize>,
}

impl<'w> Shopper<'w> {
    pub fn new(street: &'w Street, dice: Dice) -> Self {
        Self { street, start: Instant::now(), dice, sale: None, goods: BTreeMap::new() }
    }

    /// Another one comes.
    pub fn comes(&mut self, order: &str) {
        let plan = match self.dice.below(20) {
            0..10 => Plan::Pays,
            10..12 => Plan::GetsNothing,
            12..14 => Plan::GivesUp,
            14..17 => Plan::PaysLate,
            _ => Plan::PaidTwice,
        };
        self.sale = Some(Sale { order: order.to_owned(), plan, shown: false, leaves: None });
    }

    /// Nobody is there.
    pub fn is_gone(&mut self) {
        self.sale = None;
    }
}

impl Shop for Shopper<'_> {
    fn now(&mut self) -> Millis {
        Millis(u64::try_from(self.start.elapsed().as_millis()).expect("small"))
    }

    fn sleep(&mut self, until: Millis) -> Wish {
        let now = self.now();
        let leaves = self.sale.as_ref().and_then(|sale| sale.leaves);
        let until = leaves.map_or(until, |leaves| leaves.min(until));
        thread::sleep(Duration::from_millis(until.since(now)));
        let now = self.now();
        match &mut self.sale {
            Some(sale) if sale.leaves.is_some_and(|leaves| leaves <= now) => {
                sale.leaves = None;
                Wish::Cancel
            }
            _ => Wish::Nothing,
        }
    }

    fn show(&mut self, offer: &Offer, _: NextAction<'_>) -> Seen {
        let now = self.now();
        let Some(sale) = self.sale.as_mut().filter(|sale| !sale.shown && sale.order == offer.order_id.as_str()) else {
            return Seen::Shown;
        };
        sale.shown = true;
        let after = 20 + self.dice.below(1_000);
        match sale.plan {
            Plan::Pays | Plan::GetsNothing => self.street.pays(Who::Shopper, &sale.order, after),
            Plan::GivesUp => sale.leaves = Some(Millis(now.0 + after)),
            Plan::PaysLate => {
                sale.leaves = Some(Millis(now.0 + after));
                self.street.pays(Who::Shopper, &sale.order, after + self.dice.below(4_000));
            }
            Plan::PaidTwice => {
                self.street.pays(Who::Shopper, &sale.order, after);
                // Mostly while the kiosk asks for the right to hand out.
                self.street.pays(Who::Stranger, &sale.order, after + self.dice.below(300));
            }
        }
        Seen::Shown
    }

    fn vend(&mut self, offer: &Offer) -> Goods {
        let order = offer.order_id.as_str();
        let stays = self.sale.as_ref().is_some_and(|sale| sale.order == order && sale.plan == Plan::GetsNothing);
        if stays {
            return Goods::Inside;
        }
        *self.goods.entry(order.to_owned()).or_default() += 1;
        Goods::Out
    }
}
