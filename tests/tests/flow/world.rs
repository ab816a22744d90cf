//! A terminal, a network that misbehaves on demand, and the sandbox's gateway behind it: everything in one process, with
//! a clock that jumps, so that any script plays again to the letter.

use std::collections::BTreeMap;

use pay_core::model::{
    Amount, ApiVersion, Authenticate, CallKind, CreateOrder, Customer, CustomerId, Environment, IdempotencyKey,
    MARK_TAG, MethodClass, NextAction, OpenOrder, OrderId, OrderPay, Otp, PaymentSessionId, Phone, Text,
};
use pay_core::sale::{
    AttemptEnd, Buffers, Connection, Delivery, ErrorKind, Failure, Millis, Outcome, Policy, Record, Sale, Setup, Step,
};
use pay_core::wire::{Auth, Request, ResponseHead, Route};
use sandbox::{Gateway, Rules, SessionKeys};

use crate::rig::MARK;

pub const ORDER: &str = "till-1-00000000000000a1";
const CLIENT_ID: &str = "TEST_ID";
const CLIENT_SECRET: &str = "TEST_SECRET";
/// The simulation starts at 2026-11-22T16:20:12Z.
pub const START: u64 = 1_795_364_412_000;

/// What becomes of one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    Deliver,
    /// No byte leaves.
    NotSent,
    /// Nobody to trust answers.
    Untrusted,
    /// Bytes leave and never arrive.
    LostBefore,
    /// It arrives, is executed, and the answer is lost.
    LostAfter,
    /// Executed; the answer's second half is missing, under a length that says otherwise.
    Cut,
    /// Executed; somebody between answers with a page.
    PageAfter,
    /// Not executed; somebody between answers with a page.
    PageBefore,
    /// Not executed; the gateway is busy.
    Throttled,
    /// Not executed; the gateway fails and stores that.
    Failed,
    /// Executed; the gateway fails afterwards and stores that.
    FailedAfter,
    /// Not executed; a 401 from wherever.
    Unauthorized,
    /// Executed; the terminal loses its own future.
    Dropped,
    /// Executed; the power goes before the answer is read.
    PowerCut,
    /// The power goes before the request leaves.
    PowerCutBefore,
}

pub const NETWORKS: [Network; 15] = [
    Network::Deliver,
    Network::NotSent,
    Network::Untrusted,
    Network::LostBefore,
    Network::LostAfter,
    Network::Cut,
    Network::PageAfter,
    Network::PageBefore,
    Network::Throttled,
    Network::Failed,
    Network::FailedAfter,
    Network::Unauthorized,
    Network::Dropped,
    Network::PowerCut,
    Network::PowerCutBefore,
];

/// What the shopper does with an attempt that can be paid: after how long, and how it ends.
#[derive(Clone, Copy, Debug)]
pub struct Shopper {
    pub after_ms: u64,
    pub result: &'static str,
}

/// One thing that happened, for checks and for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Committed(u32),
    Sent { call: CallKind, key: Option<String>, body: Vec<u8>, request_id: String },
    Got(Result<u16, Failure>),
    Presented(&'static str),
    Ended(Option<AttemptEnd>),
    PowerCut,
    Done(Outcome),
}

pub struct World {
    pub gateway: Gateway,
    pub sale: Sale,
    pub events: Vec<Event>,
    /// What the journal holds.
    pub journal: Option<Record>,
    pub now: u64,
    /// Methods to try, in order: the next is taken whenever the sale is ready.
    pub methods: Vec<fn(&str) -> OrderPay>,
    pub shopper: Shopper,
    /// OTPs to type, in order.
    pub otps: Vec<&'static str>,
    /// How often the sale gave a connection up.
    pub dropped: usize,
    policy: Policy,
    classes: BTreeMap<u64, MethodClass>,
    presented: Vec<u64>,
    pub session: String,
    tx: Vec<u8>,
    rx: Vec<u8>,
    seed: u8,
}

