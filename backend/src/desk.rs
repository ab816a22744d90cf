//! The rules: who may do what to which order. Blocking; one thread for each request.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use pay_core::model::{ApiVersion, CfPaymentId, CreateOrder, OrderId, Timestamp, UnixSeconds};
use pay_core::sale::Millis;
use pay_core::wire::webhook::Keys;
use pay_core::wire::{self, decode, encode};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::agenda::Agenda;
use crate::answer::Answer;
use crate::book::{Effect, Entry, Event, Matter, Owner, Terms};
use crate::cache::Cache;
use crate::call::{Call, Incoming, Prices};
use crate::clock::Clock;
use crate::config::{Config, Notice, StartError};
use crate::gateway::Gateway;
use crate::missed::Missed;
use crate::store::{Known, Role, Store};
use crate::token::{hex, presented};
use crate::wait::Waiters;

/// Longest Create Order body that can come of [`Call::Create`].
const BODY_MAX: usize = 2048;
/// Longest answer that the kiosk of this workspace takes.
const KIOSK_RX: usize = 12 * 1024;

/// Everything behind the server.
pub(crate) struct Desk {
    pub(crate) gateway: Gateway,
    pub(crate) agenda: Agenda,
    pub(crate) terms: Terms,
    pub(crate) clock: Clock,
    /// Tells this start from others.
    pub(crate) power_on: u64,
    order_life: Duration,
    /// How often in a row nothing could be done for an order.
    misses: Mutex<BTreeMap<OrderId, u32>>,
    /// What people were told of.
    told: Mutex<BTreeSet<(OrderId, Matter)>>,
    pub(crate) store: Store,
    cache: Cache<Answer>,
    pub(crate) prices: Prices,
    pub(crate) waiters: Waiters,
    pub(crate) missed: Missed,
    pub(crate) webhooks: Option<Keys>,
    fresh: Duration,
    fresh_final: Duration,
    notice: Arc<dyn Fn(&Notice) + Send + Sync>,
}

/// What can be read of an order.
pub(crate) struct Reading {
    /// It will not change any more.
    pub(crate) is_final: bool,
    pub(crate) status: String,
    pub(crate) is_active: bool,
}

impl Desk {
    pub(crate) fn new(config: &Config) -> Result<Self, StartError> {
        let clock = Clock::system();
        let gateway = Gateway::new(config.gateway.clone(), config.transport.clone(), config.limits, clock.clone())?;
        Self::with(config, gateway, clock)
    }

    /// With this gateway and this time.
    pub(crate) fn with(config: &Config, gateway: Gateway, clock: Clock) -> Result<Self, StartError> {
        let terms = config.terms();
        let mut power_on = [0; 8];
        getrandom::fill(&mut power_on).map_err(|_| std::io::Error::other("no random bytes"))?;
        Ok(Self {
            gateway,
            agenda: Agenda::default(),
            terms,
            power_on: u64::from_ne_bytes(power_on),
            told: Mutex::default(),
            misses: Mutex::default(),
            store: Store::open(&config.database, Role::Server, terms)?,
            cache: Cache::new(clock.clone()),
            clock,
            prices: config.prices.clone(),
            waiters: Waiters::default(),
            missed: Missed::default(),
            webhooks: config.webhooks.clone(),
            order_life: config.order_life,
            fresh: config.fresh,
            fresh_final: config.fresh_final,
            notice: Arc::clone(&config.notice),
        })
    }

    /// Answers a device.
    pub(crate) fn handle(&self, request: &Incoming) -> Answer {
        let Some(owner) = request.token().and_then(presented) else { return Answer::unauthenticated() };
        match self.store.has_token(owner) {
            Ok(true) => self.serve(owner, request).unwrap_or_else(|refusal| refusal),
            Ok(false) => Answer::unauthenticated(),
            Err(error) => self.not_kept(&error),
        }
    }

    fn serve(&self, owner: Owner, request: &Incoming) -> Result<Answer, Answer> {
        let call = request.call(&self.prices)?;
        let version = request.version();
        let acts = matches!(call, Call::Create(_) | Call::Close(_) | Call::Report(..) | Call::Claim(..));
        if acts && request.epoch()? < self.store.epoch(owner).map_err(|error| self.not_kept(&error))? {
            return Err(Answer::old_epoch());
        }
        match call {
            // Not the gateway's calls: they need no version.
            Call::Report(order, released, payment) => self.report(owner, &order, released, payment),
            Call::Claim(order, payment) => self.claim(owner, &order, payment),
            Call::Recover => self.recover(owner),
            Call::Create(order) => self.create(owner, *order, version?),
            Call::Close(order) => self.close(owner, &order, version?),
            Call::Read(order) => self.pass(owner, &order, wire::Call::ReadOrder(&order), version?),
            Call::Payments(order) => {
                let answer = self.pass(owner, &order, wire::Call::ListPayments(&order), version?)?;
                // What the device learns the book knows, too: a claim that follows needs no other look. If it cannot be written, it looks.
                if answer.is_success() {
                    let _ = self.note_payments(&order, &answer);
                }
                Ok(answer)
            }
            Call::Payment(order, payment) => {
                self.pass(owner, &order, wire::Call::ReadPayment(&order, payment), version?)
            }
        }
    }

