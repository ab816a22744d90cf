//! A hundred kiosks wait for their shoppers behind one backend, in virtual time: does it keep to the gateway's limits, and
//! how late do the kiosks learn that they are paid?
//!
//! Real are the kiosks' sales, the desk with its cache, its budget and its watch, and the sandbox's rules with the rate limiter.
//! Left out are sockets and threads: the answer to a call is there in the same millisecond.

use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::sync::{Arc, Mutex};

use pay_core::drive::transport::blocking::Transport;
use pay_core::drive::transport::{Error, ErrorType};
use pay_core::drive::{Driver, MemoryJournal, Need, Routes};
use pay_core::model::method::Upi;
use pay_core::model::{CallKind, CreateOrder, Customer, CustomerId, Phone};
use pay_core::sale::{Delivery, ErrorKind, Refunds, Release, Setup};
use pay_core::wire::{Auth, Endpoint, Request, ResponseHead};
use pay_core::{
    Amount, ApiVersion, Buffers, Environment, IdempotencyKey, Millis, OrderId, OrderPay, Outcome, Policy, Sale,
};

use crate::budget::Limits;
use crate::call::Incoming;
use crate::clock::Clock;
use crate::config::Config;
use crate::desk::Desk;
use crate::gateway::{Gateway, Line};
use crate::store::add_direct_token;

/// 2027-01-15: where the virtual time begins, in milliseconds.
const START: u64 = 1_800_000_000_000;
const MINUTE: u64 = 60_000;
/// The shopper pays so long after the attempt began: all kiosks wait at the same time.
const SHOPPER_MS: u64 = 150_000;
const URL: &str = "https://127.0.0.1:1/pg";

/// From the money to the kiosk's knowledge of it.
const BOUND_MS: u64 = 90_000;

/// The outside: the time, the gateway, and what it was asked.
struct World {
    now: Arc<AtomicU64>,
    gateway: Mutex<sandbox::Gateway>,
    /// The backend's calls and the kiosks': when, and the status of the answer.
    calls: Mutex<BTreeMap<&'static str, Vec<(u64, u16)>>>,
}

/// What the run came to.
struct Figures {
    /// The most calls in any minute, and all calls, of each group.
    groups: BTreeMap<&'static str, (usize, usize)>,
    /// Answers 429 of the gateway.
    throttled: usize,
    /// Answers 429 of the backend to kiosks.
    refused: usize,
    /// From the money to the kiosk's knowledge of it, for each kiosk, in milliseconds.
    late: Vec<u64>,
}

// Mutants seen red: `take` that refuses nobody, and single payments counted apart from lists (429 of the gateway);
// `has_to_spare` that is always true (the backend's own counting takes what kiosks wait for: beyond the bound).
#[test]
fn a_hundred_waiting_kiosks_keep_to_productions_limits() {
    let limits = Limits::PRODUCTION;
    let figures = run("production", 100, limits, sandbox::Limits::PRODUCTION);
    figures.print("production");
    figures.hold_to(&[
        ("create order", limits.create_order),
        ("get order", limits.read_order),
        ("payments", limits.payments),
        // By address: as if all kiosks stood behind one.
        ("order pay", 100),
    ]);
    assert!(figures.late.iter().all(|late| *late <= BOUND_MS), "learned of late: {:?}", figures.late);
}

#[test]
fn and_to_the_sandboxes() {
    let limits = Limits::SANDBOX;
    // Sixty looks at orders a minute: of a hundred kiosks some would not learn of their money before they give up.
    let figures = run("sandbox", 20, limits, sandbox::Limits::SANDBOX);
    figures.print("sandbox");
    figures.hold_to(&[
        ("create order", limits.create_order),
        ("get order", limits.read_order),
        ("payments", limits.payments),
        ("order pay", 30),
    ]);
    assert!(figures.late.iter().all(|late| *late <= BOUND_MS), "learned of late: {:?}", figures.late);
}

