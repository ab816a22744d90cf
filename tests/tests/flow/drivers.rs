//! The two drivers are one: the same trace for the same script. And a future dropped at any await loses nothing.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use pay_core::drive::journal::blocking::Journal as _;
use pay_core::drive::transport::{Error, ErrorType, blocking};
use pay_core::drive::{DriveError, Driver, Journal, MemoryJournal, MemoryJournalError, Need, Routes, Transport};
use pay_core::model::{IdempotencyKey, OrderId, OrderPay};
use pay_core::sale::{Buffers, Delivery, ErrorKind, Failure, Millis, Outcome, Policy, Record, Sale};
use pay_core::wire::{Auth, Endpoint, Request, ResponseHead};
use proptest::prelude::*;
use sandbox::{Gateway, SessionKeys};

use crate::methods;
use crate::world::{self, NETWORKS, Network, ORDER, Shopper, World};

/// What both sides of the drivers share.
struct Shared {
    gateway: RefCell<Gateway>,
    now: Cell<u64>,
    script: RefCell<VecDeque<Network>>,
    trace: RefCell<Vec<String>>,
}

#[derive(Debug)]
struct Lost(Failure);

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Lost {}

impl Error for Lost {
    fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    fn delivery(&self) -> Delivery {
        self.0.delivery
    }
}

struct Wire(Rc<Shared>, Endpoint);

impl ErrorType for Wire {
    type Error = Lost;
}

impl blocking::Transport for Wire {
    fn endpoint(&self) -> &Endpoint {
        &self.1
    }

    fn disconnect(&mut self) {
        self.0.trace.borrow_mut().push("disconnected".to_owned());
    }

    fn exchange(&mut self, request: &Request<'_>, rx: &mut [u8]) -> Result<ResponseHead, Lost> {
        let shared = &self.0;
        let network = shared.script.borrow_mut().pop_front().unwrap_or(Network::Deliver);
        shared.trace.borrow_mut().push(format!("sent {} as {}", request.call, request.request_id.as_str()));
        let answer =
            world::exchange(&mut shared.gateway.borrow_mut(), request, network, world::START + shared.now.get());
        shared.now.set(shared.now.get() + 40);
        let (mut head, body) = answer.map_err(Lost)?;
        rx[..body.len()].copy_from_slice(&body);
        head.body_len = body.len();
        Ok(head)
    }
}

/// Yields once before and once after the exchange: a future dropped there leaves it unsent, or sent and unheard.
struct Halting<T>(T);

impl ErrorType for Halting<Wire> {
    type Error = Lost;
}

impl Transport for Halting<Wire> {
    fn endpoint(&self) -> &Endpoint {
        &self.0.1
    }

    fn disconnect(&mut self) {
        blocking::Transport::disconnect(&mut self.0);
    }

    async fn exchange(&mut self, request: &Request<'_>, rx: &mut [u8]) -> Result<ResponseHead, Lost> {
        halt().await;
        let answer = blocking::Transport::exchange(&mut self.0, request, rx);
        halt().await;
        answer
    }
}

struct Book(Rc<Shared>, MemoryJournal<4>);

impl pay_core::drive::journal::blocking::Journal for Book {
    type Error = MemoryJournalError;

    fn store(&mut self, record: &Record) -> Result<(), MemoryJournalError> {
        self.0.trace.borrow_mut().push(format!("stored {} {:?}", record.seq, record.stage));
        self.1.store(record)
    }

    fn next_open(&mut self, after: Option<&OrderId>) -> Result<Option<Record>, MemoryJournalError> {
        self.1.next_open(after)
    }

    fn find(&mut self, order: &OrderId) -> Result<Option<Record>, MemoryJournalError> {
        self.1.find(order)
    }

    fn capacity(&self) -> usize {
        4
    }
}

impl Journal for Halting<Book> {
    type Error = MemoryJournalError;

    async fn store(&mut self, record: &Record) -> Result<(), MemoryJournalError> {
        halt().await;
        let result = self.0.store(record);
        halt().await;
        result
    }

    async fn next_open(&mut self, after: Option<&OrderId>) -> Result<Option<Record>, MemoryJournalError> {
        self.0.next_open(after)
    }

