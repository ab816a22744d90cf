//! The outside: the time, and the gateway of each account.

use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use pay_core::model::CallKind;
use pay_core::wire::webhook::{Key, Keys};
use pay_core::wire::{Auth, Endpoint, Request, ResponseHead};
use sandbox::{ApiVersion, Hook, HookFamily, PaymentStatus};

use super::plan::{MINUTE, Plan};
use crate::account::{Account, MERCHANT};
use crate::budget::Limits;
use crate::clock::Clock;
use crate::desk::Desk;
use crate::gateway::{Gateway, Line};
use crate::simulation::fill;

/// 2027-01-15: where the virtual time begins, in milliseconds.
pub(super) const START: u64 = 1_800_000_000_000;
const URL: &str = "https://127.0.0.1:1/pg";
const SECRET: &str = "secret";

pub(super) struct World {
    pub(super) now: Arc<AtomicU64>,
    limits: (Limits, sandbox::Limits),
    addresses: usize,
    gateways: Vec<Mutex<sandbox::Gateway>>,
    /// Order Pay of the last minute, of each outgoing address.
    pays: Mutex<Vec<VecDeque<u64>>>,
    /// Order Pay beyond an address's limit.
    beyond: AtomicU64,
}

impl World {
    pub(super) fn new(plan: &Plan) -> Arc<Self> {
        // Counted by address: that is done here.
        let limits = sandbox::Limits { order_pay: usize::MAX, ..plan.limits.1 };
        let rules = sandbox::Rules { limits, ..sandbox::Rules::default() };
        let gateways = (0..plan.accounts).map(|n| {
            let mut gateway = sandbox::Gateway::new(rules.clone(), URL, "client", SECRET, plan.seed + n as u64);
            gateway.set_hook(Some(Hook { version: ApiVersion::V2025_01_01, family: HookFamily::Webhook }));
            Mutex::new(gateway)
        });
        Arc::new(Self {
            now: Arc::new(AtomicU64::new(START)),
            limits: plan.limits,
            addresses: plan.addresses,
            gateways: gateways.collect(),
            pays: Mutex::new(vec![VecDeque::new(); plan.addresses]),
            beyond: AtomicU64::new(0),
        })
    }

    pub(super) fn time(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    /// The backend's account of this number, over the outgoing addresses that all share.
    pub(super) fn account(self: &Arc<Self>, number: usize, first: &Gateway) -> Account {
        let name = name(number);
        let gateway = self.gateway(number).beside(first, &name);
        Account::new(&name, gateway, Some(keys()), self.clock())
    }

    pub(super) fn gateway(self: &Arc<Self>, number: usize) -> Gateway {
        let world = Arc::clone(self);
        let open = move |address| {
            let world = Arc::clone(&world);
            let line: Line = Box::new(move |request, rx| Some(world.answer(number, address, request, rx)));
            Some(line)
        };
        Gateway::with(Box::new(open), self.addresses, self.limits.0, self.clock())
    }

    pub(super) fn clock(&self) -> Clock {
        Clock::Virtual(Arc::clone(&self.now))
    }

    fn answer(&self, number: usize, address: usize, request: &Request<'_>, rx: &mut [u8]) -> ResponseHead {
        let call = &request.call;
        let mut plain = sandbox::Request::new(call.method().as_str(), &format!("/pg{call}"));
        plain.headers.extend(request.headers(&auth()).map(|(name, value)| (name.to_owned(), value.to_owned())));
        plain.body = request.body.expose().to_vec();
        let now = self.time();
        if call.kind() == CallKind::OrderPay && !self.may_pay(address, now) {
            self.beyond.fetch_add(1, Ordering::Relaxed);
            return ResponseHead::new(429);
        }
        let answer = self.gateways[number].lock().unwrap().handle(&plain, now);
        let mut head = ResponseHead::new(answer.status);
        for (name, value) in &answer.headers {
            // The limit of Order Pay is not the account's.
            if call.kind() != CallKind::OrderPay || !name.starts_with("x-ratelimit") {
                head.note_header(name, value);
            }
        }
        fill(&mut head, &answer.body, rx);
        head
    }

    /// The sandbox's rule, for each address: so many calls in any minute.
    fn may_pay(&self, address: usize, now: u64) -> bool {
        let mut pays = self.pays.lock().unwrap();
        let calls = &mut pays[address];
        while calls.front().is_some_and(|at| now - at >= MINUTE) {
            calls.pop_front();
        }
        let may = calls.len() < self.limits.1.order_pay;
        calls.extend(may.then_some(now));
        may
    }

    /// A shopper pays.
    pub(super) fn pay(&self, number: usize, payment: u64) {
        let mut gateway = self.gateways[number].lock().unwrap();
        assert!(gateway.set_payment(payment, PaymentStatus::Success, self.time()), "the attempt is there");
    }

    /// Brings an account's webhooks.
    pub(super) fn tell(&self, number: usize, desk: &Desk) {
        let webhooks = self.gateways[number].lock().unwrap().webhooks(self.time());
        for webhook in webhooks {
            let headers: Vec<_> =
                webhook.headers.iter().map(|(name, value)| (name.clone(), value.clone().into_bytes())).collect();
            assert_eq!(desk.hook(&name(number), &headers, webhook.body).status, 200);
            self.gateways[number].lock().unwrap().webhook_taken(webhook.number);
        }
    }

    /// Answers 429 of the gateway.
    pub(super) fn throttled(&self) -> u64 {
        let of_accounts = self.gateways.iter().map(|gateway| gateway.lock().unwrap().tally().throttled);
        of_accounts.sum::<u64>() + self.beyond.load(Ordering::Relaxed)
    }

    /// Readings of orders and lists.
    pub(super) fn readings(&self) -> u64 {
        self.gateways.iter().map(|gateway| gateway.lock().unwrap().tally().readings).sum()
    }
}

fn auth() -> Auth {
    Auth::merchant("client", SECRET).unwrap()
}

pub(super) fn endpoint() -> Endpoint {
    Endpoint::parse(URL, auth()).unwrap()
}

pub(super) fn keys() -> Keys {
    Keys::new(Key::parse(SECRET).unwrap())
}

/// What the backend calls the account of this number.
pub(super) fn name(number: usize) -> String {
    if number == 0 { MERCHANT.to_owned() } else { format!("account-{number}") }
}
