//! The merchant's backend: the book and the rules that ship ([`backend::rules`]), over memory and the gateway of this world.

use std::cell::{Cell, RefCell};

use backend::book::{Book, Effect, Entry, Event, Moment, Owner, Terms, Told, Unreported};
use backend::rules::{self, Forward, Ground, Incoming, Prices, Way};
use pay_core::model::{
    Amount, ApiVersion, CallKind, CfPaymentId, MARK_TAG, OrderId, PaymentSessionId, RequestId, UnixSeconds,
};
use pay_core::sale::{Millis, NOT_ATTEMPTED_MS};
use pay_core::till::canonical::NOON_DATE;
use pay_core::wire::{self, ResponseHead};

use super::gateway::{Answer, Call, Gateway, Kind, SESSION};
use super::terminal::{self, ORDER, create_order};

const AMOUNT: u64 = 25_000;
const TERMS: Terms = Terms { life_ms: 1_800_000, first_look_ms: 60_000, unreported: Unreported::Tell };
/// The till's token, as a hash.
pub const TILL: Owner = Owner::new([1; 32]);

/// A merchant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Merchant {
    /// What the book has of the order; `None`: no till has asked for it.
    entry: Option<Entry>,
    now: Moment,
    /// It sends Order Pay on.
    relays: bool,
    /// Keys of Order Pay that it was about to send on.
    forwards: Vec<String>,
}

/// What goes wrong at the backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    None,
    /// The gateway's answers are lost.
    Lost,
    /// The gateway acts, and the backend dies before it hears so.
    Dies,
    /// The backend has kept that Order Pay goes, and dies before it does.
    DiesUnsent,
    /// What it sends on does not arrive.
    Unreached,
    /// The gateway's answer to what it sends on is lost.
    Unheard,
}

impl Merchant {
    /// `made`: a till has made the order.
    pub fn new(made: bool, relays: bool) -> Self {
        let mut book = Book::default();
        if made {
            book.want(ORDER.clone(), TILL, AMOUNT);
            book.on(&ORDER, &Event::Made { at: Moment(0) });
        }
        let entry = book.entry(&ORDER).cloned();
        let mut merchant = Self { entry, now: Moment(0), relays, forwards: Vec::new() };
        merchant.canonical();
        merchant
    }

    /// A till's call, and the answer to it.
    ///
    /// # Errors
    /// A law that is broken by it.
    pub fn pass(&mut self, gateway: &mut Gateway, call: &Call, fault: Fault) -> Result<Answer, String> {
        let relays = self.relays;
        let answer = match (call, asked(call)) {
            (Call::Pay { till, kind, key: Some(key), .. }, _) if relays => {
                let (incoming, prices) =
                    (pays(*kind, key), Prices::UpTo(Amount::from_minor(AMOUNT).expect("an amount")));
                self.serve(gateway, fault, |service| {
                    service.till.set(*till);
                    rules::serve(service, TILL, Way::Relayed, &prices, &incoming)
                })?
            }
            (_, Some(asked)) => self.serve(gateway, fault, |service| {
                let answer =
                    rules::answer(service, TILL, asked, ApiVersion::default()).unwrap_or_else(|refusal| refusal);
                if relays { rules::hide(service, TILL, answer) } else { answer }
            })?,
            // With a session, or with keys of the till's own, the gateway is called.
            (_, None) => return gateway.on(&ORDER, call),
        };
        let body = String::from_utf8(answer.body).map_err(|_| "an answer of the backend is no text")?;
        if relays && body.contains(SESSION) {
            return Err("a relayed till was given a session".to_owned());
        }
        Ok(Answer { status: answer.status, body, unsent: answer.is_ours, replayed: answer.replayed, waited: false })
    }

    /// Waits until the next duty is due, and does it.
    ///
    /// # Errors
    /// A law that is broken by it.
    pub fn works(&mut self, gateway: &mut Gateway, fault: Fault) -> Result<(), String> {
        let Some(entry) = self.entry.clone() else { return Ok(()) };
        let Some((at, duty)) = entry.due(TERMS) else { return Ok(()) };
        if gateway.is_closed() && at.0.saturating_sub(self.now.0) * 4 >= NOT_ATTEMPTED_MS * 3 {
            gateway.stale = true;
        }
        self.now = Moment(self.now.0.max(at.0));
        // What could not be done is as due as before.
        self.serve(gateway, fault, |service| rules::fulfil(service, &entry, duty)).map(drop)
    }

    /// A webhook tells how a payment stands. `false`: nothing new, or the order is not known.
    pub fn hears(&mut self, id: u64, status: &str) -> bool {
        let told = Told::Payment { id, status: status.to_owned() };
        let hinted = Event::Hinted { at: self.now, told };
        let mut book = Book::default();
        self.entry.iter().for_each(|entry| book.put(entry.clone()));
        let is_news = matches!(book.on(&ORDER, &hinted), Some(Effect::News { .. }));
        if is_news {
            self.entry = book.entry(&ORDER).cloned();
            self.canonical();
        }
        is_news
    }

