//! The same scenarios with a kiosk that pays through its merchant's backend: the rules that ship ([`backend::rules`]), over memory.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Instant;

use backend::rules::{Limits, Way};
use pay_core::drive::Routes;
use pay_core::drive::transport::{ErrorType, blocking};
use pay_core::model::{CfPaymentId, RefundId, RequestId};
use pay_core::sale::{Delivery, ErrorKind, Failure, Refunds};
use pay_core::wire::{Auth, Call, Endpoint, Request, ResponseHead, encode};
use sandbox::{Break, Expect, Gateway, Means, Mode, Response, Rules, Scenario};
use tests::merchant::{CLIENT_ID, CLIENT_SECRET, Line, Merchant, Mishap, plain};

use crate::book::{LONG_AFTER_MS, judge_by};
use crate::memory::{Lost, START, caught, direct, received};
use crate::terminal::{Ended, ORDER, World, creation, order_id, play};

/// How long the backend waits for the gateway.
const EXCHANGE_MS: u64 = 10_000;

/// A kiosk, its backend and the gateway.
struct Relayed(Rc<Shared>, Refunds);

struct Shared {
    gateway: RefCell<Gateway>,
    merchant: RefCell<Merchant>,
    now: Cell<u64>,
}

struct Wire(Rc<Shared>, Endpoint);

impl Shared {
    /// Calls the backend, or has it do what is due; how long it waited for the gateway.
    fn at_backend<T>(&self, work: impl FnOnce(&mut Merchant, Line<'_>) -> T) -> (T, u64) {
        let now = START + self.now.get();
        let mut waited = 0;
        let mut gateway = |request: &sandbox::Request| {
            let mut answer = self.gateway.borrow_mut().handle(request, now);
            let mut rx = vec![0; answer.body.len()];
            if let Err(failure) = received(&answer, &mut rx) {
                waited += if failure.kind == ErrorKind::TimedOut { EXCHANGE_MS } else { 0 };
                answer.fault =
                    answer.fault.or(Some(sandbox::WireFault { at: sandbox::Place::Start, how: Break::Close }));
            }
            answer
        };
        let done = work(&mut self.merchant.borrow_mut(), Line { gateway: &mut gateway, now });
        (done, waited)
    }

    fn ask(&self, request: &sandbox::Request) -> (Response, u64) {
        self.at_backend(|merchant, line| merchant.answer(request, line, Mishap::None))
    }
}

impl World for Relayed {
    type Wire = Wire;

    fn now(&self) -> u64 {
        self.0.now.get()
    }

    fn unix_ms(&self) -> u64 {
        START + self.now()
    }

    /// The backend does its duties meanwhile.
    fn pass(&self, until: u64) {
        let until = until.max(self.now());
        loop {
            let due = self.0.merchant.borrow().due().map(|at| at.saturating_sub(START));
            let Some(at) = due.filter(|at| *at <= until) else { break };
            self.0.now.set(at.max(self.now()));
            self.0.gateway.borrow_mut().advance(START + self.now());
            self.0.at_backend(Merchant::work);
        }
        self.0.now.set(until);
        self.0.gateway.borrow_mut().advance(START + self.now());
    }

    fn routes(&self, _: Mode) -> Routes<Wire> {
        let auth = Auth::bearer("kiosk").unwrap();
        Routes::same(Wire(Rc::clone(&self.0), Endpoint::parse("https://127.0.0.1:1/pg", auth).unwrap()))
    }

    fn relayed(&self) -> Option<Refunds> {
        Some(self.1)
    }
}

impl ErrorType for Wire {
    type Error = Lost;
}

impl blocking::Transport for Wire {
    fn endpoint(&self) -> &Endpoint {
        &self.1
    }

    fn disconnect(&mut self) {}

