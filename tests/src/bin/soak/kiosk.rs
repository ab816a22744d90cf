//! One kiosk: the till that ships with a journal and a transport, one sale after another.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{mem, thread};

use pay_core::drive::journal::blocking::Journal as _;
use pay_core::drive::{Blocking, Routes};
use pay_core::model::{
    Amount, CreateOrder, Customer, CustomerId, DeviceSecret, Environment, OrderId, Phone, UnixSeconds,
};
use pay_core::sale::{AttemptEnd, AttemptState, Buffers, NotPaid, Policy, Record, Refunds, Release, Stage};
use pay_core::till::{Device, Terms, Till, TillError, Trouble, Word};
use pay_core::wire::{Auth, Endpoint};
use tests::laws::Said;
use transport_std::{Config, Entry, FileJournal, HttpsTransport, Roots};

use crate::dice::Dice;
use crate::gateway::Link;
use crate::heap;
use crate::shopper::{BEGAN, Network, Power, Shopper};

/// No sale may take longer.
const PATIENCE: Duration = Duration::from_secs(300);

/// So often in a row a sale may be brought on without a change; then nobody has anything left to do, and it is open.
const IDLE: u32 = 5;

/// What a kiosk tells of a sale.
#[derive(Debug)]
pub struct Told {
    pub order_id: String,
    /// `paid`, `not_paid`, `refunded`, or `taken`: a person looked, and nothing was paid.
    pub end: &'static str,
    pub said: Option<Said>,
    pub attempts: usize,
    /// How often goods came out.
    pub goods: usize,
    /// How often it was cut off and resumed.
    pub cuts: u32,
    pub took: Duration,
    /// What must not be.
    pub trouble: Option<String>,
}

pub struct Kiosk {
    dice: Dice,
    path: PathBuf,
    start: Instant,
    secret: [u8; 32],
    journal: Option<FileJournal>,
    transport: Option<HttpsTransport>,
    tx: Vec<u8>,
    rx: Vec<u8>,
}

/// What a boot is for.
enum Boot {
    Sell,
    BringOn(Word),
}

impl Kiosk {
    pub fn new(number: u32, seed: u64, directory: &Path) -> Self {
        let mut dice = Dice(seed.wrapping_mul(1_000_003).wrapping_add(number.into()));
        Self {
            secret: dice.bytes(),
            dice,
            path: directory.join(format!("{number}.redb")),
            start: Instant::now(),
            journal: None,
            transport: None,
            tx: vec![0; 2 * 1024],
            rx: vec![0; 16 * 1024],
        }
    }

    /// Begins a round.
    pub fn open(&mut self, link: &Link) {
        let auth = Auth::merchant(&link.client_id, &link.client_secret).expect("keys");
        let endpoint = Endpoint::parse(&link.url, auth).expect("a URL");
        let roots = Roots::from_pem(link.ca.as_bytes()).expect("a certificate");
        let config = Config::new().with_roots(roots).with_address(link.address);
        self.transport = Some(HttpsTransport::new(endpoint, config).expect("a transport"));
        self.journal = Some(FileJournal::open(&self.path).expect("a journal"));
    }

    /// Ends a round; what is still open, which nothing may be. What is over is removed, so that the file does not grow.
    /// And the bytes that its transport held.
    pub fn close(&mut self) -> (Vec<Entry>, u64) {
        let held = heap::held(self.transport.take());
        let journal = self.journal.take().expect("a journal");
        journal.prune(UnixSeconds(BEGAN.0 + 1)).expect("a smaller journal");
        (journal.entries(false).expect("its records"), held)
    }

    /// One sale, to its end.
    pub fn sell(&mut self, number: u32) -> Told {
        let begin = Instant::now();
        let order_id = known(OrderId::parse(&format!("sale-{number}")));
        let mut told = Told {
            order_id: order_id.to_string(),
            end: "not_paid",
            said: None,
            attempts: 0,
            goods: 0,
            cuts: 0,
            took: Duration::ZERO,
            trouble: None,
        };
        let (mut boot, mut before, mut idle) = (Boot::Sell, 0, 0);
        let trouble = loop {
            // One in four is cut off after a while, as by the power; so is one in four of what is resumed.
            let cut = (self.dice.below(4) == 0).then(|| Duration::from_millis(self.dice.below(250)));
            let power = Power { until: cut.map_or(begin + PATIENCE, |cut| Instant::now() + cut) };
            let result = self.boot(&order_id, mem::replace(&mut boot, Boot::BringOn(Word::BringOn)), power, &mut told);
            let Some(record) = known(self.journal.as_mut().expect("a journal").find(&order_id)) else {
                // The power went before anything was stored, so nothing was sent.
                told.said = Some(Said::NotPaid { closed: false, known: false });
                break None;
            };
            told.attempts = record.attempt_count();
            if !record.is_open() {
                (told.end, told.said) = end(&record);
                break None;
            }
            if let Err(trouble) = result {
                break Some(trouble);
            }
            if begin.elapsed() > PATIENCE {
                break Some(format!("no end: {record:?}"));
            }
            idle = if record.seq == before && cut.is_none() { idle + 1 } else { 0 };
            before = record.seq;
            if idle == IDLE {
                break Some(format!("open, and nobody has anything left to do: {record:?}"));
            }
            if idle > 0 {
                thread::sleep(Duration::from_millis(100));
            }
            boot = Boot::BringOn(self.word(&record, &mut told));
        };
        told.trouble = trouble;
        told.took = begin.elapsed();
        told
    }