    /// It answers who waits with the order as it was before it read the payments.
    pub fn tells_of_payments(&self) -> bool {
        self.entry.as_ref().is_some_and(Entry::is_paid_by_its_list)
    }

    /// Runs the rules over the book.
    fn serve<R>(
        &mut self,
        gateway: &mut Gateway,
        fault: Fault,
        run: impl FnOnce(&Service<'_>) -> R,
    ) -> Result<R, String> {
        let mut book = Book::default();
        self.entry.take().into_iter().for_each(|entry| book.put(entry));
        let service = Service {
            book: RefCell::new(book),
            gateway: RefCell::new(gateway),
            forwards: RefCell::new(core::mem::take(&mut self.forwards)),
            till: Cell::new(0),
            now: self.now,
            fault,
            dead: Cell::new(false),
            broken: RefCell::new(None),
        };
        let result = run(&service);
        let Service { book, broken, forwards, .. } = service;
        self.forwards = forwards.into_inner();
        self.entry = book.into_inner().entry(&ORDER).cloned();
        self.canonical();
        broken.into_inner().map_or(Ok(result), Err)
    }

    fn canonical(&mut self) {
        if let Some(entry) = &mut self.entry {
            self.now = entry.canonical(self.now);
        }
    }

    /// Nothing is due any more, whatever time goes by.
    pub fn is_at_rest(&self) -> bool {
        self.entry.as_ref().is_none_or(|entry| entry.due(TERMS).is_none())
    }

    /// It has counted the order out; else it has given up asking, and a person must look.
    pub fn is_settled(&self) -> bool {
        self.entry.as_ref().is_none_or(Entry::is_settled)
    }

    /// A person is told of the order, some day.
    pub fn tells(&self) -> bool {
        self.entry.as_ref().is_some_and(|entry| !entry.matters(TERMS, Millis(u64::MAX)).is_empty())
    }

    /// What the till has reported, if it has.
    pub fn reported(&self) -> Option<bool> {
        self.entry.as_ref()?.released()
    }
}

/// What a till asks of its backend; `None`: nothing that a backend has.
fn asked(call: &Call) -> Option<rules::Call> {
    let order = ORDER.clone();
    Some(match call {
        Call::Create { mark, .. } => {
            // A till that leaves refunds to its backend marks nothing.
            let marked = (!mark.is_empty()).then(|| create_order().with_tag(MARK_TAG, mark).expect("a till's mark"));
            rules::Call::Create(Box::new(marked.unwrap_or_else(create_order)))
        }
        Call::Order => rules::Call::Read(order),
        Call::Payments => rules::Call::Payments(order),
        Call::Payment(id) => rules::Call::Payment(order, CfPaymentId::new(*id)),
        Call::Terminate => rules::Call::Close(order),
        Call::Report { released: Some(released), payment, .. } => {
            rules::Call::Report(order, *released, payment.map(CfPaymentId::new))
        }
        Call::Report { released: None, payment, .. } => rules::Call::Claim(order, CfPaymentId::new((*payment)?)),
        Call::Pay { .. } | Call::Otp { .. } | Call::Refund { .. } | Call::ReadRefund { .. } | Call::Refunds => {
            return None;
        }
    })
}

/// Order Pay as a relayed till asks for it.
fn pays(kind: Kind, key: &str) -> Incoming {
    let method = match kind {
        Kind::Link => r#"{"upi":{"channel":"link"}}"#,
        Kind::Collect => r#"{"upi":{"channel":"collect","upi_id":"shopper@bank"}}"#,
        Kind::Otp => r#"{"card":{}}"#,
    };
    let body = format!(r#"{{"payment_session_id":"{}","payment_method":{method}}}"#, *terminal::ALIAS);
    Incoming {
        method: "POST".to_owned(),
        path: "/pg/orders/sessions".to_owned(),
        api_version: Some(ApiVersion::default().as_str().to_owned()),
        content_type: Some("application/json".to_owned()),
        idempotency_key: Some(key.to_owned()),
        body: body.into_bytes(),
        ..Incoming::default()
    }
}

/// The backend at work: what the rules stand on.
struct Service<'w> {
    book: RefCell<Book>,
    gateway: RefCell<&'w mut Gateway>,
    forwards: RefCell<Vec<String>>,
    /// Which till calls.
    till: Cell<u8>,
    now: Moment,
    fault: Fault,
    /// It has died: nothing that it does from then on has an effect.
    dead: Cell<bool>,
    /// A law that was broken at the gateway.
    broken: RefCell<Option<String>>,
}

impl Service<'_> {
    fn alive(&self) -> Result<(), rules::Answer> {
        if self.dead.get() { Err(rules::Answer::not_kept()) } else { Ok(()) }
    }