    fn pass(&self, owner: Owner, order: &OrderId, call: wire::Call<'_>, version: ApiVersion) -> Result<Answer, Answer> {
        self.need(owner, order, version)?;
        match call {
            wire::Call::ReadOrder(order) => Ok(self.order(order, version)),
            call => Ok(self.read(call, version)),
        }
    }

    fn create(&self, owner: Owner, order: CreateOrder, version: ApiVersion) -> Result<Answer, Answer> {
        let (id, amount) = (order.order_id().clone(), order.amount());
        let same = |entry: &Entry| *entry.owner() == owner && entry.amount() == amount.minor();
        match self.entry(&id)? {
            Some(entry) if !same(&entry) => return Err(Answer::order_exists()),
            Some(entry) if entry.is_made() => return Ok(self.order(&id, version).repeated()),
            _ => {}
        }
        let ends = self.clock.unix_seconds() + self.order_life.as_secs();
        let order = order
            .with_expiry_time(Timestamp::from_unix(UnixSeconds(ends)))
            .with_note(&mark(owner, &id))
            .map_err(|error| Answer::invalid("request_invalid", &error.to_string()))?;
        let mut body = [0; BODY_MAX];
        let length = encode::create_order(&order, &mut body).map_err(|_| Answer::too_large())?;

        let permit = self.gateway.reserve(wire::Call::CreateOrder.kind())?;
        let entry = self.store.want(&id, owner, amount.minor()).map_err(|error| self.not_kept(&error))?;
        if !same(&entry) {
            return Err(Answer::order_exists());
        }
        let answer = self.gateway.call(permit, wire::Call::CreateOrder, version, &body[..length]);
        self.cache.forget(&beginning(&id));
        if answer.is_success() {
            // The gateway makes no second order of an id: this one is ours, whether it repeats the mark or not.
            let entry = self.entry(&id)?.ok_or_else(Answer::no_such_order)?;
            reading(&entry, true, &id, &answer).ok_or_else(not_ours)?;
            self.made(&id)?;
            // It is the order, for a device that waits: who asks gets what is read then.
            self.cache.put(key(wire::Call::ReadOrder(&id), version), answer.clone(), Duration::ZERO);
            return Ok(answer);
        }
        if answer.status == 409 {
            // An earlier call of ours made it, or it is somebody else's: then the gateway's answer stands.
            self.need(owner, &id, version).map_err(|found| if found.status == 404 { answer } else { found })?;
            return Ok(self.order(&id, version).repeated());
        }
        Ok(answer)
    }

    fn close(&self, owner: Owner, order: &OrderId, version: ApiVersion) -> Result<Answer, Answer> {
        self.need(owner, order, version)?;
        let permit = self.gateway.reserve(wire::Call::TerminateOrder(order).kind())?;
        let at = self.clock.moment();
        self.say_or_conflict(order, &Event::Closing { at })?;
        let answer = self.gateway.call(permit, wire::Call::TerminateOrder(order), version, encode::TERMINATE_ORDER);
        self.cache.forget(&beginning(order));
        self.agenda.changed();
        if answer.is_success() && self.reading(order, &answer).is_none() { Err(not_ours()) } else { Ok(answer) }
    }

    fn report(
        &self,
        owner: Owner,
        order: &OrderId,
        released: bool,
        payment: Option<CfPaymentId>,
    ) -> Result<Answer, Answer> {
        self.need(owner, order, ApiVersion::default())?;
        let payment = payment.map(CfPaymentId::get);
        let said = self.say_or_conflict(order, &Event::Reported { at: self.clock.moment(), released, payment });
        self.agenda.changed();
        self.tell(order);
        said?;
        Ok(Answer::ok(json!({"order_id": order.as_str(), "released": released}).to_string().into()))
    }