    /// What a person has to say of a sale that is open.
    fn word(&mut self, record: &Record, told: &mut Told) -> Word {
        match (&record.stage, record.release) {
            // The shopper still stands there, and a person hands out; or the shelf is empty.
            (_, Release::Due) => {
                if told.goods == 0 && self.dice.below(10) > 0 {
                    told.goods += 1;
                }
                Word::Goods { out: told.goods > 0 }
            }
            // No sensor knew.
            (_, Release::Unknown) => Word::Goods { out: told.goods > 0 },
            // Nobody could read whose order it is; a person looks into the books.
            (Stage::Taken, _) => Word::Attest { paid: false },
            _ => Word::BringOn,
        }
    }

    /// From power on until the till has done what it was asked for, or the power goes.
    fn boot(&mut self, order_id: &OrderId, boot: Boot, power: Power, told: &mut Told) -> Result<(), String> {
        let device = Device {
            secret: DeviceSecret::new(self.secret),
            journal: Blocking(self.journal.as_mut().expect("a journal")),
            incarnation: 1,
            epoch: 0,
        };
        let network = Network { transport: self.transport.as_mut().expect("a transport"), power };
        let buffers = Buffers { tx: &mut self.tx, rx: &mut self.rx };
        let mut till = Till::new(Routes::same(network), device, terms(), self.dice.bytes(), buffers, ());
        let (start, dice, goods) = (self.start, &mut self.dice, &mut told.goods);
        let mut shopper = Shopper { dice, start, power, goods, attempts: 0 };
        let done = run(async {
            match boot {
                Boot::Sell => {
                    let customer =
                        Customer::new(known(CustomerId::parse("walk_in")), known(Phone::parse("9999999999")));
                    let request = known(CreateOrder::new(order_id.clone(), known(Amount::from_minor(1015)), customer));
                    let order = till.create_by(&request, &mut shopper).await?;
                    till.sell_by_choice(&order, &mut shopper).await
                }
                Boot::BringOn(word) => till.bring_on(order_id, word, &mut shopper).await,
            }
        });
        match done {
            None => told.cuts += 1,
            // How it ended, the journal says.
            Some(Ok(_) | Err(TillError::Trouble(Trouble::Over(_)))) => {}
            Some(Err(error)) => return Err(error.to_string()),
        }
        Ok(())
    }
}

/// To its end; `None`: it waits for somebody who never answers, as the power is gone.
fn run<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

fn terms() -> Terms {
    let mut policy = Policy::with_ask();
    (policy.ask_ms, policy.ask_max_ms, policy.settle_ms) = (20, 200, 120);
    // A connection that stalls is given up soon; a busy machine is not taken for one.
    (policy.exchange_ms, policy.deadline_ms) = (2_000, 5_000);
    policy.refunds = Refunds::ByKeys;
    policy.release = true;
    let mut terms = Terms::new(Environment::Sandbox, policy);
    // The shopper waits a moment for a kiosk that starts anew.
    terms.abandoned_ms = 500;
    terms
}

fn end(record: &Record) -> (&'static str, Option<Said>) {
    let success = record.attempts().find(|attempt| attempt.state == AttemptState::Ended(AttemptEnd::Success));
    match (&record.stage, record.release) {
        (Stage::Paid { .. } | Stage::Refunded(_) | Stage::RefundDue(_), Release::Returned) => {
            ("refunded", Some(Said::RefundDue))
        }
        (Stage::Refunded(pay_core::model::RefundReason::LateSuccess), _) => ("refunded", Some(Said::RefundDue)),
        (Stage::Paid { .. } | Stage::Refunded(_), _) => {
            ("paid", Some(Said::Paid(success.and_then(|attempt| attempt.cf_payment_id).map(|id| id.get()))))
        }
        (Stage::NotPaid(why), _) => {
            let closed = matches!(why, NotPaid::Terminated | NotPaid::Expired);
            let end = if *why == NotPaid::Attested { "taken" } else { "not_paid" };
            (end, Some(Said::NotPaid { closed, known: false }))
        }
        (Stage::PaidElsewhere { .. }, _) => ("elsewhere", Some(Said::Elsewhere)),
        _ => ("unknown", None),
    }
}

pub fn known<T, E: core::fmt::Debug>(result: Result<T, E>) -> T {
    result.expect("a value that is right")
}
