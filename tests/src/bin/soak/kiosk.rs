//! One kiosk: a journal, a transport, one sale after another.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use pay_core::drive::journal::blocking::Journal as _;
use pay_core::drive::{Driver, Need, Routes};
use pay_core::model::method::{Card, CardExpiry, CardNumber, Collect, Cvv, PaymentMethod, PlainCard, Upi};
use pay_core::model::{
    Amount, ApiVersion, Authenticate, CreateOrder, Customer, CustomerId, Environment, IdempotencyKey, NextAction,
    OrderId, OrderPay, Otp, PaymentSessionId, Phone, UnixSeconds, Vpa,
};
use pay_core::sale::{Buffers, Millis, Policy, Record, Refunds, Release, RouteProblem, Sale, Setup, Stage};
use pay_core::wire::{Auth, Endpoint};
use transport_std::{Config, Entry, FileJournal, HttpsTransport, Roots};

use crate::dice::Dice;
use crate::gateway::Link;
use crate::heap;

/// No sale may take longer.
const PATIENCE: Duration = Duration::from_secs(300);

/// When all sales began.
const BEGAN: UnixSeconds = UnixSeconds(1_700_000_000);

/// What a kiosk tells of a sale.
#[derive(Debug)]
pub struct Told {
    pub order_id: String,
    /// `paid`, `not_paid`, `refunded`.
    pub end: &'static str,
    pub attempts: usize,
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
    journal: Option<FileJournal>,
    transport: Option<HttpsTransport>,
    tx: Vec<u8>,
    rx: Vec<u8>,
}

