//! What the server runs the rules on: store, gateway, clock and notices. Blocking; each request has a thread.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use pay_core::model::OrderId;
use pay_core::sale::Millis;
use pay_core::wire::Endpoint;

use crate::account::{Account, MERCHANT};
use crate::agenda::Agenda;
use crate::answer::{Answer, Rate};
use crate::book::{Entry, Matter, Owner, Terms};
use crate::call::{Incoming, Prices};
use crate::clock::Clock;
use crate::config::{AccountConfig, Config, StartError};
use crate::counter::Counter;
use crate::gateway::Gateway;
use crate::metrics::Metrics;
use crate::notice::Notice;
use crate::pace::Paces;
use crate::rules::{self, Way};
use crate::seen::Seen;
use crate::store::{Known, Role, Store};
use crate::token::presented;

/// What all requests share.
pub(crate) struct Desk {
    /// By name: the main account and the others.
    accounts: BTreeMap<Arc<str>, Account>,
    pub(crate) agenda: Agenda,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) terms: Terms,
    pub(crate) clock: Clock,
    /// Differs at each start of the backend.
    pub(crate) power_on: u64,
    pub(crate) order_life: Duration,
    /// Failed visits in a row, by order.
    misses: Mutex<BTreeMap<OrderId, u32>>,
    /// Matters that people were already told about.
    told: Mutex<BTreeSet<(OrderId, Matter)>>,
    pub(crate) store: Store,
    pub(crate) seen: Seen,
    paces: Paces,
    per_token: u32,
    pub(crate) prices: Prices,
    pub(crate) fresh: Duration,
    pub(crate) fresh_final: Duration,
    notice: Arc<dyn Fn(&Notice) + Send + Sync>,
}

impl Desk {
    pub(crate) fn new(config: &Config) -> Result<Self, StartError> {
        config.check_accounts()?;
        let clock = Clock::system();
        let gateway = |endpoint: &Endpoint, limits| {
            Gateway::new(endpoint.clone(), config.transport.clone(), &config.outgoing, limits, clock.clone())
        };
        let first = gateway(&config.gateway, config.limits)?;
        let mut others = Vec::new();
        for AccountConfig { name, gateway: endpoint, webhooks, limits } in &config.accounts {
            let gateway = gateway(endpoint, *limits)?.beside(&first, name);
            others.push(Account::new(name, gateway, webhooks.clone(), clock.clone()));
        }
        let mut desk = Self::with(config, first, clock)?;
        others.into_iter().for_each(|account| desk.add(account));
        Ok(desk)
    }

    /// Adds an account, before the desk serves anybody.
    pub(crate) fn add(&mut self, account: Account) {
        self.accounts.insert(Arc::clone(&account.name), account);
    }

    /// Makes a desk with one account, this gateway and this clock.
    pub(crate) fn with(config: &Config, gateway: Gateway, clock: Clock) -> Result<Self, StartError> {
        let terms = config.terms();
        let mut power_on = [0; 8];
        getrandom::fill(&mut power_on).map_err(|_| std::io::Error::other("no random bytes"))?;
        let metrics = Arc::clone(&gateway.metrics);
        let account = Account::new(MERCHANT, gateway, config.webhooks.clone(), clock.clone());
        Ok(Self {
            metrics,
            accounts: BTreeMap::from([(Arc::clone(&account.name), account)]),
            agenda: Agenda::default(),
            terms,
            power_on: u64::from_ne_bytes(power_on),
            told: Mutex::default(),
            misses: Mutex::default(),
            store: Store::open(&config.database, Role::Server, terms)?,
            seen: Seen::default(),
            paces: Paces::new(config.per_token),
            per_token: config.per_token,
            clock,
            prices: config.prices.clone(),
            order_life: config.order_life,
            fresh: config.fresh,
            fresh_final: config.fresh_final,
            notice: Arc::clone(&config.notice),
        })
    }

    /// The counter for an account; `None`: this backend has no keys of it.
    pub(crate) fn at(&self, account: &str) -> Option<Counter<'_>> {
        self.accounts.get(account).map(|account| Counter { desk: self, account })
    }

    /// The counter for the account that a device sells for, also if its token is revoked.
    ///
    /// # Errors
    /// The database gives no answer, or this backend has no keys of that account.
    pub(crate) fn at_owner(&self, owner: Owner) -> Result<Counter<'_>, Answer> {
        let account = self.store.account(owner).map_err(|error| self.not_kept(&error))?;
        self.at(&account).ok_or_else(|| self.not_served(&account))
    }

    /// Every account that this backend has keys of.
    pub(crate) fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// The device with this token, and the counter for its account.
    ///
    /// # Errors
    /// The answer to a caller without a valid token.
    pub(crate) fn device(&self, request: &Incoming) -> Result<(Owner, Way, Counter<'_>), Answer> {
        let owner = request.token().and_then(presented).ok_or_else(Answer::unauthenticated)?;
        let device = self.store.device(owner).map_err(|error| self.not_kept(&error).unsent())?;
        let device = device.ok_or_else(Answer::unauthenticated)?;
        let counter = self.at(&device.account).ok_or_else(|| self.not_served(&device.account))?;
        Ok((owner, device.way, counter))
    }

    /// Whether this `authorization` names a valid token.
    pub(crate) fn knows(&self, authorization: Option<Vec<u8>>) -> Result<(), Answer> {
        self.device(&Incoming { authorization, ..Incoming::default() }).map(|_| ())
    }

    /// Answers a device.
    pub(crate) fn handle(&self, request: &Incoming) -> Answer {
        let (owner, way, counter) = match self.device(request) {
            Ok(device) => device,
            Err(answer) => return answer,
        };
        self.seen.note(owner, self.clock.moment());
        if let Err(wait) = self.paces.take(owner, self.clock.now()) {
            let retry_s = wait.as_secs() + 1;
            return Answer::throttled(Rate { limit: self.per_token.saturating_mul(60), remaining: 0, retry_s });
        }
        rules::serve(&counter, owner, way, &self.prices, request)
    }

    /// What the book knows of an order, and the number of its events.
    pub(crate) fn known(&self, order: &OrderId) -> Result<Option<Known>, Answer> {
        self.store.known(order).map_err(|error| self.not_kept(&error))
    }

    /// Counts a failed visit to this order. Returns how many failed in a row before.
    pub(crate) fn missed(&self, order: &OrderId) -> u32 {
        let mut misses = self.misses.lock().unwrap_or_else(PoisonError::into_inner);
        let count = misses.entry(order.clone()).or_default();
        *count += 1;
        *count - 1
    }

    /// A visit succeeded: the count of failures begins anew.
    pub(crate) fn met(&self, order: &OrderId) {
        self.misses.lock().unwrap_or_else(PoisonError::into_inner).remove(order);
    }

    /// What the book knows of an order.
    pub(crate) fn entry(&self, order: &OrderId) -> Result<Option<Entry>, Answer> {
        Ok(self.known(order)?.map(|known| known.entry))
    }

    /// Notifies people of new matters of this order, each once.
    pub(crate) fn tell(&self, order: &OrderId) {
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

    pub(crate) fn notify(&self, notice: &Notice) {
        self.metrics.noticed(notice);
        (self.notice)(notice);
    }

    /// Nothing was sent to the gateway.
    fn not_served(&self, account: &str) -> Answer {
        self.notify(&Notice::NotServed { account: account.to_owned() });
        Answer::not_now()
    }

    pub(crate) fn not_kept(&self, error: &std::io::Error) -> Answer {
        self.notify(&Notice::NotKept(error.to_string()));
        Answer::not_kept()
    }
}
