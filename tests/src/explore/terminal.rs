//! A terminal: the life that ships, its journal, and what it is in the middle of.

use std::hash::{Hash, Hasher};
use std::sync::LazyLock;

use pay_core::model::{
    Amount, CreateOrder, Currency, Customer, CustomerId, DeviceSecret, Environment, NextAction, OpenOrder, OrderId,
    OrderPay, Otp, PaymentSessionId, Phone, UnixSeconds, Vpa,
    method::{Card, CardExpiry, CardNumber, Collect, Cvv, PlainCard, Upi},
};
use pay_core::sale::{
    Attempt, AttemptEnd, AttemptState, Buffers, Delivery, ErrorKind, Failure, Millis, Outcome, Record,
};
use pay_core::till::canonical::{self, Caps, NOON, NOON_DATE, View};
use pay_core::till::{Choice, Do, Done, Event, Goods, Life, Note, Seen, Terms, Wish, Word};
use pay_core::wire;
use pay_core::wire::ResponseHead;

use super::gateway::{Answer, Call, Kind, SESSION};
use super::merchant::TILL;
use super::mix::Mix;
use crate::laws::Said;

/// The order that everything is about.
pub static ORDER: LazyLock<OrderId> = LazyLock::new(|| OrderId::parse("inv-1").expect("an order id"));

/// What a relayed till has for the order in place of its session.
pub static ALIAS: LazyLock<String> = LazyLock::new(|| backend::rules::alias(TILL, &ORDER));

/// What it is in the middle of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Doing {
    /// The power is off.
    Off,
    /// Nothing is begun.
    Idle,
    /// Something is begun.
    Works,
    /// Nothing is left to do, for ever.
    Over,
}

/// What a life wants, without a loan of it.
pub enum Wants {
    Store(Box<Record>),
    NextOpen(Option<OrderId>),
    Recall(OrderId),
    Exchange(Call),
    Nothing,
    Told(Outcome),
    Show(Option<u64>),
    /// The shopper is to type a password.
    Type,
    Choose(PaymentSessionId),
    Vend,
    Sense,
    Sleep(Millis),
    Idle(Box<Done>),
}

/// What a life is told.
#[allow(clippy::large_enum_variant)] // told at once
pub enum Tell<'e> {
    Event(Event<'e>),
    Answer(&'e Answer),
    Failed(Delivery),
}

/// A terminal.
#[derive(Clone, Debug)]
pub struct Terminal {
    pub doing: Doing,
    pub life: Option<Box<Life>>,
    tx: Vec<u8>,
    rx: Vec<u8>,
    pub journal: Vec<Record>,
    /// How many journals it has lost.
    pub lost: u8,
    pub facts: Facts,
    /// A fingerprint of it all.
    pub print: u64,
}

/// What an observer knows of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Facts {
    /// In this power-on it was answered that the order was created, or it has read all payments of it: then whether something there
    /// could still take money.
    pub looked: Option<bool>,
    /// It has sent a payment in this power-on.
    pub sent: bool,
    /// It was told in this power-on that the order was there before.
    pub known: bool,
    /// A cut found goods on their way, and they came out.
    pub out: bool,
}

impl Terminal {
    /// Switched off, with an empty journal.
    pub const fn new() -> Self {
        Self {
            doing: Doing::Off,
            life: None,
            tx: Vec::new(),
            rx: Vec::new(),
            journal: Vec::new(),
            lost: 0,
            facts: Facts { looked: None, sent: false, known: false, out: false },
            print: 0,
        }
    }

    /// Switches it on; `other`: with another secret than the usual one.
    pub fn switch_on(&mut self, terms: &Terms, other: bool) {
        // Keys are compared within one journal only, so all terminals may have the same.
        let secret = DeviceSecret::new([if other { 9 } else { 7 }; 32]);
        // Fresh for each boot: what is made of it is renamed at once.
        self.life = Some(Box::new(Life::new(terms.clone(), secret, u64::from(self.lost), 0, [8; 32])));
        self.facts = Facts { out: self.facts.out, ..Facts::default() };
        self.doing = Doing::Idle;
    }