/// So many kiosks, which all begin within a minute.
fn run(name: &str, count: u64, limits: Limits, rules: sandbox::Limits) -> Figures {
    let rules = sandbox::Rules { limits: rules, settle_after_ms: Some(SHOPPER_MS), ..sandbox::Rules::default() };
    let world = Arc::new(World {
        now: Arc::new(AtomicU64::new(START)),
        gateway: Mutex::new(sandbox::Gateway::new(rules, URL, "client", "secret", 7)),
        calls: Mutex::default(),
    });
    let dir = std::env::temp_dir().join(format!("backend-{}-simulation-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&dir);
    let keys = Endpoint::parse(URL, Auth::merchant("client", "secret").unwrap()).unwrap();
    let mut config = Config::new(keys.clone(), transport_std::Config::new(), &dir);
    config.limits = limits;
    let tokens: Vec<_> = (0..count).map(|n| add_direct_token(&dir, &format!("kiosk-{n}")).unwrap()).collect();
    let clock = Clock::Virtual(Arc::clone(&world.now));
    let outside = Arc::clone(&world);
    let open = move |_| {
        let (world, keys) = (Arc::clone(&outside), keys.clone());
        let line: Line = Box::new(move |request, rx| Some(world.answer(request, keys.auth(), rx)));
        Some(line)
    };
    let desk = Desk::with(&config, Gateway::with(Box::new(open), 1, limits, clock.clone()), clock).unwrap();

    let refused = AtomicU64::new(0);
    let mut memory = vec![([0; 1024], [0; 12 * 1024]); count as usize];
    let mut kiosks: Vec<_> = memory
        .iter_mut()
        .zip(&tokens)
        .enumerate()
        .map(|(n, ((tx, rx), token))| {
            let order = OrderId::parse(&format!("kiosk-{n}-{name}")).unwrap();
            let mut policy = Policy::with_ask();
            (policy.release, policy.refunds) = (true, Refunds::ByBackend);
            let setup = Setup {
                environment: Environment::Sandbox,
                api_version: ApiVersion::default(),
                policy,
                seed: [n as u8; 16],
            };
            let customer = Customer::new(CustomerId::parse("kiosk").unwrap(), Phone::parse("9999999999").unwrap());
            let request = CreateOrder::new(order.clone(), Amount::from_minor(1015).unwrap(), customer).unwrap();
            let mut buffers = Buffers { tx, rx };
            // Not in step: shoppers come as they like.
            let wake = START + (n as u64 * 7919) % MINUTE;
            let key = IdempotencyKey::from_random([n as u8; 16]);
            let sale = Sale::create(&request, key, setup, Millis(wake), &mut buffers).unwrap();
            let pay = Wire { to: To::Gateway(&world), endpoint: Endpoint::parse(URL, Auth::Session).unwrap() };
            let auth = Auth::bearer(token).unwrap();
            let ask = Wire { to: To::Desk(&desk, &refused), endpoint: Endpoint::parse(URL, auth).unwrap() };
            let driver = Driver::new(sale, Routes::two(pay, ask), MemoryJournal::<1>::new(), buffers);
            Kiosk { order, driver, wake: Some(wake), key: n as u8, learned: None }
        })
        .collect();

    let mut watch = None;
    loop {
        let next = kiosks.iter_mut().filter(|kiosk| kiosk.wake.is_some()).min_by_key(|kiosk| kiosk.wake);
        let at = next.as_ref().and_then(|kiosk| kiosk.wake);
        let Some(at) = [at, watch].into_iter().flatten().min() else { break };
        world.now.store(at.max(world.now.load(Ordering::Relaxed)), Ordering::Relaxed);
        if let Some(kiosk) = next.filter(|kiosk| kiosk.wake == Some(at)) {
            kiosk.go(&world.now);
        }
        let now = world.now.load(Ordering::Relaxed);
        watch = desk.watch_once().map(|wait| now + u64::try_from(wait.as_millis()).unwrap().max(1));
    }

    let gateway = world.gateway.lock().unwrap();
    let late = kiosks.iter().map(|kiosk| {
        let paid = gateway.charges(kiosk.order.as_str()).next().and_then(|payment| payment.completed).expect("paid");
        kiosk.learned.expect("learned") - paid
    });
    let mut figures = Figures {
        late: late.collect(),
        refused: refused.load(Ordering::Relaxed) as usize,
        groups: BTreeMap::new(),
        throttled: 0,
    };
    assert!(gateway.refunds().is_empty());
    for (group, calls) in world.calls.lock().unwrap().iter() {
        figures.throttled += calls.iter().filter(|(_, status)| *status == 429).count();
        figures.groups.insert(group, (most_in_a_minute(calls), calls.len()));
    }
    drop(gateway);
    drop(kiosks);
    let _ = fs::remove_dir_all(dir);
    figures
}

impl World {
    /// The gateway's answer, and a note of it.
    fn answer(&self, request: &Request<'_>, auth: &Auth, rx: &mut [u8]) -> ResponseHead {
        let call = &request.call;
        let mut plain = sandbox::Request::new(call.method().as_str(), &format!("/pg{call}"));
        plain.headers.extend(request.headers(auth).map(|(name, value)| (name.to_owned(), value.to_owned())));
        plain.body = request.body.expose().to_vec();
        let now = self.now.load(Ordering::Relaxed);
        let answer = self.gateway.lock().unwrap().handle(&plain, now);
        let group = match call.kind() {
            CallKind::CreateOrder => "create order",
            CallKind::ReadOrder => "get order",
            CallKind::OrderPay => "order pay",
            CallKind::ListPayments | CallKind::ReadPayment => "payments",
            CallKind::CreateRefund | CallKind::ReadRefund | CallKind::ListRefunds => "refund",
            _ => "other",
        };
        self.calls.lock().unwrap().entry(group).or_default().push((now, answer.status));
        let mut head = ResponseHead::new(answer.status);
        for (name, value) in &answer.headers {
            head.note_header(name, value);
        }
        fill(&mut head, &answer.body, rx);
        head
    }
}

/// One sale, from its order to the goods.
struct Kiosk<'w> {
    order: OrderId,
    driver: Driver<'w, Wire<'w>, Wire<'w>, MemoryJournal<1>>,
    wake: Option<u64>,
    key: u8,
    learned: Option<u64>,
}

impl Kiosk<'_> {
    /// Does what is to be done now.
    fn go(&mut self, now: &AtomicU64) {
        let time = || Millis(now.load(Ordering::Relaxed));
        loop {
            let need = self.driver.drive_blocking(&mut || time()).expect("nothing fails here");
            let shown = format!("{need:?}");
            let is_paid = match need {
                Need::Time(at) => {
                    self.wake = Some(at.0.max(time().0 + 1));
                    return;
                }
                Need::Attempt(None) => {
                    let session = self.driver.sale().session().expect("the order was made").clone();
                    let mut key = [self.key; 16];
                    key[0] = !self.key;
                    let request = OrderPay::new(session, Upi::link());
                    self.driver.pay(&request, IdempotencyKey::from_random(key), time()).unwrap();
                    continue;
                }
                Need::Shopper(_) => {
                    self.driver.shown(time());
                    continue;
                }
                Need::Nothing(Outcome::Paid { .. }) => true,
                Need::Nothing(_) | Need::Attempt(Some(_)) => false,
            };
            assert!(is_paid, "{} is not paid: {shown}", self.order);
            self.learned.get_or_insert(time().0);
            if self.driver.sale().record().release == Release::Due {
                self.driver.begin_release().unwrap();
            } else if let Some(token) = self.driver.vend_token() {
                self.driver.released(token, true).unwrap();
            } else {
                self.wake = None;
                return;
            }
        }
    }
}