    /// The right to hand out the goods for a payment: for one that was seen to succeed, and once an order.
    fn claim(&self, owner: Owner, order: &OrderId, payment: CfPaymentId) -> Result<Answer, Answer> {
        self.need(owner, order, ApiVersion::default())?;
        let claimed = || Event::Claimed { at: self.clock.moment(), payment: payment.get() };
        if self.say(order, &claimed())? == Effect::ReadFirst {
            // A list may hide it, or be too long: then it is asked for by its number.
            let _ = self.read_payments(order);
            if self.say(order, &claimed())? == Effect::ReadFirst {
                self.read_payment(order, payment)?;
            }
        }
        let said = self.say_or_conflict(order, &claimed());
        self.agenda.changed();
        said?;
        let granted = json!({"order_id": order.as_str(), "cf_payment_id": payment.to_string(), "granted": true});
        Ok(Answer::ok(granted.to_string().into()))
    }

    /// A device lost its journal, or takes the place of another: earlier lives of it are over.
    fn recover(&self, owner: Owner) -> Result<Answer, Answer> {
        let epoch = self.store.raise_epoch(owner).map_err(|error| self.not_kept(&error))?;
        let orders = self.store.open_orders(owner).map_err(|error| self.not_kept(&error))?;
        let orders: Vec<_> = orders.iter().map(OrderId::as_str).collect();
        Ok(Answer::ok(json!({"epoch": epoch, "orders": orders}).to_string().into()))
    }

    /// Passes if the order was made with this token, and the gateway has shown so.
    fn need(&self, owner: Owner, order: &OrderId, version: ApiVersion) -> Result<(), Answer> {
        let entry = self.entry(order)?.filter(|entry| *entry.owner() == owner).ok_or_else(Answer::no_such_order)?;
        if entry.is_made() {
            return Ok(());
        }
        // The answer to its creation was lost. Without our mark in it, another system of the merchant has made it.
        let answer = self.order(order, version);
        if !answer.is_success() { Err(answer) } else { self.made(order) }
    }

    /// The order as the gateway has it: an answer that is not a success, or is about our order.
    pub(crate) fn order(&self, order: &OrderId, version: ApiVersion) -> Answer {
        let answer = self.read(wire::Call::ReadOrder(order), version);
        if !answer.is_success() || self.reading(order, &answer).is_some() {
            answer
        } else if self.found(order).is_some_and(|entry| entry.is_made()) {
            // It is there, whatever this answer is about.
            not_ours()
        } else {
            // Whose it is, is nobody's business.
            Answer::no_such_order()
        }
    }

    /// A call that only reads: one for all who ask at a time, and only if the last answer is stale.
    pub(crate) fn read(&self, call: wire::Call<'_>, version: ApiVersion) -> Answer {
        let order = match call {
            wire::Call::ReadOrder(order) => Some(order),
            _ => None,
        };
        let answer = self.cache.get(&key(call, version), || {
            // How far one payment is can wait: lists say whose money it is, and have the same limit.
            let waits = matches!(call, wire::Call::ReadPayment(..)) && !self.gateway.has_to_spare(call.kind());
            let answer = match self.gateway.rate(call.kind()).filter(|_| waits) {
                Some(rate) => Answer::throttled(rate),
                None => self.gateway.ask(call, version, &[]),
            };
            let fresh = match order.filter(|_| answer.is_success()).map(|order| self.reading(order, &answer)) {
                _ if answer.status == 429 => Duration::ZERO,
                // Of no use to who asked: the next answer may be.
                Some(reading) if reading.is_none() || answer.body.len() > KIOSK_RX => Duration::ZERO,
                Some(Some(reading)) if reading.is_final => self.fresh_final,
                // Read because of a webhook: the device that waits asks for it in a moment, and another webhook has it forgotten.
                None if self.is_hinted(call) => self.fresh * 10,
                _ => self.fresh,
            };
            (answer, fresh)
        });
        match self.gateway.rate(call.kind()) {
            Some(rate) if answer.status != 429 => answer.with_rate(rate),
            _ => answer,
        }
    }

    /// A list of payments of an order that a webhook told of.
    fn is_hinted(&self, call: wire::Call<'_>) -> bool {
        let wire::Call::ListPayments(order) = call else { return false };
        self.found(order).is_some_and(|entry| entry.is_hinted())
    }

    /// The order as it was read last, if that is no longer ago than `age` and nobody has heard anything since.
    pub(crate) fn last(&self, order: &OrderId, version: ApiVersion, age: Duration) -> Option<Answer> {
        let answer = self.cache.last(&key(wire::Call::ReadOrder(order), version), age).filter(Answer::is_success)?;
        self.reading(order, &answer).map(|_| answer)
    }

    /// What an answer says of our order; `None` if it cannot be read or is about another.
    pub(crate) fn reading(&self, order: &OrderId, answer: &Answer) -> Option<Reading> {
        let entry = self.found(order)?;
        reading(&entry, entry.is_made(), order, answer)
    }

