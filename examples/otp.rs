//! A card payment whose one-time password the shopper types here, not on the bank's page. The argument is the card's number (one of
//! the sandbox's test cards); the OTP is read from standard input, one a line.
//!
//! A program that sees card numbers is in the scope of PCI DSS. Where that is unwanted, take `Card::link`: the bank shows its page.
use std::{env, error::Error, io, thread::sleep, time::Duration, time::Instant};

use pay_core::model::method::{Card, CardExpiry, CardNumber, Cvv, PlainCard};
use pay_core::model::{Amount, Customer, CustomerId, Environment, NextAction, Otp, Phone};
use pay_core::till::{Goods, Offer, Seen, Terms, Wish, blocking::Till, shop::blocking::Shop};
use pay_core::{Buffers, Millis, Policy, Routes};
use transport_std::Device;

struct Counter(Instant);
impl Shop for Counter {
    fn now(&mut self) -> Millis {
        Millis(self.0.elapsed().as_millis() as u64)
    }
    fn sleep(&mut self, until: Millis) -> Wish {
        sleep(Duration::from_millis(until.since(self.now())));
        Wish::Nothing
    }
    fn show(&mut self, offer: &Offer, action: NextAction<'_>) -> Seen {
        let NextAction::EnterOtp { was_wrong, .. } = action else { return Seen::GiveUp };
        let again = if was_wrong { "That was wrong. " } else { "" };
        println!("{}: {again}OTP for {}:", offer.order_id, offer.amount);
        let mut line = String::new();
        match io::stdin().read_line(&mut line).map(|_| Otp::parse(line.trim())) {
            Ok(Ok(otp)) => Seen::Otp(otp),
            _ => Seen::GiveUp,
        }
    }
    fn vend(&mut self, offer: &Offer) -> Goods {
        println!("{}: paid, hand out the goods", offer.order_id);
        Goods::Out
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let number = CardNumber::parse(&env::args().nth(1).ok_or("give a card number")?)?;
    let card = PlainCard::new(number, CardExpiry::parse("12", "49")?, Cvv::parse("123")?);
    let terms = Terms::new(Environment::Sandbox, Policy::with_keys());
    let buffers = Buffers { tx: &mut [0; 1024], rx: &mut [0; 64 * 1024] };
    let (routes, device) = (Routes::same(examples::gateway()?), Device::open("till")?);
    let mut till = Till::new(routes, device, terms, Device::seed()?, buffers, ());
    let shop = &mut Counter(Instant::now());
    let customer = Customer::new(CustomerId::parse("walk_in")?, Phone::parse("9999999999")?);
    let order = till.create(Amount::from_minor(1015)?, customer, shop)?;
    println!("{:?}", till.sell(order, Card::native_otp(card), shop)?);
    Ok(())
}