/// A transport without a network.
struct Wire<'w> {
    to: To<'w>,
    endpoint: Endpoint,
}

enum To<'w> {
    Gateway(&'w World),
    Desk(&'w Desk, &'w AtomicU64),
}

impl Transport for Wire<'_> {
    fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    fn disconnect(&mut self) {}

    fn exchange(&mut self, request: &Request<'_>, rx: &mut [u8]) -> Result<ResponseHead, Never> {
        let (desk, refused) = match &self.to {
            To::Gateway(world) => return Ok(world.answer(request, self.endpoint.auth(), rx)),
            To::Desk(desk, refused) => (desk, refused),
        };
        let headers: BTreeMap<_, _> = request.headers(self.endpoint.auth()).collect();
        let body = request.body.expose().to_vec();
        let answer = desk.handle(&Incoming {
            method: request.call.method().as_str().to_owned(),
            path: format!("/pg{}", request.call),
            has_query: false,
            authorization: headers.get("authorization").map(|value| value.as_bytes().to_vec()),
            api_version: headers.get("x-api-version").map(|value| (*value).to_owned()),
            content_type: (!body.is_empty()).then(|| "application/json".to_owned()),
            epoch: None,
            idempotency_key: headers.get("x-idempotency-key").map(|value| (*value).to_owned()),
            client: [const { None }; 4],
            body,
        });
        refused.fetch_add(u64::from(answer.status == 429), Ordering::Relaxed);
        let mut head = ResponseHead::new(answer.status);
        if let Some(rate) = answer.rate {
            head.note_header("x-ratelimit-limit", &rate.limit.to_string());
            head.note_header("x-ratelimit-remaining", &rate.remaining.to_string());
            head.note_header("x-ratelimit-retry", &rate.retry_s.to_string());
        }
        fill(&mut head, &answer.body, rx);
        Ok(head)
    }
}

