//! What stands behind the server, as the rules need it. Blocking; one thread for each request.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use pay_core::model::{ApiVersion, CallKind, OrderId, PaymentSessionId, RequestId, UnixSeconds};
use pay_core::sale::Millis;
use pay_core::wire::{self, webhook::Keys};

use crate::agenda::Agenda;
use crate::answer::{Answer, Rate};
use crate::book::{Effect, Entry, Event, Matter, Moment, Owner, Terms};
use crate::cache::Cache;
use crate::call::{Incoming, Prices};
use crate::clock::Clock;
use crate::config::{Config, StartError};
use crate::gateway::{Gateway, Permit};
use crate::metrics::Metrics;
use crate::missed::Missed;
use crate::notice::Notice;
use crate::pace::Paces;
use crate::rules::{self, Forward, Ground, OrderSeen, Way};
use crate::seen::Seen;
use crate::sessions::Sessions;
use crate::store::{Known, Role, Store};
use crate::token::presented;
use crate::wait::Waiters;

/// Longest answer that the kiosk of this workspace takes.
const KIOSK_RX: usize = 12 * 1024;

/// Everything behind the server.
pub(crate) struct Desk {
    pub(crate) gateway: Gateway,
    pub(crate) agenda: Agenda,
    pub(crate) metrics: Arc<Metrics>,
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
    pub(crate) seen: Seen,
    paces: Paces,
    per_token: u32,
    sessions: Sessions,
    cache: Cache<Answer>,
    pub(crate) prices: Prices,
    pub(crate) waiters: Waiters,
    pub(crate) missed: Missed,
    pub(crate) webhooks: Option<Keys>,
    fresh: Duration,
    fresh_final: Duration,
    notice: Arc<dyn Fn(&Notice) + Send + Sync>,
}

impl Desk {
    pub(crate) fn new(config: &Config) -> Result<Self, StartError> {
        let clock = Clock::system();
        let gateway = Gateway::new(
            config.gateway.clone(),
            config.transport.clone(),
            &config.outgoing,
            config.limits,
            clock.clone(),
        )?;
        Self::with(config, gateway, clock)
    }

