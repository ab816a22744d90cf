//! A till on a desktop: sells for 10.15 by a QR, and may be killed at any moment.
//!
//! What an earlier run left open comes first: its order is closed, and money that still came goes back. With the argument
//! `refund` the money of this sale goes back too. See `gateway` for the environment it needs.
use std::{env, error::Error, fs, thread::sleep, time::Duration, time::Instant};

use pay_core::model::{Amount, Customer, CustomerId, Environment, NextAction, Phone, method::Upi};
use pay_core::till::{Goods, Offer, RefundRef, Seen, Terms, Unclaimed, Wish, blocking::Till, shop::blocking::Shop};
use pay_core::{Buffers, Millis, Policy, Routes};
use transport_std::Device;

struct Counter(Instant);
impl Shop for Counter {
    fn now(&mut self) -> Millis {
        Millis(self.0.elapsed().as_millis() as u64)
    }
    fn sleep(&mut self, until: Millis) -> Wish {
        sleep(Duration::from_millis(until.since(self.now())));
        Wish::Nothing // or `Wish::Cancel`, when the shopper gives up
    }
    fn show(&mut self, offer: &Offer, action: NextAction<'_>) -> Seen {
        let NextAction::ShowQr(code) = action else { return Seen::GiveUp };
        let mut png = vec![0; code.png_len()];
        code.decode(&mut png);
        println!("{}: scan code.png to pay {}", offer.order_id, offer.amount);
        if fs::write("code.png", png).is_ok() { Seen::Shown } else { Seen::GiveUp }
    }
    fn vend(&mut self, offer: &Offer) -> Goods {
        println!("{}: paid, hand out the goods", offer.order_id);
        Goods::Out
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut terms = Terms::new(Environment::Sandbox, Policy::with_keys());
    terms.unclaimed = Unclaimed::Return;
    let buffers = Buffers { tx: &mut [0; 1024], rx: &mut [0; 64 * 1024] };
    let (routes, device) = (Routes::same(examples::gateway()?), Device::open("till")?);
    let mut till = Till::new(routes, device, terms, Device::seed()?, buffers, examples::Log);
    let shop = &mut Counter(Instant::now());
    println!("earlier sales that are still open: {}", till.settle_open(shop.now().after(120_000), shop)?);
    let customer = Customer::new(CustomerId::parse("walk_in")?, Phone::parse("9999999999")?);
    let order = till.create(Amount::from_minor(1015)?, customer, shop)?;
    let (id, amount) = (order.order_id.clone(), order.amount);
    println!("{id}: {:?}", till.sell(order, Upi::QrCode, shop)?);
    if env::args().any(|argument| argument == "refund") {
        println!("{id}: {:?}", till.refund(&id, amount, &RefundRef::new("return-1")?, shop)?.money);
    }
    Ok(())
}
