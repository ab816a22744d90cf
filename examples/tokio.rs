//! A till in an async program: its thread may block, and talks with the program over channels. Here the program shows the code and
//! gives up when Ctrl-C is pressed; the order is closed then, and money that still comes goes back.
use std::{error::Error, time::Duration, time::Instant};

use pay_core::model::{Amount, Customer, CustomerId, Environment, NextAction, Phone, method::Upi};
use pay_core::till::{Goods, Offer, Seen, Terms, Wish, blocking::Till, shop::blocking::Shop};
use pay_core::{Buffers, Millis, Outcome, Policy, Routes};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use transport_std::Device;

type Failure = Box<dyn Error + Send + Sync>;

/// The till's end of both channels.
struct Thread {
    start: Instant,
    codes: UnboundedSender<String>,
    wishes: Receiver<Wish>,
}

impl Shop for Thread {
    fn now(&mut self) -> Millis {
        Millis(self.start.elapsed().as_millis() as u64)
    }
    fn sleep(&mut self, until: Millis) -> Wish {
        let time = Duration::from_millis(until.since(self.now()));
        match self.wishes.recv_timeout(time) {
            Ok(wish) => wish,
            Err(RecvTimeoutError::Timeout) => Wish::Nothing,
            // The program has turned away: how the sale stands is kept in the journal.
            Err(RecvTimeoutError::Disconnected) => Wish::Leave,
        }
    }
    fn show(&mut self, _: &Offer, action: NextAction<'_>) -> Seen {
        let NextAction::UpiLinks(links) = action else { return Seen::GiveUp };
        let Some(link) = links.upi() else { return Seen::GiveUp };
        let is_heard = self.codes.send(link.as_str().to_owned()).is_ok();
        if is_heard { Seen::Shown } else { Seen::GiveUp }
    }
    fn vend(&mut self, offer: &Offer) -> Goods {
        println!("{}: paid, hand out the goods", offer.order_id);
        Goods::Out
    }
}

fn sell(mut shop: Thread) -> Result<Outcome, Failure> {
    let gateway = examples::gateway().map_err(|error| error.to_string())?;
    let terms = Terms::new(Environment::Sandbox, Policy::with_keys());
    let buffers = Buffers { tx: &mut [0; 1024], rx: &mut [0; 64 * 1024] };
    let mut till = Till::new(Routes::same(gateway), Device::open("till")?, terms, Device::seed()?, buffers, ());
    let customer = Customer::new(CustomerId::parse("walk_in")?, Phone::parse("9999999999")?);
    let order = till.create(Amount::from_minor(1015)?, customer, &mut shop)?;
    Ok(till.sell(order, Upi::link(), &mut shop)?)
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let ((codes, mut shown), (give_up, wishes)) = (unbounded_channel(), channel());
    let shop = Thread { start: Instant::now(), codes, wishes };
    let mut sale = tokio::task::spawn_blocking(move || sell(shop));
    loop {
        tokio::select! {
            Some(link) = shown.recv() => println!("draw this as a QR: {link}"),
            _ = tokio::signal::ctrl_c() => give_up.send(Wish::Cancel)?,
            outcome = &mut sale => {
                println!("{:?}", outcome??);
                return Ok(());
            }
        }
    }
}
