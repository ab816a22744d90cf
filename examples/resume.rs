//! What an earlier run left open, brought to its end: each order is asked about, closed if nobody paid, and its money sent back if
//! it came too late. A shop runs it at opening time and whenever it is idle; killing it loses nothing.
use std::{error::Error, thread::sleep, time::Duration, time::Instant};

use pay_core::model::{Environment, NextAction};
use pay_core::till::{Note, Observer, Offer, Seen, Terms, Unclaimed, Wish, blocking::Till, shop::blocking::Shop};
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
        Wish::Nothing
    }
    fn show(&mut self, _: &Offer, _: NextAction<'_>) -> Seen {
        Seen::GiveUp
    }
}

/// Prints how each sale ended.
struct Journal;
impl Observer for Journal {
    fn note(&mut self, note: &Note<'_>) {
        if let Note::Settled(record, outcome) = note {
            let who = if record.needs_person() { " A person must look." } else { "" };
            println!("{}: {outcome:?}, goods: {:?}.{who}", record.order_id, record.release);
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut terms = Terms::new(Environment::Sandbox, Policy::with_keys());
    terms.unclaimed = Unclaimed::Return;
    let buffers = Buffers { tx: &mut [0; 1024], rx: &mut [0; 64 * 1024] };
    let (routes, device) = (Routes::same(examples::gateway()?), Device::open("till")?);
    let mut till = Till::new(routes, device, terms, Device::seed()?, buffers, Journal);
    let shop = &mut Nobody(Instant::now());
    let open = till.settle_open(shop.now().after(120_000), shop)?;
    println!("{open} sales are still open");
    Ok(())
}
