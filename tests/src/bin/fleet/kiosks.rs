//! The kiosks: each the till and the transport that ship, in a thread of its own.

use core::net::Ipv4Addr;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use pay_core::drive::{MemoryJournal, Routes};
use pay_core::model::method::Upi;
use pay_core::model::{Amount, Customer, CustomerId, DeviceSecret, Environment, NextAction, Phone};
use pay_core::sale::{Buffers, Millis, Policy, Refunds};
use pay_core::till::blocking::Till;
use pay_core::till::shop::blocking::Shop;
use pay_core::till::{Device, Goods, Offer, Seen, Terms, Wish};
use pay_core::wire::{Auth, Endpoint};
use serde_json::{Value, json};
use transport_std::{Config, HttpsTransport, Roots};

use crate::dice::Dice;
use crate::gateway::micros;
use crate::merchant::ORDER_LIFE;
use crate::part::{number, say, text};

/// A kiosk's stack; only what is used of it takes memory.
const STACK: usize = 1024 * 1024;
/// So many make their orders at a time.
const AT_ONCE: u32 = 64;

enum Told {
    Shown,
    Failed(String),
    Known(String, u64),
}

/// One shopper, who does nothing here.
struct Stand {
    start: Instant,
    told: Sender<Told>,
}

impl Shop for Stand {
    fn now(&mut self) -> Millis {
        Millis(self.start.elapsed().as_millis() as u64)
    }

    fn sleep(&mut self, until: Millis) -> Wish {
        thread::sleep(Duration::from_millis(until.since(self.now())));
        Wish::Nothing
    }

    fn show(&mut self, _: &Offer, _: NextAction<'_>) -> Seen {
        let _ = self.told.send(Told::Shown);
        Seen::Shown
    }

    fn vend(&mut self, offer: &Offer) -> Goods {
        let _ = self.told.send(Told::Known(offer.order_id.to_string(), micros()));
        Goods::Out
    }
}

/// So many kiosks, each with one sale; a line for each that knows of its payment.
pub fn serve(words: &str) {
    let words: Value = serde_json::from_str(words).expect("words");
    let (first, count) = (number(&words, "first") as u32, number(&words, "count") as u32);
    let (told, heard) = channel();
    let (mut begun, mut shown, mut failed, mut known) = (0, 0, 0, 0);
    while shown + failed < count {
        while begun < count && begun < shown + failed + AT_ONCE {
            let kiosk = Kiosk::new(&words, first + begun);
            let told = told.clone();
            let thread = thread::Builder::new().stack_size(STACK);
            thread.spawn(move || kiosk.sell(told)).expect("a thread");
            begun += 1;
        }
        match heard.recv_timeout(Duration::from_secs(120)).expect("a kiosk") {
            Told::Shown => shown += 1,
            Told::Failed(error) => {
                eprintln!("kiosk: {error}");
                failed += 1;
            }
            Told::Known(..) => known += 1,
        }
    }
    say(&json!({"shown": shown, "failed": failed}));
    // Longer than any order lives.
    while known < shown {
        match heard.recv_timeout(ORDER_LIFE) {
            Ok(Told::Known(order, at)) => {
                say(&json!({"order": order, "at": at}));
                known += 1;
            }
            Ok(Told::Failed(error)) => {
                eprintln!("kiosk: {error}");
                known += 1;
            }
            Ok(Told::Shown) => {}
            Err(_) => break,
        }
    }
}

struct Kiosk {
    seed: u64,
    pay: HttpsTransport,
    ask: HttpsTransport,
}

impl Kiosk {
    fn new(words: &Value, number_of: u32) -> Self {
        let (link, shop) = (&words["link"], &words["shop"]);
        let transport = |place: &Value, auth| {
            let roots = Roots::from_pem(text(place, "ca").as_bytes()).expect("an authority");
            let endpoint = Endpoint::parse(text(place, "url"), auth).expect("an endpoint");
            let mut config = Config::new().with_roots(roots);
            // Where all of 127.0.0.0/8 is this machine's, each kiosk has an address of its own.
            if cfg!(target_os = "linux") {
                let [_, high, middle, low] = number_of.to_be_bytes();
                config = config.with_source(Ipv4Addr::new(127, high + 1, middle, low).into());
            }
            HttpsTransport::new(endpoint, config).expect("a transport")
        };
        let tokens = shop["tokens"].as_array().expect("tokens");
        let token = tokens[number_of as usize % tokens.len()].as_str().expect("a token");
        Self {
            seed: number(words, "seed") << 32 | u64::from(number_of),
            pay: transport(link, Auth::Session),
            ask: transport(shop, Auth::bearer(token).expect("a token")),
        }
    }

    fn sell(self, told: Sender<Told>) {
        let mut dice = Dice(self.seed);
        let mut policy = Policy::with_ask();
        (policy.release, policy.refunds) = (true, Refunds::ByBackend);
        // The first order is open until the last one is, and then the shopper comes.
        policy.deadline_ms = ORDER_LIFE.as_millis() as u32;
        let terms = Terms::new(Environment::Sandbox, policy);
        let secret = DeviceSecret::new(dice.bytes());
        let device = Device { secret, journal: MemoryJournal::<2>::new(), incarnation: self.seed, epoch: 0 };
        let (mut tx, mut rx) = (vec![0; 1_024], vec![0; 16 * 1_024]);
        let buffers = Buffers { tx: &mut tx, rx: &mut rx };
        let routes = Routes::Two { pay: self.pay, ask: self.ask };
        let mut till = Till::new(routes, device, terms, dice.bytes(), buffers, ());
        let mut stand = Stand { start: Instant::now(), told: told.clone() };
        let customer =
            Customer::new(CustomerId::parse("walk_in").expect("an id"), Phone::parse("9999999999").expect("a number"));
        let amount = Amount::from_minor(1_015).expect("an amount");
        let order = till.create(amount, customer, &mut stand);
        let sold = order.and_then(|order| till.sell(order, Upi::link(), &mut stand));
        if let Err(error) = sold {
            let _ = told.send(Told::Failed(error.to_string()));
        }
    }
}