    pub(crate) fn entry(&self, order: &OrderId) -> Result<Option<Entry>, Answer> {
        Ok(self.known(order)?.map(|known| known.entry))
    }

    /// The same with the count of its events.
    pub(crate) fn known(&self, order: &OrderId) -> Result<Option<Known>, Answer> {
        self.store.known(order).map_err(|error| self.not_kept(&error))
    }

    /// Where no answer of the database and no order come to the same.
    fn found(&self, order: &OrderId) -> Option<Entry> {
        self.entry(order).ok().flatten()
    }

    /// Says what happened, and keeps it before anybody else decides.
    pub(crate) fn say(&self, order: &OrderId, event: &Event) -> Result<Effect, Answer> {
        let effect = self.store.on(order, event).map_err(|error| self.not_kept(&error))?;
        if matches!(effect, Some(Effect::News { .. })) {
            self.waiters.ring(order);
        }
        effect.ok_or_else(Answer::no_such_order)
    }

    /// The same of a device's word.
    fn say_or_conflict(&self, order: &OrderId, event: &Event) -> Result<(), Answer> {
        match self.say(order, event)? {
            Effect::ReadFirst => Err(Answer::not_seen_paid()),
            effect if effect.is_conflict() => Err(Answer::contradiction()),
            Effect::News { .. } | Effect::Pace { .. } => Ok(()),
        }
    }

    /// Nothing could be done for this order now; how often that was so in a row before.
    pub(crate) fn missed(&self, order: &OrderId) -> u32 {
        let mut misses = self.misses.lock().unwrap_or_else(PoisonError::into_inner);
        let count = misses.entry(order.clone()).or_default();
        *count += 1;
        *count - 1
    }

    /// Something could.
    pub(crate) fn met(&self, order: &OrderId) {
        self.misses.lock().unwrap_or_else(PoisonError::into_inner).remove(order);
    }

    /// Tells people what is new for them to do about an order.
    pub(crate) fn tell(&self, order: &OrderId) {
        let Some(entry) = self.found(order) else { return };
        for matter in entry.matters(self.terms, Millis(self.clock.moment().0)) {
            let (duty, text) = (matter.name(), matter.text());
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            if told.insert((order.clone(), matter)) {
                drop(told);
                self.notify(&Notice::Duty { order_id: order.to_string(), duty, text });
            }
        }
    }

    pub(crate) fn notify(&self, notice: &Notice) {
        (self.notice)(notice);
    }

    /// Forgets what was read of an order.
    pub(crate) fn forget(&self, order: &OrderId) {
        self.cache.forget(&beginning(order));
    }

    fn made(&self, order: &OrderId) -> Result<(), Answer> {
        self.say(order, &Event::Made { at: self.clock.moment() })?;
        self.agenda.changed();
        Ok(())
    }

    pub(crate) fn not_kept(&self, error: &std::io::Error) -> Answer {
        self.notify(&Notice::NotKept(error.to_string()));
        Answer::not_kept()
    }
}

/// See [`Desk::reading`]. Only an order that was made, and so is ours, need not carry the mark: no other gets its id.
fn reading(entry: &Entry, is_made: bool, order: &OrderId, answer: &Answer) -> Option<Reading> {
    #[derive(Deserialize)]
    struct Marked {
        order_note: Option<String>,
    }
    let marked: Marked = serde_json::from_slice(&answer.body).ok()?;
    let mut body = answer.body.clone();
    let read = decode::order(&mut body).ok()?;
    let ours = read.order_id == order.as_str()
        && read.amount.minor() == entry.amount()
        && read.currency == "INR"
        && marked.order_note.map_or(is_made, |note| note == mark(*entry.owner(), order));
    ours.then(|| Reading {
        is_final: read.status.is_final(),
        status: read.status.as_str().to_owned(),
        is_active: read.status == pay_core::model::OrderStatus::Active,
    })
}

/// What our orders carry as their note: made for this token by who knows its hash, so that an order of the same id by
/// another system of the merchant is never taken for ours.
fn mark(owner: Owner, order: &OrderId) -> String {
    let hash = Sha256::digest(format!("kiosk-order\0{owner}\0{order}"));
    format!("kiosk order {}", hex(&hash[..16]))
}

fn key(call: wire::Call<'_>, version: ApiVersion) -> String {
    format!("{call}/ {version}")
}

/// Every key in the cache of this order, and of no other.
fn beginning(order: &OrderId) -> String {
    format!("{}/", wire::Call::ReadOrder(order))
}

fn not_ours() -> Answer {
    Answer::nothing_known("the gateway's answer is about something else")
}