impl Kiosk {
    pub fn new(number: u32, seed: u64, directory: &Path) -> Self {
        Self {
            dice: Dice(seed.wrapping_mul(1_000_003).wrapping_add(number.into())),
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
        let order_id = OrderId::parse(&format!("sale-{number}")).expect("an id");
        let mut told =
            Told { order_id: order_id.to_string(), end: "", attempts: 0, cuts: 0, took: Duration::ZERO, trouble: None };
        let mut again = None;
        loop {
            // One in four is cut off after a while, as by the power; so is one in four of what is resumed.
            let cut = (self.dice.below(4) == 0).then(|| Duration::from_millis(self.dice.below(250)));
            let until = cut.map_or(begin + PATIENCE, |cut| Instant::now() + cut);
            let result = self.drive(&order_id, again.take(), until);
            let found = self.journal.as_mut().expect("a journal").find(&order_id).expect("its record");
            let Some(record) = found else {
                told.end = "not_paid";
                break;
            };
            told.attempts = record.attempt_count();
            if !record.is_open() {
                told.end = end(&record);
                break;
            }
            let problem = match result {
                Ok(problem) => problem,
                Err(trouble) => {
                    told.trouble = Some(trouble);
                    break;
                }
            };
            if begin.elapsed() > PATIENCE {
                told.trouble = Some(format!("no end: {problem:?}, {record:?}"));
                break;
            }
            told.cuts += 1;
            again = Some(record);
        }
        told.took = begin.elapsed();
        told
    }

    /// Drives a sale from its beginning or from its record, until it is over or the power goes.
    fn drive(
        &mut self,
        order_id: &OrderId,
        record: Option<Record>,
        until: Instant,
    ) -> Result<Option<RouteProblem>, String> {
        let start = self.start;
        let mut clock = || Millis(u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX));
        let seed = self.dice.bytes();
        let mut buffers = Buffers { tx: &mut self.tx, rx: &mut self.rx };
        let sale = match record {
            Some(record) => Sale::resume(record, policy(), seed, clock()),
            None => {
                let setup = Setup {
                    environment: Environment::Sandbox,
                    api_version: ApiVersion::default(),
                    policy: policy(),
                    seed,
                };
                let customer = Customer::new(known(CustomerId::parse("walk_in")), known(Phone::parse("9999999999")));
                let request = known(CreateOrder::new(order_id.clone(), known(Amount::from_minor(1015)), customer));
                let key = IdempotencyKey::from_random(self.dice.bytes());
                let sale =
                    Sale::create(&request, key, setup, clock(), &mut buffers).map_err(|error| error.to_string())?;
                sale.with_created(BEGAN)
            }
        };
        let transport = self.transport.as_mut().expect("a transport");
        let journal = self.journal.as_mut().expect("a journal");
        let mut driver = Driver::new(sale, Routes::same(transport), journal, buffers);
        let mut session: Option<PaymentSessionId> = None;
        loop {
            if Instant::now() >= until {
                let problem = driver.sale().route_problem();
                return Ok(problem);
            }
            let at = match driver.drive_blocking(&mut clock).map_err(|error| error.to_string())? {
                Need::Nothing(_) => match driver.sale().record().release {
                    Release::Due => {
                        driver.begin_release().map_err(|error| error.to_string())?;
                        let _ = driver.drive_blocking(&mut clock).map_err(|error| error.to_string())?;
                        // One in ten does not come out; and the power may go while it moves.
                        let (out, seen) = (self.dice.below(10) > 0, self.dice.below(20) > 0);
                        match driver.vend_token() {
                            Some(token) if seen => driver.released(token, out).map_err(|error| error.to_string())?,
                            _ => return Ok(None),
                        }
                        continue;
                    }
                    Release::Unknown => {
                        driver.settle_release(self.dice.below(2) == 0).map_err(|error| error.to_string())?;
                        continue;
                    }
                    _ => return Ok(None),
                },
                Need::Time(at) => at,
                Need::Attempt(_) => {
                    session = driver.sale().session().cloned().or(session);
                    match &session {
                        Some(session) if driver.sale().record().attempt_count() < 2 => {
                            let request = OrderPay::new(session.clone(), method(&mut self.dice));
                            let key = IdempotencyKey::from_random(self.dice.bytes());
                            driver.pay(&request, key, clock()).map_err(|error| error.to_string())?;
                        }
                        _ => driver.cancel(clock()),
                    }
                    continue;
                }
                Need::Shopper(NextAction::EnterOtp { .. }) => {
                    let otp = Authenticate::SubmitOtp(known(Otp::parse("111000")));
                    let key = IdempotencyKey::from_random(self.dice.bytes());
                    driver.submit_otp(&otp, key, clock()).map_err(|error| error.to_string())?;
                    continue;
                }
                Need::Shopper(_) => {
                    driver.shown(clock());
                    continue;
                }
            };
            let left = Duration::from_millis(at.since(clock()));
            thread::sleep(left.min(until.saturating_duration_since(Instant::now())));
        }
    }
}

fn policy() -> Policy {
    let mut policy = Policy::with_ask();
    (policy.ask_ms, policy.ask_max_ms, policy.settle_ms) = (20, 200, 120);
    // A connection that stalls is given up soon; a busy machine is not taken for one.
    (policy.exchange_ms, policy.deadline_ms) = (2_000, 5_000);
    policy.refunds = Refunds::ByKeys;
    policy.release = true;
    policy
}

fn method(dice: &mut Dice) -> PaymentMethod {
    let card = || {
        let expiry = known(CardExpiry::parse("03", "48"));
        PlainCard::new(known(CardNumber::parse("4111111111111111")), expiry, known(Cvv::parse("123")))
    };
    match dice.below(5) {
        0 => Card::link(card()).into(),
        1 => Card::native_otp(card()).into(),
        2 => Upi::Collect(Collect::new(known(Vpa::parse("testsuccess@gocash")))).into(),
        3 => Upi::QrCode.into(),
        _ => Upi::link().into(),
    }
}

fn end(record: &Record) -> &'static str {
    match (&record.stage, record.release) {
        (_, Release::Returned) | (Stage::Refunded(pay_core::model::RefundReason::LateSuccess), _) => "refunded",
        (Stage::Paid { .. } | Stage::Refunded(_), _) => "paid",
        _ => "not_paid",
    }
}

fn known<T, E: core::fmt::Debug>(result: Result<T, E>) -> T {
    result.expect("a value that is right")
}