    /// The power goes.
    pub fn cut(&mut self) {
        self.life = None;
        self.tx.clear();
        self.rx.clear();
        self.facts.looked = None;
        self.facts.sent = false;
        self.facts.known = false;
        self.doing = Doing::Off;
    }

    /// The record of the order.
    pub fn record(&self) -> Option<&Record> {
        self.journal.first()
    }

    /// Somebody has something left to do about its sale.
    pub fn has_open(&self) -> bool {
        self.journal.iter().any(Record::is_open)
    }

    fn with<R>(&mut self, run: impl FnOnce(&mut Life, &mut Buffers<'_>) -> R) -> Option<R> {
        let life = self.life.as_mut()?;
        self.tx.resize(1_024, 0);
        self.rx.resize(4_096, 0);
        let mut buffers = Buffers { tx: &mut self.tx, rx: &mut self.rx };
        Some(run(life, &mut buffers))
    }

    /// Begins a sale of the order, which exists; `session`: what was typed in.
    pub fn sell(&mut self, session: &str, now: Millis) {
        let order = open_order(session);
        self.with(|life, _| life.sell(&order, None, now));
        self.doing = Doing::Works;
    }

    /// Begins with the order itself.
    pub fn create(&mut self, now: Millis) {
        let request = create_order();
        self.with(|life, buffers| life.create(&request, None, now, buffers).expect("an order"));
        self.doing = Doing::Works;
    }

    /// Looks after what the journal has open.
    pub fn settle(&mut self, now: Millis) {
        self.facts.sent = false;
        self.with(|life, _| life.settle_open(now.after(8 * 3_600_000)));
        self.doing = Doing::Works;
    }

    /// A person says something about the sale.
    pub fn word(&mut self, word: Word) {
        self.with(|life, _| life.recall(ORDER.clone(), word));
        self.doing = Doing::Works;
    }

    /// What is next, in a world where it has this number.
    pub fn wants(&mut self, number: u8, now: Millis) -> Wants {
        let wants = self.with(|life, buffers| match life.next(now, buffers) {
            Do::Store(record) => Wants::Store(Box::new(record.clone())),
            Do::NextOpen(after) => Wants::NextOpen(after.cloned()),
            Do::Recall(order) => Wants::Recall(order.clone()),
            Do::Exchange(request, _) => Wants::Exchange(call(number, &request)),
            Do::Tell(Note::Settled(_, outcome)) => Wants::Told(outcome),
            Do::Tell(_) | Do::Disconnect(_) => Wants::Nothing,
            Do::Show(_, NextAction::EnterOtp { .. }) => Wants::Type,
            Do::Show(_, action) => Wants::Show(payment_in(&action)),
            Do::Choose(session, _) => Wants::Choose(session.clone()),
            Do::Vend(_) => Wants::Vend,
            Do::Sense(_) => Wants::Sense,
            Do::Sleep(at) => Wants::Sleep(at),
            Do::Idle(done) => Wants::Idle(Box::new(done)),
        });
        wants.unwrap_or(Wants::Nothing)
    }

    /// What came of it.
    pub fn tell(&mut self, now: Millis, tell: Tell<'_>) {
        let told = self.with(|life, buffers| {
            let event = match tell {
                Tell::Event(event) => event,
                Tell::Failed(delivery) => Event::Exchanged(Err(Failure { kind: ErrorKind::Closed, delivery })),
                Tell::Answer(answer) => {
                    let mut head = ResponseHead::new(answer.status);
                    head.replayed = answer.replayed;
                    head.waited = answer.waited;
                    head.from_backend = answer.unsent;
                    head.date = Some(UnixSeconds(NOON_DATE.0 + now.since(NOON) / 1_000));
                    for (to, from) in buffers.rx.iter_mut().zip(answer.body.bytes()) {
                        *to = from;
                    }
                    head.body_len = answer.body.len();
                    Event::Exchanged(Ok(head))
                }
            };
            life.on(now, event, buffers)
        });
        // A choice that cannot be sent ends the job; the life says so.
        drop(told);
    }

    /// The journal is given a record.
    pub fn store(&mut self, record: &Record) -> bool {
        match self.journal.iter_mut().find(|kept| kept.order_id == record.order_id) {
            None => self.journal.push(record.clone()),
            Some(kept) if record.may_replace(kept).is_ok() => kept.clone_from(record),
            Some(_) => return false,
        }
        true
    }

    /// Does what needs no choice, until there is one. What is said on the way goes to `said`. `flash_fails`: whether a record is
    /// stored is a choice too; else it is, and a cut before it is the same as one before what led to it.
    pub fn run(
        &mut self,
        number: u8,
        mut now: Millis,
        flash_fails: bool,
        said: &mut impl FnMut(Said) -> Result<(), String>,
    ) -> Result<(), String> {
        for _ in 0..400 {
            if self.doing != Doing::Works {
                return Ok(());
            }
            let mut next = self.clone();
            match next.wants(number, now) {
                Wants::Nothing => next.tell(now, Tell::Event(Event::Told)),
                Wants::Told(outcome) => {
                    told(&outcome, next.facts.known, said)?;
                    next.tell(now, Tell::Event(Event::Told));
                }
                Wants::NextOpen(after) => {
                    let found =
                        next.journal.iter().find(|record| record.is_open() && after.as_ref() < Some(&record.order_id));
                    let found = found.cloned();
                    next.tell(now, Tell::Event(Event::Recalled(Ok(found.as_ref()))));
                }
                Wants::Recall(order) => {
                    let found = next.journal.iter().find(|record| record.order_id == order).cloned();
                    next.tell(now, Tell::Event(Event::Recalled(Ok(found.as_ref()))));
                }
                Wants::Sleep(at) if at <= now => next.tell(now, Tell::Event(Event::Wished(Wish::Nothing))),
                Wants::Idle(done) => match *done {
                    Done::Created(order) => {
                        next.with(|life, _| life.sell(&order, None, now));
                    }
                    Done::Over(outcome) => {
                        told(&outcome, next.facts.known, said)?;
                        now = now.after(1);
                        next.settle(now);
                    }
                    Done::Settled(_)
                    | Done::Refused(_)
                    | Done::Nothing
                    | Done::Refunded(_)
                    | Done::Recovered(_)
                    | Done::Status(_) => {
                        next.doing = Doing::Idle;
                    }
                },
                Wants::Store(record) if !flash_fails => {
                    let stored = next.store(&record);
                    next.tell(now, Tell::Event(Event::Stored(stored)));
                }
                Wants::Store(_)
                | Wants::Exchange(_)
                | Wants::Show(_)
                | Wants::Type
                | Wants::Choose(_)
                | Wants::Vend
                | Wants::Sense
                | Wants::Sleep(_) => break,
            }
            *self = next;
        }
        Ok(())
    }

    /// One for many that behave alike.
    pub fn canonical(&mut self, now: Millis, caps: Caps) {
        let view = View { now, date: UnixSeconds(NOON_DATE.0 + now.since(NOON) / 1_000), caps };
        let keeps = canonical::canonical(self.life.as_deref_mut(), &mut self.journal, &view);
        self.tx.truncate(keeps.tx);
        if keeps.rx {
            let end = self.rx.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            self.rx.truncate(end);
        } else {
            self.rx.clear();
        }
        self.tx.shrink_to_fit();
        self.rx.shrink_to_fit();
        if self.facts.sent || self.life.as_ref().is_none_or(|life| life.record().is_none()) {
            // Only of the first payment is it asked who had looked.
            self.facts.looked = None;
        }
        let idle = matches!(self.doing, Doing::Off | Doing::Idle);
        if idle && !self.has_open() {
            self.cut();
            self.doing = Doing::Over;
        }
        let mut hasher = Mix::default();
        (&self.doing, &self.life, &self.tx, &self.rx, &self.journal, &self.lost, &self.facts).hash(&mut hasher);
        self.print = hasher.finish();
    }
}

/// How to pay, with the session that the till says.
pub fn choice(kind: Option<Kind>, session: &PaymentSessionId) -> Choice {
    Choice::Pay(match kind {
        Some(Kind::Link) => OrderPay::new(session.clone(), Upi::link()),
        Some(Kind::Collect) => {
            let address = Vpa::parse("shopper@bank").expect("an address");
            OrderPay::new(session.clone(), Upi::Collect(Collect::new(address)))
        }
        Some(Kind::Otp) => {
            let number = CardNumber::parse("4706131211212123").expect("a card");
            let expiry = CardExpiry::parse("03", "39").expect("a month");
            let card = PlainCard::new(number, expiry, Cvv::parse("123").expect("a code"));
            OrderPay::new(session.clone(), Card::native_otp(card))
        }
        None => return Choice::GiveUp,
    })
}

/// What the shopper types where a password is asked for; `None`: another is asked for.
pub fn typed(right: Option<bool>) -> Event<'static> {
    Event::Seen(match right {
        None => Seen::ResendOtp,
        Some(right) => Seen::Otp(Otp::parse(if right { RIGHT } else { "000000" }).expect("digits")),
    })
}