    async fn find(&mut self, order: &OrderId) -> Result<Option<Record>, MemoryJournalError> {
        self.0.find(order)
    }

    fn capacity(&self) -> usize {
        4
    }
}

async fn halt() {
    let mut first = true;
    poll_fn(|context| {
        if std::mem::take(&mut first) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

/// Polls to the end, or drops the future when `polls` runs out.
fn poll_at_most<T>(future: impl Future<Output = T>, polls: &mut usize) -> Option<T> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return Some(value);
        }
        if *polls == 0 {
            return None;
        }
        *polls -= 1;
    }
}

struct Bench {
    shared: Rc<Shared>,
    /// A sale that has created its order.
    sale: Sale,
    shopper: Shopper,
    is_card: bool,
    presented: RefCell<Vec<u64>>,
}

impl Bench {
    fn new(script: &[Network], shopper: Shopper, is_card: bool) -> Self {
        let World { gateway, sale, .. } = World::new(SessionKeys::Ignored, Policy::with_ask());
        let shared = Shared {
            gateway: RefCell::new(gateway),
            now: Cell::new(0),
            script: RefCell::new(script.iter().copied().collect()),
            trace: RefCell::default(),
        };
        Self { shared: Rc::new(shared), sale, shopper, is_card, presented: RefCell::default() }
    }

    fn wire(&self) -> Wire {
        Wire(self.shared.clone(), Endpoint::parse("https://127.0.0.1:1/pg", Auth::Session).unwrap())
    }

    fn book(&self) -> Book {
        Book(self.shared.clone(), MemoryJournal::new())
    }

    /// What any program does with a driver, however it drives: `drive` is the one difference.
    fn play<P, A, J>(
        &self,
        mut driver: Driver<'_, P, A, J>,
        mut methods: Vec<fn(&str) -> OrderPay>,
        mut drive: impl FnMut(&mut Driver<'_, P, A, J>, &Shared) -> Option<Told>,
    ) -> Outcome {
        for _ in 0..3_000 {
            self.shop();
            let Some(told) = drive(&mut driver, &self.shared) else {
                self.shared.trace.borrow_mut().push("dropped".to_owned());
                continue;
            };
            let now = Millis(self.shared.now.get());
            self.shared.trace.borrow_mut().push(format!("{told:?}"));
            match told {
                Told::Attempt if methods.is_empty() => driver.cancel(now),
                Told::Attempt => {
                    let session = driver.sale().session().unwrap().expose().to_owned();
                    let request = methods.remove(0)(&session);
                    let key = format!("key-{}", driver.sale().record().attempt_count());
                    driver.pay(&request, IdempotencyKey::parse(&key).unwrap(), now).unwrap();
                }
                Told::Shopper => {
                    let shown = driver.sale().record().attempts().next_back().and_then(|attempt| attempt.cf_payment_id);
                    self.presented.borrow_mut().extend(shown.map(|id| id.get()));
                    driver.shown(now);
                }
                Told::Time(at) => self.shared.now.set(at.0.max(now.0)),
                Told::Nothing(outcome) => return outcome,
            }
        }
        panic!("no end: {:#?}", self.shared.trace.borrow().iter().rev().take(20).collect::<Vec<_>>());
    }

    fn blocking(&self, methods: Vec<fn(&str) -> OrderPay>) -> Outcome {
        let (mut tx, mut rx) = (vec![0; 2048], vec![0; 16 * 1024]);
        let buffers = Buffers { tx: &mut tx, rx: &mut rx };
        let driver = Driver::new(self.sale.clone(), Routes::same(self.wire()), self.book(), buffers);
        self.play(driver, methods, |driver, shared| {
            Some(Told::from(driver.drive_blocking(&mut || Millis(shared.now.get()))))
        })
    }

    /// Drops the future once, after `polls` polls that were pending; returns whether it came to that.
    fn dropping(&self, methods: Vec<fn(&str) -> OrderPay>, mut polls: usize) -> (Outcome, bool) {
        let (mut tx, mut rx) = (vec![0; 2048], vec![0; 16 * 1024]);
        let buffers = Buffers { tx: &mut tx, rx: &mut rx };
        let driver = Driver::new(self.sale.clone(), Routes::same(Halting(self.wire())), Halting(self.book()), buffers);
        let mut dropped = false;
        let outcome = self.play(driver, methods, |driver, shared| {
            let clock = &mut || Millis(shared.now.get());
            let told = poll_at_most(driver.drive(clock), &mut polls).map(Told::from);
            if told.is_none() {
                dropped = true;
                polls = usize::MAX;
            }
            told
        });
        (outcome, dropped)
    }

    /// A link that was never shown cannot be paid; a card needs no showing.
    fn shop(&self) {
        let mut gateway = self.shared.gateway.borrow_mut();
        let now = world::START + self.shared.now.get();
        let (presented, cards) = (self.presented.borrow(), self.is_card);
        world::act(&mut gateway, now, self.shopper, |id| cards || presented.contains(id));
    }
}

/// A [`Need`] without its borrow.
#[derive(Debug)]
enum Told {
    Attempt,
    Shopper,
    Time(Millis),
    Nothing(Outcome),
}

impl From<Result<Need<'_>, DriveError<MemoryJournalError>>> for Told {
    fn from(need: Result<Need<'_>, DriveError<MemoryJournalError>>) -> Self {
        match need.unwrap() {
            Need::Attempt(_) => Self::Attempt,
            Need::Shopper(_) => Self::Shopper,
            Need::Time(at) => Self::Time(at),
            Need::Nothing(outcome) => Self::Nothing(outcome),
        }
    }
}