impl World {
    /// A terminal that is to pay ₹10.15. `keys`: whether the gateway honours keys on calls without credentials.
    pub fn new(keys: SessionKeys, policy: Policy) -> Self {
        let rules = Rules { session_keys: keys, ..Rules::default() };
        let gateway = Gateway::new(rules, "https://127.0.0.1:1/pg", CLIENT_ID, CLIENT_SECRET, 7);
        let mut world = Self::bare(gateway, policy);
        // The order is created before the script begins.
        let mut asking = policy;
        asking.can_ask = true;
        let mut creating = Self::creating(&mut world, asking);
        let mut buffers = Buffers { tx: &mut world.tx, rx: &mut world.rx };
        let Ok(Step::Commit(token, record)) = creating.step(Millis(0), &mut buffers) else { panic!("no commit") };
        world.journal = Some(record.clone());
        creating.committed(token);
        let mut buffers = Buffers { tx: &mut world.tx, rx: &mut world.rx };
        let Ok(Step::Exchange(token, request, _)) = creating.step(Millis(0), &mut buffers) else { panic!("no call") };
        let answer = exchange(&mut world.gateway, &request, Network::Deliver, START);
        world.sale = creating;
        world.answer(token, answer);
        world.events.clear();
        let session = world.sale.session().expect("a session").clone();
        world.session = session.expose().to_owned();
        if !policy.can_ask {
            world.journal = None;
            world.sale = sale(policy, session);
        }
        world
    }

    /// A terminal that has yet to create its order.
    pub fn without_order(policy: Policy) -> Self {
        let gateway = Gateway::new(Rules::default(), "https://127.0.0.1:1/pg", CLIENT_ID, CLIENT_SECRET, 7);
        let mut world = Self::bare(gateway, policy);
        world.sale = Self::creating(&mut world, policy);
        world
    }

    fn creating(world: &mut Self, policy: Policy) -> Sale {
        let customer = Customer::new(CustomerId::parse("walk_in").unwrap(), Phone::parse("9999999999").unwrap());
        let request = CreateOrder::new(order_id(), amount(), customer).unwrap();
        let request = request.with_tag(MARK_TAG, MARK).unwrap();
        let mut buffers = Buffers { tx: &mut world.tx, rx: &mut world.rx };
        let key = IdempotencyKey::parse(ORDER).unwrap();
        Sale::create(&request, key, setup(policy, 0), Millis(0), &mut buffers).unwrap()
    }

    fn bare(gateway: Gateway, policy: Policy) -> Self {
        Self {
            gateway,
            sale: sale(policy, PaymentSessionId::parse("session_none").unwrap()),
            events: Vec::new(),
            journal: None,
            now: 0,
            methods: Vec::new(),
            shopper: Shopper { after_ms: 5_000, result: "SUCCESS" },
            otps: Vec::new(),
            dropped: 0,
            policy,
            classes: BTreeMap::new(),
            presented: Vec::new(),
            session: String::new(),
            tx: vec![0; 2048],
            rx: vec![0; 16 * 1024],
            seed: 0,
        }
    }

