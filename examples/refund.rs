//! Sends money of an order back: `refund ORDER_ID PAISE NAME`. The name is the merchant's own, `return-17`; the same command again is
//! the same refund. The order's payments and refunds are read before, so that no more goes back than came in.
use std::{env, error::Error, thread::sleep, time::Duration, time::Instant};

use pay_core::model::{Amount, Environment, NextAction, OrderId};
use pay_core::till::{Offer, RefundRef, Seen, Terms, Wish, blocking::Till, shop::blocking::Shop};
use pay_core::{Buffers, Millis, Policy, Routes};
use transport_std::Device;

/// There is no shopper: only the clock.
struct Nobody(Instant);
impl Shop for Nobody {
    fn now(&mut self) -> Millis {
        Millis(self.0.elapsed().as_millis() as u64)
    }
    fn sleep(&mut self, until: Millis) -> Wish {
        sleep(Duration::from_millis(until.since(self.now())));
        if self.now() > Millis(60_000) { Wish::Leave } else { Wish::Nothing }
    }
    fn show(&mut self, _: &Offer, _: NextAction<'_>) -> Seen {
        Seen::GiveUp
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let mut argument = || arguments.next().ok_or("use: refund ORDER_ID PAISE NAME");
    let order_id = OrderId::parse(&argument()?)?;
    let amount = Amount::from_minor(argument()?.parse()?)?;
    let name = RefundRef::new(&argument()?)?;
    let buffers = Buffers { tx: &mut [0; 1024], rx: &mut [0; 64 * 1024] };
    let terms = Terms::new(Environment::Sandbox, Policy::with_keys());
    let (routes, device) = (Routes::same(examples::gateway()?), Device::open("till")?);
    let mut till = Till::new(routes, device, terms, Device::seed()?, buffers, ());
    let refund = till.refund(&order_id, amount, &name, &mut Nobody(Instant::now()))?;
    println!("{}: {} {:?}", refund.refund_id, refund.amount, refund.money);
    Ok(())
}
