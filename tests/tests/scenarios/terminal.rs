//! A terminal that plays its part of a scenario, over whatever carries its requests: the till that ships.

use core::cell::{Cell, RefCell};

use pay_core::drive::journal::blocking::Journal as _;
use pay_core::drive::transport::blocking::Transport;
use pay_core::drive::{MemoryJournal, Routes};
use pay_core::model::{
    Amount, CreateOrder, Currency, Customer, CustomerId, DeviceSecret, Environment, OpenOrder, OrderId,
    PaymentSessionId, Phone, Timestamp, UnixSeconds,
};
use pay_core::sale::{
    AttemptEnd, AttemptState, Buffers, Millis, NotPaid, Outcome, Policy, Record, Refunds, RouteProblem, Stage,
};
use pay_core::till::blocking::Till;
use pay_core::till::{Device, Heard, Note, Observer, Terms, TillError, Trouble};
use sandbox::{Expect, Mode, Scenario};

use crate::counter::Counter;

pub const ORDER: &str = "till-1-00000000000000a1";
/// What an order costs that chooses its scenario by a header.
pub const AMOUNT: u64 = 1015;

/// A sale that has not ended by then is one that goes on asking.
const FOR_EVER_MS: u64 = 6 * 3_600_000;

/// An order can be paid for so long.
pub const LIFE_MS: u64 = 1_800_000;

/// Between two looks at what the journal has open: each pause is twice the one before, up to the second.
const PAUSES_MS: (u64, u64) = (60_000, 900_000);

/// Where a terminal is: its time, and its ways out.
pub trait World {
    type Wire: Transport;

    /// Milliseconds since the start.
    fn now(&self) -> u64;

    /// Milliseconds since 1970.
    fn unix_ms(&self) -> u64;

    /// Lets time pass until then.
    fn pass(&self, until: u64);

    /// New connections for a terminal of this kind.
    fn routes(&self, mode: Mode) -> Routes<Self::Wire>;

    /// Who makes refunds, where a merchant's backend is between terminal and gateway; it sets how long an order lives, too.
    fn relayed(&self) -> Option<Refunds> {
        None
    }
}

/// How it came out.
pub struct Ended {
    pub said: Expect,
    pub record: Record,
    pub outcome: Outcome,
    /// It asked for an OTP again after all were typed.
    pub asked_again: bool,
    /// When the shopper's part was over, in milliseconds since the start.
    pub over: u64,
}

/// What was heard of the till.
#[derive(Default)]
pub struct Told {
    /// How often it has asked anybody anything.
    exchanges: Cell<u32>,
    /// What it said last of a sale that the journal had open.
    settled: RefCell<Option<Outcome>>,
    /// A refund that is due is refused: a person must look, however often the till asks.
    refused: Cell<bool>,
}

impl Observer for &Told {
    fn exchanged(&mut self, _: Heard<'_>) {
        self.exchanges.set(self.exchanges.get() + 1);
    }

    fn note(&mut self, note: &Note<'_>) {
        match note {
            Note::Settled(_, outcome) => *self.settled.borrow_mut() = Some(outcome.clone()),
            Note::Problem(_, RouteProblem::RefundRefused) => self.refused.set(true),
            _ => {}
        }
    }
}