/// The password that is right.
const RIGHT: &str = "111000";

pub const SHOWN: Event<'static> = Event::Seen(Seen::Shown);

pub const fn vended(goods: Goods) -> Event<'static> {
    Event::Vended(goods)
}

/// The order, as a till asks for it.
pub fn create_order() -> CreateOrder {
    let customer = Customer::new(
        CustomerId::parse("customer_1").expect("an id"),
        Phone::parse("9999999999").expect("a phone number"),
    );
    CreateOrder::new(ORDER.clone(), amount(), customer).expect("an order")
}

fn amount() -> Amount {
    Amount::from_minor(25_000).expect("an amount")
}

fn open_order(session: &str) -> OpenOrder {
    OpenOrder {
        order_id: ORDER.clone(),
        amount: amount(),
        currency: Currency::parse("INR").expect("a currency"),
        session: PaymentSessionId::parse(session).expect("a session"),
    }
}

/// The payment whose link this is.
fn payment_in(action: &NextAction<'_>) -> Option<u64> {
    match action {
        NextAction::UpiLinks(links) => links.default?.parameter("tr")?.parse().ok(),
        _ => None,
    }
}

fn member<'b>(body: &'b str, name: &str) -> &'b str {
    let at = body.find(&format!("\"{name}\":")).map_or(body.len(), |at| at + name.len() + 3);
    body.get(at..).unwrap_or_default().trim_start_matches('"').split(['"', ',', '}']).next().unwrap_or_default()
}