    fn breaks(&self, law: String) {
        self.broken.borrow_mut().get_or_insert(law);
    }

    /// `None`: a law is broken.
    fn asks_gateway(&self, call: &Call) -> Option<Answer> {
        self.gateway.borrow_mut().on(&ORDER, call).map_err(|law| self.breaks(law)).ok()
    }
}

impl Ground for Service<'_> {
    type Permit = ();

    fn now(&self) -> Moment {
        self.now
    }

    fn power_on(&self) -> u64 {
        1
    }

    fn ends(&self) -> UnixSeconds {
        UnixSeconds(NOON_DATE.0 + TERMS.life_ms / 1_000)
    }

    fn epoch(&self, owner: Owner) -> Result<u64, rules::Answer> {
        Ok(self.book.borrow().epoch(&owner))
    }

    fn recover(&self, owner: Owner) -> Result<(u64, Vec<OrderId>), rules::Answer> {
        self.alive()?;
        let mut book = self.book.borrow_mut();
        let epoch = book.epoch(&owner) + 1;
        book.raise_epoch(owner, epoch);
        Ok((epoch, book.open_orders(&owner).cloned().collect()))
    }

    fn entry(&self, order: &OrderId) -> Result<Option<Entry>, rules::Answer> {
        self.alive()?;
        Ok(self.book.borrow().entry(order).cloned())
    }

    fn want(&self, order: &OrderId, owner: Owner, amount: u64) -> Result<Entry, rules::Answer> {
        self.alive()?;
        self.book.borrow_mut().want(order.clone(), owner, amount);
        self.entry(order)?.ok_or_else(rules::Answer::not_kept)
    }

    fn find(&self, order: &OrderId, owner: Owner, amount: u64) -> Result<(Entry, bool), rules::Answer> {
        self.alive()?;
        let is_new = self.book.borrow_mut().find(order.clone(), owner, amount, self.now);
        Ok((self.entry(order)?.ok_or_else(rules::Answer::not_kept)?, is_new))
    }

    fn say(&self, order: &OrderId, event: &Event) -> Result<Option<Effect>, rules::Answer> {
        self.alive()?;
        Ok(self.book.borrow_mut().on(order, event))
    }

    fn permit(&self, _: CallKind) -> Result<(), rules::Answer> {
        self.alive()
    }

    fn has_to_spare(&self, _: CallKind) -> bool {
        true
    }

    fn call(&self, (): (), call: wire::Call<'_>, version: ApiVersion, body: &[u8]) -> rules::Answer {
        let request = wire::Request::new(call, version, RequestId::from_random([0; 16])).with_body(body);
        let call = terminal::call(0, &request);
        let Some(answer) = self.asks_gateway(&call) else {
            return rules::Answer::nothing_known("a law is broken");
        };
        self.dead.set(self.fault == Fault::Dies && call.acts());
        if self.dead.get() || self.fault == Fault::Lost {
            return rules::Answer::nothing_known("the gateway gave no answer");
        }
        rules::Answer::of_gateway(&ResponseHead::new(answer.status), answer.body.into_bytes())
    }

    fn read(&self, call: wire::Call<'_>, version: ApiVersion) -> rules::Answer {
        self.ask(call, version, &[])
    }

    fn keep_forward(&self, forward: &Forward<'_>) -> Result<PaymentSessionId, rules::Answer> {
        self.alive()?;
        let key = forward.key.as_str();
        let mut forwards = self.forwards.borrow_mut();
        if !forwards.iter().any(|kept| kept == key) {
            forwards.push(key.to_owned());
        }
        self.dead.set(self.fault == Fault::DiesUnsent);
        Ok(forward.session.clone())
    }

    fn forward(&self, (): (), request: wire::Request<'_>) -> rules::Answer {
        if self.dead.get() || self.fault == Fault::Unreached {
            return rules::Answer::doubt();
        }
        let call = match terminal::call(0, &request) {
            Call::Pay { kind, session, key, .. } => Call::Pay { till: self.till.get(), kind, session, key },
            call => call,
        };
        let Call::Pay { key: Some(key), .. } = &call else {
            self.breaks("Order Pay was sent on without a key".to_owned());
            return rules::Answer::doubt();
        };
        if !self.forwards.borrow().contains(key) {
            self.breaks("Order Pay was sent on before it was kept".to_owned());
        }
        let answer = self.asks_gateway(&call);
        self.dead.set(self.fault == Fault::Dies);
        match answer.filter(|_| !matches!(self.fault, Fault::Dies | Fault::Unheard)) {
            Some(answer) => {
                let mut head = ResponseHead::new(answer.status);
                head.replayed = answer.replayed;
                rules::Answer::of_forward(&head, answer.body.into_bytes())
            }
            None => rules::Answer::doubt(),
        }
    }

    fn request_id(&self) -> Result<RequestId, rules::Answer> {
        Ok(RequestId::from_random([0; 16]))
    }
}