fn harmless() -> Vec<Network> {
    let cut = [Network::Dropped, Network::PowerCut, Network::PowerCutBefore];
    NETWORKS.into_iter().filter(|network| !cut.contains(network)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    // Mutant: leaving `self.sale.committed(token)` out of one of the drivers.
    #[test]
    fn both_drivers_give_one_trace(
        script in prop::collection::vec(prop::sample::select(harmless()), 0..10),
        after_ms in prop::sample::select(vec![0_u64, 5_000, 301_000]),
    ) {
        let shopper = Shopper { after_ms, result: "SUCCESS" };
        let methods = || vec![methods::card as fn(&str) -> OrderPay, methods::link];
        let (one, other) = (Bench::new(&script, shopper, true), Bench::new(&script, shopper, true));
        prop_assert_eq!(one.blocking(methods()), other.dropping(methods(), usize::MAX).0);
        prop_assert_eq!(&*one.shared.trace.borrow(), &*other.shared.trace.borrow());
    }
}

// Mutant: `Sale::step` going on with `Phase::Pay` after a lost token sends the card twice.
#[test]
fn a_future_dropped_at_any_await_charges_once_and_is_found_out() {
    let scripts = [&[][..], &[Network::NotSent], &[Network::LostAfter], &[Network::Throttled, Network::Cut]];
    for (script, is_card) in scripts.iter().flat_map(|script| [(script, true), (script, false)]) {
        let method: fn(&str) -> OrderPay = if is_card { methods::card } else { methods::link };
        let mut cuts = 0;
        loop {
            let bench = Bench::new(script, Shopper { after_ms: 3_000, result: "SUCCESS" }, is_card);
            let (outcome, dropped) = bench.dropping(vec![method], cuts);
            let gateway = bench.shared.gateway.borrow();
            let payments = gateway.payments().len();
            let trace = bench.shared.trace.borrow();
            let sends = trace.iter().filter(|line| line.starts_with("sent /orders/sessions")).count();
            assert!(gateway.charges(ORDER).count() <= 1, "charged twice at await {cuts}: {trace:#?}");
            match outcome {
                Outcome::Paid { .. } => assert_eq!(gateway.charges(ORDER).count(), 1),
                // Dropped before the card left: nobody can know, so it is asked for and given up. A link may be there unseen.
                Outcome::NotPaid(_) => assert!(payments == 0 || !is_card, "{trace:#?}"),
                other => panic!("await {cuts}: {other:?}"),
            }
            if is_card {
                // One send, and one more for each that is known not to have been executed.
                let again = script.iter().filter(|n| matches!(n, Network::NotSent | Network::Throttled)).count();
                assert!(sends <= 1 + again && payments <= 1, "a card sent twice at await {cuts}: {trace:#?}");
            }
            if !dropped {
                break;
            }
            cuts += 1;
        }
        assert!(cuts >= 10, "only {cuts} awaits were cut");
    }
}