pub fn call(till: u8, request: &wire::Request<'_>) -> Call {
    let body = core::str::from_utf8(request.body.expose()).expect("a body is text");
    match request.call {
        wire::Call::CreateOrder => {
            let text = |name| member(body, name).to_owned();
            Call::Create { mark: text("till_mark"), note: text("order_note") }
        }
        wire::Call::ReadOrder(_) => Call::Order,
        wire::Call::ListPayments(_) => Call::Payments,
        wire::Call::ReadPayment(_, id) => Call::Payment(id.get()),
        wire::Call::OrderPay => {
            let kind = match member(body, "channel") {
                "link" => Kind::Link,
                "post" => Kind::Otp,
                _ => Kind::Collect,
            };
            let session = member(body, "payment_session_id");
            let is_alias = session == *ALIAS;
            // A backend sends it on under the till's key.
            let keyed = is_alias || till == 0;
            let key = request.idempotency_key.filter(|_| keyed).map(|key| key.as_str().to_owned());
            Call::Pay { till, kind, session: is_alias || session == SESSION, key }
        }
        wire::Call::Authenticate(id) => Call::Otp {
            id: id.get(),
            right: (member(body, "action") == "SUBMIT_OTP").then(|| member(body, "otp") == RIGHT),
        },
        wire::Call::TerminateOrder(_) => Call::Terminate,
        wire::Call::CreateRefund(_) => Call::Refund { till, id: member(body, "refund_id").to_owned() },
        wire::Call::ReadRefund(_, id) => Call::ReadRefund { id: id.as_str().to_owned() },
        wire::Call::ListRefunds(_) => Call::Refunds,
        wire::Call::ReportRelease(_) => Call::Report {
            till,
            released: member(body, "released").parse().ok(),
            payment: member(body, "cf_payment_id").parse().ok(),
        },
        other => unreachable!("{:?} is not made here", other.kind()),
    }
}