    fn exchange(&mut self, request: &Request<'_>, rx: &mut [u8]) -> Result<ResponseHead, Lost> {
        let (answer, waited) = self.0.ask(&plain(request, self.1.auth()));
        let most = u64::from(request.timeout_ms);
        self.0.now.set(self.0.now.get() + 80 + waited.min(most));
        if waited >= most {
            return Err(Lost(Failure { kind: ErrorKind::TimedOut, delivery: Delivery::Unknown }));
        }
        received(&answer, rx).map_err(Lost)
    }
}

/// The order is there, and is this kiosk's: another program of it has made it. Its name for the kiosk.
fn make_order(world: &Relayed, scenario: &Scenario) -> String {
    let mut body = [0; 2048];
    let length = encode::create_order(&creation(scenario, None), &mut body).unwrap();
    let id = RequestId::from_random([0; 16]);
    let request = Request::new(Call::CreateOrder, Default::default(), id).with_body(&body[..length]);
    let (answer, _) = world.0.ask(&plain(&request, &Auth::bearer("kiosk").unwrap()));
    let order: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    order["payment_session_id"].as_str().expect("a session").to_owned()
}

/// What ends otherwise than the table says of a kiosk that asks the gateway itself: docs/scenarios.md has it, and why.
const OTHERWISE: [(&str, Expect); 2] = [("SB-94", Expect::Paid), ("SB-96", Expect::Paid)];

/// Where the shopper's part is more than five seconds longer, or shorter; the document has these, too.
const AT_ANOTHER_TIME: [&str; 2] = ["SB-89", "SB-121"];

fn run(scenario: &'static Scenario, refunds: Refunds) -> Result<(Ended, usize), String> {
    let gateway = Gateway::new(Rules::default(), "https://127.0.0.1:1/pg", CLIENT_ID, CLIENT_SECRET, 7);
    let merchant = Merchant::new(Way::Relayed, true).with_budget(Limits::PRODUCTION);
    let shared = Shared { gateway: RefCell::new(gateway), merchant: RefCell::new(merchant), now: Cell::new(0) };
    let world = Relayed(Rc::new(shared), refunds);
    let session = (!scenario.makes(Mode::Kiosk)).then(|| make_order(&world, scenario));
    let ended = play(&world, scenario, Mode::Kiosk, session.as_deref());
    world.pass(world.now() + LONG_AFTER_MS);
    if let Some(broken) = world.0.merchant.borrow_mut().broken.take() {
        return Err(format!("{}: {broken}", scenario.id));
    }
    let otherwise = OTHERWISE.iter().find(|(id, _)| *id == scenario.id).map(|(_, end)| *end);
    let expected = match otherwise.or(scenario.expect(Mode::Kiosk)).expect("it applies") {
        // The backend sends it back.
        Expect::RefundDue if refunds == Refunds::ByBackend => Expect::Refunded,
        expected => expected,
    };
    let gateway = world.0.gateway.borrow();
    let books = agree(scenario, ended.said, refunds, &gateway);
    judge_by(scenario, &format!("relayed {refunds:?}"), &ended, &gateway, expected, books)?;
    let left = gateway.acts_left(ORDER).expect("a scenario");
    drop(gateway);
    Ok((ended, left))
}

/// Whether the books agree with what the terminal said: the backend sends back what is too much.
fn agree(scenario: &Scenario, said: Expect, refunds: Refunds, gateway: &Gateway) -> Result<(), String> {
    let (ours, others): (Vec<_>, Vec<_>) = gateway.charges(ORDER).partition(|payment| !payment.stranger);
    let back: Vec<_> = gateway.refunds().iter().map(|refund| refund.id.as_str()).collect();
    let id = |payment: &sandbox::Payment| RefundId::of_payment(&order_id(), CfPaymentId::new(payment.id)).to_string();
    match said {
        // The gateway takes a refund off any payment of the order; which it is for is in its id.
        Expect::Paid | Expect::PaidOnRetry if !others.is_empty() => {
            let want: Vec<_> = others.into_iter().map(id).collect();
            if ours.len() == 1 && back == want { Ok(()) } else { Err(format!("{back:?} went back, not {want:?}")) }
        }
        // "Not handed out" is said of the whole order.
        Expect::Refunded if scenario.id == "SB-143" => {
            if back.len() == 2 {
                Ok(())
            } else {
                Err(format!("{back:?} went back"))
            }
        }
        // The caller hears of it as well, and may find it done.
        Expect::RefundDue if refunds == Refunds::ByCaller => {
            said.check(gateway, ORDER).or_else(|_| Expect::Refunded.check(gateway, ORDER))
        }
        said => said.check(gateway, ORDER),
    }
}

/// Mutants: what an earlier create call made taken for the sale's alone (SB-149 with `Refunds::ByCaller`); `Budget::note` that forgets for
/// how long the gateway said to wait (SB-60).
#[test]
fn every_scenario_ends_as_it_must() {
    let began = Instant::now();
    let is_relayed = |scenario: &&Scenario| !matches!(scenario.means, Means::Card | Means::CardOtp);
    let scenarios = Scenario::ALL.iter().filter(is_relayed).filter(|scenario| scenario.expect(Mode::Kiosk).is_some());
    let (mut runs, mut wrong, mut at_another_time) = (0, Vec::new(), Vec::new());
    for scenario in scenarios {
        for refunds in [Refunds::ByBackend, Refunds::ByCaller] {
            runs += 1;
            match caught(scenario.id, || run(scenario, refunds)) {
                Ok((ended, 0)) if refunds == Refunds::ByBackend => {
                    let direct = direct(scenario).over;
                    if ended.over.abs_diff(direct) > 5_000 {
                        println!("{} {}: {} ms, direct {direct} ms", scenario.id, scenario.name, ended.over);
                        at_another_time.push(scenario.id);
                    }
                }
                Ok((_, 0)) => {}
                Ok((_, left)) => wrong.push(format!("{refunds:?} {}: {left} of its acts never happen", scenario.id)),
                Err(why) => wrong.push(why),
            }
        }
    }
    println!("{runs} relayed runs in memory in {} ms", began.elapsed().as_millis());
    assert!(wrong.is_empty(), "{} of {runs}:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(at_another_time, AT_ANOTHER_TIME);
}