    /// Plays until the sale is over (or has no method left and none is running); each exchange takes the next of `script`,
    /// then everything is delivered. Panics if that does not end.
    pub fn run(&mut self, script: &[Network]) -> Outcome {
        let mut script = script.iter().copied();
        for _ in 0..3_000 {
            self.shop();
            let now = Millis(self.now);
            let mut buffers = Buffers { tx: &mut self.tx, rx: &mut self.rx };
            match self.sale.step(now, &mut buffers).unwrap() {
                Step::Commit(token, record) => {
                    self.events.push(Event::Committed(record.seq));
                    self.journal = Some(record.clone());
                    self.sale.committed(token);
                }
                Step::Exchange(token, request, _) => {
                    let network = script.next().unwrap_or(Network::Deliver);
                    self.events.push(Event::Sent {
                        call: request.call.kind(),
                        key: request.idempotency_key.map(|key| key.as_str().to_owned()),
                        body: request.body.expose().to_vec(),
                        request_id: request.request_id.as_str().to_owned(),
                    });
                    check_before_send(&request, self.journal.as_ref());
                    let is_pay = request.call.kind() == CallKind::OrderPay;
                    let known = self.gateway.payments().len();
                    let answer = exchange(&mut self.gateway, &request, network, START + self.now);
                    if is_pay {
                        let class = self.sale.record().attempts().next_back().unwrap().class;
                        for payment in &self.gateway.payments()[known..] {
                            self.classes.insert(payment.id, class);
                        }
                    }
                    self.now += 40;
                    match network {
                        Network::Dropped => drop(token),
                        Network::PowerCut | Network::PowerCutBefore => self.power_cut(),
                        _ => self.answer(token, answer),
                    }
                }
                Step::Present(action) => {
                    self.events.push(Event::Presented(action.kind()));
                    let shows_otp = matches!(action, NextAction::EnterOtp { .. });
                    if let Some(id) = self.sale.record().attempts().next_back().and_then(|a| a.cf_payment_id) {
                        self.presented.push(id.get());
                    }
                    match (shows_otp, self.otps.is_empty()) {
                        (true, false) => {
                            let otp = self.otps.remove(0);
                            let request = if otp.is_empty() {
                                Authenticate::ResendOtp
                            } else {
                                Authenticate::SubmitOtp(Otp::parse(otp).unwrap())
                            };
                            let key = IdempotencyKey::parse(&format!("otp-{}", self.events.len())).unwrap();
                            self.sale.submit_otp(&request, key, now, &mut buffers).unwrap();
                        }
                        _ => self.sale.shown(now),
                    }
                }
                Step::Ready(end) => {
                    self.events.push(Event::Ended(end));
                    if self.methods.is_empty() {
                        self.sale.cancel(now);
                        continue;
                    }
                    if let Some(session) = self.sale.session() {
                        self.session = session.expose().to_owned();
                    }
                    let request = self.methods.remove(0)(&self.session);
                    let key = format!("key-{}", self.sale.record().attempt_count());
                    self.sale.pay(&request, IdempotencyKey::parse(&key).unwrap(), now, &mut buffers).unwrap();
                }
                Step::Wait(at) => {
                    assert!(at.0 > self.now, "a wait for the past");
                    self.now = self.next_act().map_or(at.0, |act| act.min(at.0));
                }
                Step::Done(outcome) => {
                    self.events.push(Event::Done(outcome.clone()));
                    self.check_end(&outcome);
                    return outcome;
                }
            }
        }
        panic!("the sale does not end: {:#?}", self.events.iter().rev().take(20).collect::<Vec<_>>());
    }

    fn answer(&mut self, token: pay_core::sale::InFlight, answer: Result<(ResponseHead, Vec<u8>), Failure>) {
        let result = answer.map(|(mut head, body)| {
            let len = body.len().min(self.rx.len());
            self.rx[..len].copy_from_slice(&body[..len]);
            head.body_len = len;
            head.truncated = body.len() > len;
            head
        });
        self.events.push(Event::Got(result.as_ref().map(|head| head.status).map_err(|failure| *failure)));
        let connection = self.sale.on_exchange(token, Millis(self.now), result, &mut self.rx);
        self.dropped += usize::from(connection == Connection::Drop);
    }

    /// Everything but the journal and the world outside is gone; the terminal boots and settles what it finds.
    fn power_cut(&mut self) {
        self.events.push(Event::PowerCut);
        self.seed += 1;
        self.tx.fill(0xa5);
        self.rx.fill(0x5a);
        self.methods.clear();
        let record = self.journal.clone().expect("nothing is sent before a commit");
        let setup = setup(self.policy, self.seed);
        let mark = Text::parse("mark", MARK).unwrap();
        self.sale = Sale::resume(record, self.policy, setup.seed, Millis(self.now)).with_mark(mark);
    }

    /// When the shopper acts next.
    fn next_act(&self) -> Option<u64> {
        let due = self.gateway.payments().iter().filter(|payment| payment.status.is_open());
        due.map(|payment| (payment.created - START).saturating_add(self.shopper.after_ms))
            .filter(|at| *at > self.now)
            .min()
    }

    /// The shopper acts on what can be paid: what was shown, and what charges without being shown.
    fn shop(&mut self) {
        let (presented, classes) = (&self.presented, &self.classes);
        act(&mut self.gateway, START + self.now, self.shopper, |id| {
            presented.contains(id) || !classes[id].needs_shopper()
        });
    }

    pub fn charges(&self) -> usize {
        self.gateway.charges(ORDER).count()
    }