/// Plays the scenario to its end. `session`: of the order, unless the terminal makes it itself.
pub fn play<W: World>(world: &W, scenario: &Scenario, mode: Mode, session: Option<&str>) -> Ended {
    let end = world.now() + FOR_EVER_MS;
    let told = Told::default();
    let mut counter = Counter::new(world, scenario, end);
    let (mut tx, mut rx) = (vec![0; 2048], vec![0; 32 * 1024]);
    let buffers = Buffers { tx: &mut tx, rx: &mut rx };
    let device =
        Device { secret: DeviceSecret::new([5; 32]), journal: MemoryJournal::<2>::new(), incarnation: 0xa1, epoch: 0 };
    let terms = terms(scenario, mode, world.relayed());
    let mut till = Till::new(world.routes(mode), device, terms, [1; 32], buffers, &told);
    let order = match session {
        Some(session) => Ok(open_order(session, if world.relayed().is_some() { scenario.amount().0 } else { AMOUNT })),
        None => till.create_by(&creation(scenario, world.relayed().is_none().then(|| world.unix_ms())), &mut counter),
    };
    let mut outcome = match order.and_then(|order| till.sell_by_choice(&order, &mut counter)) {
        Ok(outcome) | Err(TillError::Trouble(Trouble::Over(outcome))) => outcome,
        Err(error) => panic!("{error}"),
    };
    let over = world.now();

    // What is left open is looked after when there is time, until there is nothing to ask.
    let (mut asks, mut rounds, mut pause) = (false, 0, PAUSES_MS.0);
    let mut record = till.journal().find(&order_id()).unwrap().expect("a record");
    while mode != Mode::Blind && record.is_open() && world.now() < end {
        let before = told.exchanges.get();
        till.settle_open(Millis(end), &mut counter).unwrap();
        outcome = told.settled.take().unwrap_or(outcome);
        record = till.journal().find(&order_id()).unwrap().expect("a record");
        asks = told.exchanges.get() > before;
        // The first round ends with the sale as it was left.
        rounds += 1;
        if !asks && rounds > 1 {
            break;
        }
        world.pass(world.now() + pause);
        pause = (2 * pause).min(PAUSES_MS.1);
    }
    let said = said(&outcome, &record, asks && !told.refused.get());
    Ended { said, record, outcome, asked_again: counter.asked_again, over }
}

/// The outcome in the scenarios' words. `asks`: it goes on asking.
fn said(outcome: &Outcome, record: &Record, asks: bool) -> Expect {
    let first = record.attempts().next().map(|attempt| &attempt.state);
    match outcome {
        Outcome::Paid { .. } => match first {
            Some(AttemptState::Sent | AttemptState::Known | AttemptState::Ended(AttemptEnd::Success)) => Expect::Paid,
            _ => Expect::PaidOnRetry,
        },
        Outcome::PaidElsewhere => Expect::PaidElsewhere,
        Outcome::PaidUnclear => Expect::PaidUnclear,
        Outcome::OrderTaken => Expect::OrderTaken,
        _ if record.is_open() && asks => Expect::StillAsking,
        Outcome::NotPaid(NotPaid::NotStarted | NotPaid::NotSent) => Expect::NotStarted,
        Outcome::NotPaid(_) => Expect::NotPaid,
        Outcome::RefundDue(_) if matches!(record.stage, Stage::Refunded(_)) => Expect::Refunded,
        Outcome::RefundDue(_) => Expect::RefundDue,
        Outcome::Pending => Expect::Pending,
        Outcome::Unknown => Expect::Unknown,
        // Whether money came late is the backend's to know.
        Outcome::HandedOver => Expect::NotPaid,
    }
}

fn terms(scenario: &Scenario, mode: Mode, relayed: Option<Refunds>) -> Terms {
    let mut policy = if mode == Mode::Blind { Policy::session_only() } else { Policy::with_ask() };
    if mode == Mode::Keys {
        policy.refunds = Refunds::ByKeys;
    }
    policy.refunds = relayed.unwrap_or(policy.refunds);
    if scenario.stalls {
        policy.exchange_ms = 1_500;
    }
    Terms::new(Environment::Sandbox, policy)
}

/// The order that the terminal makes, which ends half an hour after now, where the terminal says so.
pub fn creation(scenario: &Scenario, unix_ms: Option<u64>) -> CreateOrder {
    let customer = Customer::new(CustomerId::parse("walk_in").unwrap(), Phone::parse("9999999999").unwrap());
    let request = CreateOrder::new(order_id(), amount(scenario.amount().0), customer).unwrap();
    match unix_ms {
        Some(now) => request.with_expiry_time(Timestamp::from_unix(UnixSeconds((now + LIFE_MS) / 1000))),
        None => request,
    }
}

fn open_order(session: &str, minor: u64) -> OpenOrder {
    let session = PaymentSessionId::parse(session).unwrap();
    OpenOrder { order_id: order_id(), amount: amount(minor), currency: Currency::inr(), session }
}

pub fn order_id() -> OrderId {
    OrderId::parse(ORDER).unwrap()
}

fn amount(minor: u64) -> Amount {
    Amount::from_minor(minor).unwrap()
}