/// What a till says of a sale, as the laws know it.
fn told(outcome: &Outcome, known: bool, said: &mut impl FnMut(Said) -> Result<(), String>) -> Result<(), String> {
    use pay_core::sale::NotPaid;
    said(match outcome {
        Outcome::Paid { cf_payment_id, .. } => Said::Paid(cf_payment_id.map(pay_core::model::CfPaymentId::get)),
        Outcome::NotPaid(why) => Said::NotPaid { closed: matches!(why, NotPaid::Terminated | NotPaid::Expired), known },
        Outcome::RefundDue(_) => Said::RefundDue,
        Outcome::PaidElsewhere => Said::Elsewhere,
        Outcome::PaidUnclear | Outcome::OrderTaken | Outcome::HandedOver | Outcome::Pending | Outcome::Unknown => {
            return Ok(());
        }
    })
}

/// The terms of every terminal here: pauses of one length, and limits that only a long sleep reaches.
pub fn terms(refunds: pay_core::sale::Refunds) -> Terms {
    let mut policy = pay_core::Policy::with_ask();
    policy.release = true;
    policy.refunds = refunds;
    policy.deadline_ms = 3_000_000;
    policy.ask_ms = 31_000;
    policy.ask_max_ms = 31_000;
    let mut terms = Terms::new(Environment::Production, policy);
    terms.unclaimed = pay_core::till::Unclaimed::Return;
    terms
}

impl Terminal {
    /// A request leaves: what an observer on the line says about it.
    ///
    /// # Errors
    /// The law that is broken.
    pub fn check_sends(&mut self, call: &Call, can_ask: bool) -> Result<(), String> {
        if call.acts() && self.record().is_none() {
            return Err(format!("{call:?} was sent before anything was committed"));
        }
        let Call::Pay { .. } = call else { return Ok(()) };
        if !self.facts.sent && can_ask {
            match self.facts.looked {
                None => return Err("a payment was sent, and nobody had looked whether the order is paid".to_owned()),
                Some(true) => return Err("a payment was sent beside another that was seen to be under way".to_owned()),
                Some(false) => {}
            }
        }
        self.facts.sent = true;
        Ok(())
    }

    /// What its answers say, for the observer; `moves`: a payment may still change.
    pub const fn note_answer(&mut self, call: &Call, answer: &Answer, moves: bool) {
        match call {
            Call::Create { .. } if answer.status == 200 && !answer.replayed => self.facts.looked = Some(false),
            Call::Create { .. } => self.facts.known |= self.lost > 0,
            Call::Payments => self.facts.looked = Some(moves),
            _ => {}
        }
    }

    /// The payment that its journal names as the one that took the money.
    pub fn payer(&self) -> Option<u64> {
        let record = self.record()?;
        let success = |attempt: &&Attempt| attempt.state == AttemptState::Ended(AttemptEnd::Success);
        record.attempts().find(success)?.cf_payment_id.map(|id| id.get())
    }
}