    /// How often the bytes of a payment left, and how often under each key.
    pub fn pay_sends(&self) -> Vec<String> {
        let of_pay = |event: &Event| match event {
            Event::Sent { call: CallKind::OrderPay, key, .. } => key.clone(),
            _ => None,
        };
        self.events.iter().filter_map(of_pay).collect()
    }

    /// What must hold whatever happened: the outcome does not contradict the gateway's books, nor can it later.
    fn check_end(&self, outcome: &Outcome) {
        let charges = self.charges();
        let can_come = self.gateway.payments().iter().any(|payment| payment.status.is_open())
            && self.gateway.orders().any(|order| order.id == ORDER && order.status == sandbox::OrderStatus::Active);
        match outcome {
            Outcome::Paid { watch, .. } => {
                assert!(charges >= 1, "paid, and nothing was charged");
                assert!(charges == 1 || *watch, "charged twice, and nobody watches");
            }
            Outcome::NotPaid(_) => {
                assert_eq!(charges, 0, "not paid, and charged: {:#?}", self.events);
                assert!(!can_come, "not paid, and a charge can still come: {:#?}", self.events);
            }
            Outcome::RefundDue(_) => assert!(charges >= 1, "nothing to refund"),
            Outcome::PaidElsewhere | Outcome::OrderTaken | Outcome::HandedOver => {
                panic!("nobody else pays here, and nobody takes over: {outcome:?}, {:#?}", self.events)
            }
            Outcome::PaidUnclear => panic!("the order is ours alone: {:#?}", self.events),
            Outcome::Pending | Outcome::Unknown => assert!(!self.policy.can_ask, "gave up asking"),
        }
        self.check_repeats();
        if matches!(outcome, Outcome::NotPaid(_) | Outcome::RefundDue(_)) || matches!(outcome, Outcome::Paid { .. }) {
            let stage = &self.sale.record().stage;
            assert!(
                self.journal.as_ref().is_some_and(|record| record.stage == *stage),
                "an outcome that the journal does not know"
            );
        }
    }