    /// With this gateway and this time.
    pub(crate) fn with(config: &Config, gateway: Gateway, clock: Clock) -> Result<Self, StartError> {
        let terms = config.terms();
        let mut power_on = [0; 8];
        getrandom::fill(&mut power_on).map_err(|_| std::io::Error::other("no random bytes"))?;
        Ok(Self {
            metrics: Arc::clone(&gateway.metrics),
            gateway,
            agenda: Agenda::default(),
            terms,
            power_on: u64::from_ne_bytes(power_on),
            told: Mutex::default(),
            misses: Mutex::default(),
            store: Store::open(&config.database, Role::Server, terms)?,
            seen: Seen::default(),
            paces: Paces::new(config.per_token),
            per_token: config.per_token,
            sessions: Sessions::default(),
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

    /// Whether somebody with this `authorization` may call at all.
    pub(crate) fn knows(&self, authorization: Option<Vec<u8>>) -> Result<(), Answer> {
        let request = Incoming { authorization, ..Incoming::default() };
        let owner = request.token().and_then(presented).ok_or_else(Answer::unauthenticated)?;
        match self.store.way(owner) {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(Answer::unauthenticated()),
            Err(error) => Err(self.not_kept(&error).unsent()),
        }
    }

    /// Answers a device.
    pub(crate) fn handle(&self, request: &Incoming) -> Answer {
        let Some(owner) = request.token().and_then(presented) else { return Answer::unauthenticated() };
        let way = self.store.way(owner);
        if matches!(way, Ok(Some(_))) {
            self.seen.note(owner, self.clock.moment());
            if let Err(wait) = self.paces.take(owner, self.clock.now()) {
                let retry_s = wait.as_secs() + 1;
                return Answer::throttled(Rate { limit: self.per_token.saturating_mul(60), remaining: 0, retry_s });
            }
        }
        match way {
            Ok(Some(way)) => rules::serve(self, owner, way, &self.prices, request),
            Ok(None) => Answer::unauthenticated(),
            Err(error) => self.not_kept(&error).unsent(),
        }
    }

    /// An answer about an order that is there already, for whoever asks.
    pub(crate) fn hide_from(&self, request: &Incoming, answer: Answer) -> Answer {
        let Some(owner) = request.token().and_then(presented) else { return Answer::unauthenticated() };
        match self.store.way(owner) {
            Ok(Some(Way::Direct)) => answer,
            Ok(Some(Way::Relayed)) => rules::hide(self, owner, answer),
            Ok(None) => Answer::unauthenticated(),
            Err(error) => self.not_kept(&error),
        }
    }

    /// The order as it was read last, if that is no longer ago than `age` and nobody has heard anything since.
    pub(crate) fn last(&self, order: &OrderId, version: ApiVersion, age: Duration) -> Option<Answer> {
        let answer = self
            .cache
            .last(order.as_str(), &key(wire::Call::ReadOrder(order), version), age)
            .filter(Answer::is_success)?;
        self.reading(order, &answer).map(|_| answer)
    }

    /// What an answer says of our order; `None` if it cannot be read or is about another.
    pub(crate) fn reading(&self, order: &OrderId, answer: &Answer) -> Option<OrderSeen> {
        rules::seen(self, order, answer)
    }

    /// A reading shows that an order is paid. Where no webhook has told of it, more of them may be lost.
    fn note_paid(&self, order: &OrderId) {
        let is_told = |entry: Entry| entry.is_hinted() || entry.has_ended();
        if self.webhooks.is_some() && !self.entry(order).ok().flatten().is_none_or(is_told) {
            self.missed.untold(order, self.clock.now());
        }
    }

    /// A list of payments of an order that a webhook told of.
    fn is_hinted(&self, call: wire::Call<'_>) -> bool {
        let wire::Call::ListPayments(order) = call else { return false };
        self.entry(order).is_ok_and(|entry| entry.is_some_and(|entry| entry.is_hinted()))
    }

    /// What is known of an order, and the count of its events.
    pub(crate) fn known(&self, order: &OrderId) -> Result<Option<Known>, Answer> {
        self.store.known(order).map_err(|error| self.not_kept(&error))
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

    pub(crate) fn not_kept(&self, error: &std::io::Error) -> Answer {
        self.notify(&Notice::NotKept(error.to_string()));
        Answer::not_kept()
    }
}

impl Ground for Desk {
    type Permit = Permit;

    fn now(&self) -> Moment {
        self.clock.moment()
    }

    fn power_on(&self) -> u64 {
        self.power_on
    }

    fn ends(&self) -> UnixSeconds {
        UnixSeconds(self.clock.unix_seconds() + self.order_life.as_secs())
    }

    fn epoch(&self, owner: Owner) -> Result<u64, Answer> {
        self.store.epoch(owner).map_err(|error| self.not_kept(&error))
    }

    fn recover(&self, owner: Owner) -> Result<(u64, Vec<OrderId>), Answer> {
        let epoch = self.store.raise_epoch(owner).map_err(|error| self.not_kept(&error))?;
        Ok((epoch, self.store.open_orders(owner).map_err(|error| self.not_kept(&error))?))
    }

    fn entry(&self, order: &OrderId) -> Result<Option<Entry>, Answer> {
        Ok(self.known(order)?.map(|known| known.entry))
    }

    fn want(&self, order: &OrderId, owner: Owner, amount: u64) -> Result<Entry, Answer> {
        let wanted = self.store.want(order, owner, amount, self.clock.moment());
        // Of one that is forgotten nobody knows any more whether its goods are out and its money went back.
        wanted.map_err(|error| self.not_kept(&error))?.ok_or_else(Answer::order_exists)
    }

    fn find(&self, order: &OrderId, owner: Owner, amount: u64) -> Result<(Entry, bool), Answer> {
        let found = self.store.find(order, owner, amount, self.clock.moment());
        found.map_err(|error| self.not_kept(&error))?.ok_or_else(Answer::order_exists)
    }

    fn say(&self, order: &OrderId, event: &Event) -> Result<Option<Effect>, Answer> {
        let effect = self.store.on(order, event).map_err(|error| self.not_kept(&error))?;
        if matches!(effect, Some(Effect::News { .. })) {
            self.waiters.ring(order);
        }
        Ok(effect)
    }

    fn permit(&self, call: CallKind) -> Result<Permit, Answer> {
        self.gateway.reserve(call)
    }

    fn has_to_spare(&self, call: CallKind) -> bool {
        self.gateway.has_to_spare(call)
    }

    fn call(&self, permit: Permit, call: wire::Call<'_>, version: ApiVersion, body: &[u8]) -> Answer {
        self.gateway.call(permit, call, version, body)
    }

    /// One call for all who ask at a time, and only if the last answer is stale.
    fn read(&self, call: wire::Call<'_>, version: ApiVersion) -> Answer {
        let order = match call {
            wire::Call::ReadOrder(order) => Some(order),
            _ => None,
        };
        let answer = self.cache.get(subject(call), &key(call, version), || {
            // How far one payment is can wait: lists say whose money it is, and have the same limit.
            let waits = matches!(call, wire::Call::ReadPayment(..)) && !self.gateway.has_to_spare(call.kind());
            let answer = match self.gateway.rate(call.kind()).filter(|_| waits) {
                Some(rate) => Answer::throttled(rate),
                None => self.ask(call, version, &[]),
            };
            let seen = order.filter(|_| answer.is_success()).map(|order| self.reading(order, &answer));
            if let (Some(order), Some(Some(OrderSeen { is_paid: true, .. }))) = (order, &seen) {
                self.note_paid(order);
            }
            let fresh = match seen {
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

    fn keep_forward(&self, forward: &Forward<'_>) -> Result<PaymentSessionId, Answer> {
        self.store.keep_forward(forward, self.clock.moment()).map_err(|error| self.not_kept(&error))
    }

    fn forward(&self, permit: Permit, request: wire::Request<'_>) -> Answer {
        self.gateway.forward(permit, request)
    }

    fn request_id(&self) -> Result<RequestId, Answer> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|_| Answer::not_now())?;
        Ok(RequestId::from_random(random))
    }

    fn session(&self, order: &OrderId) -> Option<PaymentSessionId> {
        self.sessions.of(order)
    }

    fn keep_session(&self, order: &OrderId, session: &PaymentSessionId) {
        self.sessions.keep(order, session);
    }

    fn forget_session(&self, order: &OrderId) {
        self.sessions.forget(order);
    }

    /// Forgets what was read of it.
    fn forget(&self, order: &OrderId) {
        self.cache.forget(order.as_str());
    }

    fn shown(&self, order: &OrderId, version: ApiVersion, answer: &Answer) {
        self.cache.put(order.as_str(), &key(wire::Call::ReadOrder(order), version), answer.clone(), Duration::ZERO);
    }

    fn planned(&self) {
        self.agenda.changed();
    }

    /// Tells people what is new for them to do about an order.
    fn tell(&self, order: &OrderId) {
        let Ok(Some(entry)) = self.entry(order) else { return };
        for matter in entry.matters(self.terms, Millis(self.clock.moment().0)) {
            let (duty, text) = (matter.name(), matter.text());
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            if told.insert((order.clone(), matter)) {
                drop(told);
                self.notify(&Notice::Duty { order_id: order.to_string(), duty, text });
            }
        }
    }

    fn notify(&self, notice: &Notice) {
        self.metrics.noticed(notice);
        (self.notice)(notice);
    }
}

fn key(call: wire::Call<'_>, version: ApiVersion) -> String {
    format!("{call}/ {version}")
}

/// The order that a reading is about.
fn subject(call: wire::Call<'_>) -> &str {
    match call {
        wire::Call::ReadOrder(order)
        | wire::Call::ListPayments(order)
        | wire::Call::ReadPayment(order, _)
        | wire::Call::ListRefunds(order)
        | wire::Call::ReadRefund(order, _) => order.as_str(),
        _ => "",
    }
}
