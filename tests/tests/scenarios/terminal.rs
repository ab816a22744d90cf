//! A terminal that plays its part of a scenario, over whatever carries its requests.

use core::cell::Cell;

use pay_core::drive::journal::blocking::Journal as _;
use pay_core::drive::transport::blocking::Transport;
use pay_core::drive::{Driver, MemoryJournal, Need, Routes};
use pay_core::model::method::{Card, CardExpiry, CardNumber, Collect, Cvv, PlainCard, Upi};
use pay_core::model::{
    Amount, ApiVersion, Authenticate, CreateOrder, Currency, Customer, CustomerId, Environment, IdempotencyKey,
    NextAction, OrderId, OrderPay, Otp, PaymentSessionId, Phone, Vpa,
};
use pay_core::sale::{
    AttemptEnd, AttemptState, Buffers, Intent, Millis, NotPaid, Outcome, Policy, Record, Refunds, Sale, Setup, Stage,
    Switch,
};
use sandbox::{Expect, Means, Mode, Scenario};

pub const ORDER: &str = "till-1-00000000000000a1";
/// What an order costs that chooses its scenario by a header.
pub const AMOUNT: u64 = 1015;

/// A sale that has not ended by then is one that goes on asking.
const FOR_EVER_MS: u64 = 6 * 3_600_000;

/// Where a terminal is: its time, and its ways out.
pub trait World {
    type Wire: Transport;

    /// Milliseconds since the start.
    fn now(&self) -> u64;

    /// Lets time pass until then.
    fn pass(&self, until: u64);

    /// New connections for a terminal of this kind.
    fn routes(&self, mode: Mode) -> Routes<Self::Wire>;
}

/// How it came out.
pub struct Ended {
    pub said: Expect,
    pub record: Record,
    pub outcome: Outcome,
    /// It asked for an OTP again after all were typed.
    pub asked_again: bool,
}

/// Plays the scenario to its end. `session`: of the order, unless the terminal makes it itself.
pub fn play<W: World>(world: &W, scenario: &Scenario, mode: Mode, session: Option<&str>) -> Ended {
    let policy = policy(scenario, mode);
    let mut journal = MemoryJournal::<2>::new();
    let asked_again = Cell::new(false);
    let (mut tx, mut rx) = (vec![0; 2048], vec![0; 16 * 1024]);
    let mut buffers = Buffers { tx: &mut tx, rx: &mut rx };
    let sale = match session {
        Some(_) => Sale::new(intent(AMOUNT), setup(policy, 1)),
        None => {
            let customer = Customer::new(CustomerId::parse("walk_in").unwrap(), Phone::parse("9999999999").unwrap());
            let request = CreateOrder::new(order(), amount(scenario.amount().0), customer).unwrap();
            Sale::create(&request, key("create"), setup(policy, 1), Millis(world.now()), &mut buffers).unwrap()
        }
    };
    let mut driver = Driver::new(sale, world.routes(mode), &mut journal, buffers);
    let (mut outcome, mut ends) = drive(
        world,
        &mut driver,
        Part { scenario, session, tries: scenario.tries, otps: 0, switched: false, asked_again: &asked_again },
    );
    drop(driver);

    // A sale that is watched for a second payment is taken up again when there is time.
    for boot in 2..20 {
        let record = journal.find(&order()).unwrap().expect("a record");
        if mode == Mode::Blind || !matches!(record.stage, Stage::Paid { watch: true }) {
            break;
        }
        world.pass(world.now() + 60_000);
        let (mut tx, mut rx) = (vec![0; 2048], vec![0; 16 * 1024]);
        let sale = Sale::resume(record, policy, [boot; 16], Millis(world.now()));
        let buffers = Buffers { tx: &mut tx, rx: &mut rx };
        let mut driver = Driver::new(sale, world.routes(mode), &mut journal, buffers);
        (outcome, ends) = drive(
            world,
            &mut driver,
            Part { scenario, session: None, tries: 0, otps: 0, switched: true, asked_again: &asked_again },
        );
    }
    let record = journal.find(&order()).unwrap().expect("a record");
    let said = if ends { said(&outcome, &record) } else { Expect::StillAsking };
    Ended { said, record, outcome, asked_again: asked_again.get() }
}

/// What is left of a terminal's part.
struct Part<'s> {
    scenario: &'s Scenario,
    session: Option<&'s str>,
    tries: u8,
    otps: usize,
    switched: bool,
    asked_again: &'s Cell<bool>,
}