    /// What charges by itself is sent once, unless nothing left or the gateway said that it was too busy. A repeat has the
    /// same body and another request id.
    fn check_repeats(&self) {
        let mut last: BTreeMap<String, (Vec<u8>, String)> = BTreeMap::new();
        let mut in_doubt: BTreeMap<String, bool> = BTreeMap::new();
        let mut pending: Option<String> = None;
        for event in &self.events {
            match event {
                Event::Sent { call: CallKind::OrderPay, key: Some(key), body, request_id } => {
                    if let Some((earlier, id)) = last.get(key) {
                        assert_eq!(earlier, body, "another body under the same key");
                        assert_ne!(id, request_id, "the same request id twice");
                    }
                    let charges_alone = !String::from_utf8_lossy(body).contains(r#""upi":{"channel":"qrcode"}"#)
                        && !String::from_utf8_lossy(body).contains(r#""upi":{"channel":"link"}"#);
                    assert!(
                        !(charges_alone && in_doubt.get(key).copied().unwrap_or(false)),
                        "a blind repeat of something that charges: {:#?}",
                        self.events
                    );
                    last.insert(key.clone(), (body.clone(), request_id.clone()));
                    in_doubt.insert(key.clone(), true);
                    pending = Some(key.clone());
                }
                Event::Got(result) => {
                    let harmless = matches!(result, Ok(429) | Err(Failure { delivery: Delivery::NotSent, .. }));
                    if let (Some(key), true) = (&pending, harmless) {
                        in_doubt.insert(key.clone(), false);
                    }
                    pending = None;
                }
                _ => {}
            }
        }
    }
}

/// A sale of an order that exists.
pub fn sale(policy: Policy, session: PaymentSessionId) -> Sale {
    let currency = pay_core::model::Currency::inr();
    Sale::new(OpenOrder { order_id: order_id(), amount: amount(), currency, session }, setup(policy, 0))
}

/// The shopper acts on every attempt that is due and that they can act on.
pub fn act(gateway: &mut Gateway, now: u64, shopper: Shopper, can_act: impl Fn(&u64) -> bool) {
    gateway.advance(now);
    let open = gateway.payments().iter().filter(|payment| payment.status.is_open());
    let due = open.filter(|payment| now >= payment.created.saturating_add(shopper.after_ms));
    let ids: Vec<u64> = due.map(|payment| payment.id).filter(can_act).collect();
    for id in ids {
        let body = format!(
            r#"{{"entity":"PAYMENTS","entity_id":"{id}","entity_simulation":{{"payment_status":"{}"}}}}"#,
            shopper.result
        );
        let answer = gateway.handle(&merchant("POST", "/pg/simulate").with_json(body), now);
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    }
}

fn setup(policy: Policy, boot: u8) -> Setup {
    Setup { environment: Environment::Sandbox, api_version: ApiVersion::V2025_01_01, policy, seed: [boot; 16] }
}

pub fn order_id() -> OrderId {
    OrderId::parse(ORDER).unwrap()
}

fn amount() -> Amount {
    Amount::from_minor(1015).unwrap()
}

fn merchant(method: &str, path: &str) -> sandbox::Request {
    sandbox::Request::new(method, path)
        .with_header("x-api-version", "2025-01-01")
        .with_header("x-client-id", CLIENT_ID)
        .with_header("x-client-secret", CLIENT_SECRET)
}

/// Mutant: taking `Step::Commit` out of `Sale::step` for the pay phase fails here at once.
fn check_before_send(request: &Request<'_>, journal: Option<&Record>) {
    if request.call.kind() == CallKind::OrderPay {
        let key = request.idempotency_key.expect("every payment has a key");
        let record = journal.expect("sent before anything was committed");
        assert!(record.attempts().any(|attempt| attempt.key == *key), "sent before its attempt was committed");
    }
    if request.call.kind() == CallKind::CreateOrder {
        assert!(journal.is_some(), "an order created before its id was committed");
    }
}

pub fn exchange(
    gateway: &mut Gateway,
    request: &Request<'_>,
    network: Network,
    now: u64,
) -> Result<(ResponseHead, Vec<u8>), Failure> {
    let failure = |kind, delivery| Err(Failure { kind, delivery });
    let auth = match request.call.route() {
        Route::Pay => Auth::Session,
        Route::Ask => Auth::merchant(CLIENT_ID, CLIENT_SECRET).unwrap(),
    };
    let target = format!("{} {}", request.call.method().as_str(), request.call);
    let mut plain = sandbox::Request::new(request.call.method().as_str(), &format!("/pg{}", request.call));
    for (name, value) in request.headers(&auth) {
        plain = plain.with_header(name, value);
    }
    plain.body = request.body.expose().to_vec();
    match network {
        Network::NotSent => return failure(ErrorKind::Connect, Delivery::NotSent),
        Network::Untrusted => return failure(ErrorKind::Untrusted, Delivery::NotSent),
        Network::LostBefore | Network::PowerCutBefore => return failure(ErrorKind::TimedOut, Delivery::Unknown),
        Network::PageBefore => return Ok((ResponseHead::new(502), b"<html>bad gateway</html>".to_vec())),
        Network::Throttled => {
            let mut head = ResponseHead::new(429);
            head.note_header("x-ratelimit-retry", "7");
            return Ok((head, br#"{"message":"Too many","code":"request_failed","type":"rate_limit_error"}"#.to_vec()));
        }
        Network::Unauthorized => {
            let body = br#"{"message":"no","code":"request_failed","type":"authentication_error"}"#;
            return Ok((ResponseHead::new(401), body.to_vec()));
        }
        Network::Failed => gateway.inject(&target, 1, sandbox::Fault::InternalError { executed: false }),
        Network::FailedAfter => gateway.inject(&target, 1, sandbox::Fault::InternalError { executed: true }),
        _ => {}
    }
    let answer = gateway.handle(&plain, now);
    let mut head = ResponseHead::new(answer.status);
    for (name, value) in &answer.headers {
        head.note_header(name, value);
    }
    match network {
        Network::LostAfter | Network::Dropped | Network::PowerCut => failure(ErrorKind::Closed, Delivery::Unknown),
        Network::PageAfter => Ok((ResponseHead::new(504), b"<html>time-out</html>".to_vec())),
        Network::Cut => Ok((head, answer.body[..answer.body.len() / 2].to_vec())),
        _ => Ok((head, answer.body)),
    }
}