impl ErrorType for Wire<'_> {
    type Error = Never;
}

/// No exchange fails.
#[derive(Debug)]
enum Never {}

impl fmt::Display for Never {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl core::error::Error for Never {}

impl Error for Never {
    fn kind(&self) -> ErrorKind {
        match *self {}
    }

    fn delivery(&self) -> Delivery {
        match *self {}
    }
}

impl Figures {
    fn print(&self, name: &str) {
        let mut late = self.late.clone();
        late.sort_unstable();
        println!("{} kiosks, {name}'s limits: {} answers 429 of the gateway", late.len(), self.throttled);
        for (group, (most, all)) in &self.groups {
            println!("  {group:<13} at most {most:>4} in a minute, {all:>5} in all");
        }
        println!("  the backend said 429 {} times to kiosks", self.refused);
        println!("  paid is known after {} ms (median), {} ms (last)", late[late.len() / 2], late[late.len() - 1]);
    }

    /// These groups, at most so often in a minute, and never a 429.
    fn hold_to(&self, limits: &[(&str, u32)]) {
        assert_eq!(self.throttled, 0);
        for (group, limit) in limits {
            let (most, _) = self.groups.get(group).copied().unwrap_or_default();
            assert!(most <= *limit as usize, "{group}: {most} in a minute, the limit is {limit}");
        }
        assert!(self.groups["get order"].1 >= self.late.len(), "they did ask");
    }
}

/// The most of these in any 60 seconds.
pub(crate) fn most_in_a_minute(calls: &[(u64, u16)]) -> usize {
    let mut window = VecDeque::new();
    let mut most = 0;
    for (at, _) in calls {
        window.push_back(*at);
        while window.front().is_some_and(|first| at - first >= MINUTE) {
            window.pop_front();
        }
        most = most.max(window.len());
    }
    most
}

pub(crate) fn fill(head: &mut ResponseHead, body: &[u8], rx: &mut [u8]) {
    head.body_len = body.len().min(rx.len());
    head.truncated = body.len() > rx.len();
    rx[..head.body_len].copy_from_slice(&body[..head.body_len]);
}