/// Drives until it is over, or to how it stands after a time that nobody waits; then `false`.
fn drive<W: World, J>(world: &W, driver: &mut Driver<'_, W::Wire, W::Wire, J>, mut part: Part<'_>) -> (Outcome, bool)
where
    J: pay_core::drive::journal::blocking::Journal<Error: core::fmt::Debug>,
{
    enum Then {
        Attempt,
        Shown,
        Otp(Authenticate),
        Wait(u64),
    }
    let end = world.now() + FOR_EVER_MS;
    loop {
        let then = match driver.drive_blocking(&mut || Millis(world.now())).unwrap() {
            Need::Attempt(_) => Then::Attempt,
            Need::Shopper(NextAction::EnterOtp { .. }) => match part.scenario.otps.get(part.otps) {
                None => {
                    part.asked_again.set(true);
                    Then::Shown
                }
                Some(&"") => Then::Otp(Authenticate::ResendOtp),
                Some(otp) => Then::Otp(Authenticate::SubmitOtp(Otp::parse(otp).unwrap())),
            },
            Need::Shopper(_) => Then::Shown,
            Need::Time(at) => Then::Wait(at.0),
            Need::Nothing(outcome) => return (outcome, true),
        };
        let now = Millis(world.now());
        match then {
            Then::Attempt if part.tries == 0 => driver.cancel(now),
            Then::Attempt => {
                part.tries -= 1;
                let session = driver.sale().session().map(|session| session.expose().to_owned());
                let session = session.or(part.session.map(str::to_owned)).expect("a session");
                let name = format!("key-{}", driver.sale().record().attempt_count());
                driver.pay(&request(part.scenario.means, &session), key(&name), now).unwrap();
            }
            Then::Shown if part.scenario.switches && !part.switched => {
                part.switched = true;
                driver.switch_method(Switch::GoOn, now).unwrap();
            }
            Then::Shown => driver.shown(now),
            Then::Otp(otp) => {
                part.otps += 1;
                driver.submit_otp(&otp, key(&format!("otp-{}", part.otps)), now).unwrap();
            }
            Then::Wait(at) if at > end => return (driver.sale().standing(), false),
            Then::Wait(at) => world.pass(at),
        }
    }
}

/// The outcome in the scenarios' words.
fn said(outcome: &Outcome, record: &Record) -> Expect {
    let first = record.attempts().next().map(|attempt| &attempt.state);
    match outcome {
        Outcome::Paid { .. } => match first {
            Some(AttemptState::Sent | AttemptState::Known | AttemptState::Ended(AttemptEnd::Success)) => Expect::Paid,
            _ => Expect::PaidOnRetry,
        },
        Outcome::NotPaid(NotPaid::NotStarted | NotPaid::NotSent) => Expect::NotStarted,
        Outcome::NotPaid(_) => Expect::NotPaid,
        Outcome::RefundDue(_) if matches!(record.stage, Stage::Refunded(_)) => Expect::Refunded,
        Outcome::RefundDue(_) => Expect::RefundDue,
        Outcome::Pending => Expect::Pending,
        Outcome::Unknown => Expect::Unknown,
    }
}

fn policy(scenario: &Scenario, mode: Mode) -> Policy {
    let mut policy = if mode == Mode::Blind { Policy::session_only() } else { Policy::with_ask() };
    if mode == Mode::Keys {
        policy.refunds = Refunds::ByKeys;
    }
    if scenario.stalls {
        policy.exchange_ms = 1_500;
    }
    policy
}

fn setup(policy: Policy, boot: u8) -> Setup {
    Setup { environment: Environment::Sandbox, api_version: ApiVersion::V2025_01_01, policy, seed: [boot; 16] }
}

fn intent(minor: u64) -> Intent {
    Intent { order_id: order(), amount: amount(minor), currency: Currency::inr() }
}

pub fn order() -> OrderId {
    OrderId::parse(ORDER).unwrap()
}

fn amount(minor: u64) -> Amount {
    Amount::from_minor(minor).unwrap()
}

fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::parse(text).unwrap()
}

fn request(means: Means, session: &str) -> OrderPay {
    let session = PaymentSessionId::parse(session).unwrap();
    let card = || {
        let number = CardNumber::parse("4706131211212123").unwrap();
        PlainCard::new(number, CardExpiry::parse("03", "28").unwrap(), Cvv::parse("123").unwrap())
    };
    match means {
        Means::UpiQrCode => OrderPay::new(session, Upi::QrCode),
        Means::UpiLink => OrderPay::new(session, Upi::link()),
        Means::UpiCollect => OrderPay::new(session, Upi::Collect(Collect::new(Vpa::parse("shopper@bank").unwrap()))),
        Means::Card => OrderPay::new(session, Card::link(card())),
        Means::CardOtp => OrderPay::new(session, Card::native_otp(card())),
    }
}
