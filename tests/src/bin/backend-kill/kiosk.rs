//! One kiosk: the till and the transport that ship, one sale after another.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{mem, thread};

use pay_core::drive::{MemoryJournal, Routes};
use pay_core::model::method::Upi;
use pay_core::model::{Amount, CreateOrder, Customer, CustomerId, DeviceSecret, Environment, OrderId, Phone};
use pay_core::sale::{Buffers, Policy, Record, Refunds};
use pay_core::till::blocking::Till;
use pay_core::till::shop::blocking::Shop;
use pay_core::till::{Device, Heard, Observer, Terms, Unclaimed};
use pay_core::wire::{Auth, Endpoint};
use transport_std::{Config, HttpsTransport, Roots};

use crate::backends::Backends;
use crate::dice::Dice;
use crate::network::{self, Ask, Yes};
use crate::roll::Ears;
use crate::shopper::Shopper;
use crate::street::Street;

/// What each order costs, in paise.
pub const PRICE: u64 = 1_015;
/// So long a kiosk settles what it has open, once nothing dies any more: one sale after the other, and two readings of one are 30 s apart.
const PATIENCE: Duration = Duration::from_secs(300);
/// Of so many calls it tells, the last ones.
const HEARD: usize = 30;

/// What a kiosk tells at the end.
pub struct Told {
    /// What it knew last of each order.
    pub records: BTreeMap<String, Record>,
    /// How often its goods came out, by order.
    pub goods: BTreeMap<String, usize>,
    /// What backends have said yes to, to it and to the second terminal.
    pub said: Vec<(String, Yes)>,
    /// What came of its last calls.
    pub heard: Vec<String>,
}

/// Keeps what the till's journal keeps, also of sales that are over.
struct Notebook<'w> {
    ears: &'w Ears,
    records: BTreeMap<String, Record>,
    heard: VecDeque<String>,
    start: Instant,
}

impl Observer for &mut Notebook<'_> {
    fn exchanged(&mut self, heard: Heard<'_>) {
        self.ears.note(&heard);
        if self.heard.len() >= HEARD {
            self.heard.pop_front();
        }
        self.heard.push_back(format!("{:?}: {heard:?}", self.start.elapsed()));
    }

    fn stored(&mut self, record: &Record) {
        self.records.insert(record.order_id.to_string(), record.clone());
    }
}

pub struct Kiosk<'w> {
    number: u32,
    dice: Dice,
    pay: HttpsTransport,
    ask: Ask<'w>,
    shopper: Shopper<'w>,
}

impl<'w> Kiosk<'w> {
    pub fn new(number: u32, seed: u64, street: &'w Street, backends: &Backends) -> Self {
        let mut dice = Dice(seed.wrapping_mul(1_000_003).wrapping_add(number.into()));
        // One of three pays at the gateway itself, the others through whichever backend is alive.
        let is_direct = number.is_multiple_of(3);
        let token = backends.token(&format!("kiosk-{number}"), is_direct);
        let pay = if is_direct {
            let gateway = street.gateway();
            let roots = Roots::from_pem(gateway.ca_pem().as_bytes()).expect("a certificate");
            let endpoint = Endpoint::parse(gateway.url(), Auth::Session).expect("an endpoint");
            HttpsTransport::new(endpoint, Config::new().with_roots(roots)).expect("a transport")
        } else {
            network::transport(backends.addresses().into(), backends.certificate(), &token, number.is_multiple_of(2))
        };
        // One of two goes on with its connection, the other opens one for each call.
        let ask = Ask::new(backends, street, &token, number.is_multiple_of(2), Dice(dice.below(u64::MAX)));
        let shopper = Shopper::new(street, Dice(dice.below(u64::MAX)));
        Self { number, dice, pay, ask, shopper }
    }

    /// Sells until it is told to stop, then settles what is open.
    pub fn sell_until(self, over: &AtomicBool, ears: &Ears) -> Told {
        let Self { number, mut dice, pay, ask, mut shopper } = self;
        let said = ask.said();
        let mut notebook = Notebook { ears, records: BTreeMap::new(), heard: VecDeque::new(), start: Instant::now() };
        let mut journal = Box::new(MemoryJournal::<32>::new());
        let device =
            Device { secret: DeviceSecret::new(dice.bytes()), journal: &mut *journal, incarnation: 1, epoch: 0 };
        let (mut tx, mut rx) = (vec![0; 1_024], vec![0; 16 * 1_024]);
        let buffers = Buffers { tx: &mut tx, rx: &mut rx };
        let routes = Routes::two(pay, ask);
        let mut till = Till::new(routes, device, terms(), dice.bytes(), buffers, &mut notebook);
        for sale in 0.. {
            if over.load(Ordering::Relaxed) {
                break;
            }
            let order = format!("sale-{number}-{sale}");
            shopper.comes(&order);
            // Where nobody answers, it stays open in the journal.
            if let Ok(order) = till.create_by(&request(&order), &mut shopper) {
                let _ = till.sell(order, Upi::link(), &mut shopper);
            }
            shopper.is_gone();
            if dice.below(4) == 0 {
                let until = shopper.now().after(1_000);
                let _ = till.settle_open(until, &mut shopper);
            }
        }
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            let until = shopper.now().after(40_000);
            if till.settle_open(until, &mut shopper) == Ok(0) {
                break;
            }
            thread::sleep(Duration::from_millis(300));
        }
        drop(till);
        let said = mem::take(&mut *said.lock().expect("no panic"));
        Told { records: notebook.records, goods: shopper.goods, said, heard: notebook.heard.into() }
    }
}

fn request(order: &str) -> CreateOrder {
    let customer =
        Customer::new(CustomerId::parse("walk_in").expect("an id"), Phone::parse("9999999999").expect("a number"));
    let amount = Amount::from_minor(PRICE).expect("an amount");
    CreateOrder::new(OrderId::parse(order).expect("an id"), amount, customer).expect("an order")
}

fn terms() -> Terms {
    let mut policy = Policy::with_ask();
    (policy.ask_ms, policy.ask_max_ms, policy.settle_ms) = (100, 1_000, 500);
    // A backend that dies is noticed soon; a busy machine is not taken for one that died.
    (policy.exchange_ms, policy.deadline_ms, policy.wait_s) = (5_000, 8_000, 2);
    (policy.release, policy.refunds) = (true, Refunds::ByBackend);
    let mut terms = Terms::new(Environment::Sandbox, policy);
    (terms.linger_ms, terms.abandoned_ms, terms.unclaimed) = (500, 500, Unclaimed::Return);
    terms
}
