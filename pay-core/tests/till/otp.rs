//! A card whose password the shopper types at the till.

use pay_core::Millis;
use pay_core::model::method::{Card, CardExpiry, CardNumber, Cvv, PlainCard};
use pay_core::model::{NextAction, Otp, UnixSeconds};
use pay_core::till::shop::blocking::Shop;
use pay_core::till::{Goods, Offer, Seen, Wish};

use super::world::{Counter, World, create, flash, is_paid, memory, till};

/// A shopper with a card, who types these passwords one after the other.
struct Cardholder(Counter, Vec<&'static str>);

impl Shop for Cardholder {
    fn now(&mut self) -> Millis {
        self.0.now()
    }

    fn unix(&mut self) -> Option<UnixSeconds> {
        self.0.unix()
    }

    fn sleep(&mut self, until: Millis) -> Wish {
        self.0.sleep(until)
    }

    fn show(&mut self, _: &Offer, action: NextAction<'_>) -> Seen {
        assert!(matches!(action, NextAction::EnterOtp { .. }), "{action:?}");
        if self.1.is_empty() { Seen::Shown } else { Seen::Otp(Otp::parse(self.1.remove(0)).unwrap()) }
    }

    fn vend(&mut self, offer: &Offer) -> Goods {
        self.0.vend(offer)
    }
}

// Mutant: `otps` that is not counted up; the keys of the two passwords are the same.
#[test]
fn every_password_goes_under_a_key_of_its_own() {
    let world = World::new();
    let (flash, mut memory) = (flash(&world), memory());
    let mut till = till(&world, &flash, 1, &mut memory, ());
    let order = create(&mut till, &world, 1_015);
    let card = PlainCard::new(
        CardNumber::parse("4706131211212123").unwrap(),
        CardExpiry::parse("03", "39").unwrap(),
        Cvv::parse("123").unwrap(),
    );
    let mut shopper = Cardholder(Counter(world.clone()), vec!["000000", "111000"]);
    let outcome = till.sell(order, Card::native_otp(card), &mut shopper).unwrap();
    assert!(is_paid(&outcome), "{outcome:?}");
    let world = world.borrow();
    let typed = |call: &&String| call.starts_with("POST /orders/pay/authenticate/");
    assert_eq!(world.calls.iter().filter(typed).count(), 2, "{:?}", world.calls);
    let mut keys = world.keys.clone();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), world.keys.len(), "no two requests have one key: {:?}", world.keys);
    assert!(keys.len() >= 4, "the order, the card, and each password: {:?}", world.keys);
}
