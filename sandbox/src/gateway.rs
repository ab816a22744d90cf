//! The gateway's state, and the one function that answers a request.

use crate::{
    dice::Dice,
    error::Refusal,
    faults::{Fault, Faults},
    http::{Request, Response},
    idempotency::{Seen, Store},
    json::{self, Object},
    order::{Order, OrderStatus},
    payment::{Payment, PaymentStatus},
    rate::{Allowance, Bucket, Windows},
    refund::{Refund, RefundStatus},
    route::Route,
    rules::{Rules, SessionKeys, Unfinished},
    scenario::{Act, Play},
    time::{self, UnixMillis},
    version::ApiVersion,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The gateway. [`Gateway::handle`] is a pure function of this state, the request and the time; a clone is a second world.
#[derive(Clone)]
pub struct Gateway {
    pub(crate) rules: Rules,
    pub(crate) base: String,
    client_id: String,
    client_secret: String,
    pub(crate) dice: Dice,
    pub(crate) orders: BTreeMap<String, Order>,
    pub(crate) sessions: BTreeMap<String, String>,
    pub(crate) payments: Vec<Payment>,
    pub(crate) last_payment: u64,
    pub(crate) refunds: Vec<Refund>,
    pub(crate) simulations: BTreeMap<String, Value>,
    agenda: BTreeSet<(UnixMillis, Event)>,
    store: Store,
    windows: Windows,
    faults: Faults,
    /// Scenarios under way, by order.
    pub(crate) plays: BTreeMap<String, Play>,
    /// Milliseconds by which a scenario has set the clock ahead.
    ahead: UnixMillis,
}

/// Something that happens by itself. At one and the same time results come first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Event {
    /// The attempt at this place in the books ends.
    Result(usize),
    /// The order of this id expires or is terminated.
    Close(String),
    /// The refund at this place is done.
    Refund(usize),
    /// The shopper of a scenario takes this step on the attempt at this place.
    Step(usize, usize),
}

/// A request whose headers were checked.
pub(crate) struct Call<'a> {
    pub(crate) version: ApiVersion,
    pub(crate) now: UnixMillis,
    request: &'a Request,
}

impl Call<'_> {
    /// The body, which must be a JSON object.
    pub(crate) fn object(&self) -> Result<Object, Refusal> {
        let kind = self.request.header("content-type").unwrap_or_default();
        if !kind.to_ascii_lowercase().starts_with("application/json") {
            return Err(Refusal::invalid("request_failed", "content-type must be application/json"));
        }
        json::read_object(&self.request.body)
            .ok_or_else(|| Refusal::invalid("request_failed", "the body is not a JSON object"))
    }
}

/// An answer before its headers are put on.
struct Answer {
    status: u16,
    body: Vec<u8>,
    replayed: bool,
}

impl Gateway {
    /// A gateway with empty books. `base` is its own address (`https://127.0.0.1:PORT/pg`), which its answers carry;
    /// merchant calls need `client_id` and `client_secret`; equal seeds give equal ids.
    #[must_use]
    pub fn new(rules: Rules, base: &str, client_id: &str, client_secret: &str, seed: u64) -> Self {
        Self {
            rules,
            base: base.to_owned(),
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            dice: Dice::new(seed),
            orders: BTreeMap::new(),
            sessions: BTreeMap::new(),
            payments: Vec::new(),
            // Nineteen digits, as seen in 2026: more than a double can hold.
            last_payment: 1_457_655_315_005_187_584,
            refunds: Vec::new(),
            simulations: BTreeMap::new(),
            agenda: BTreeSet::new(),
            store: Store::default(),
            windows: Windows::default(),
            faults: Faults::default(),
            plays: BTreeMap::new(),
            ahead: 0,
        }
    }

    /// Answers a request at this time. `now` must not run backwards. Every answer has a `date` by the sandbox's clock, whoever it is
    /// meant to come from: every HTTP server with a clock sends one (RFC 9110 section 6.6.1).
    pub fn handle(&mut self, request: &Request, now: UnixMillis) -> Response {
        let mut response = self.answer(request, now);
        if response.header("date").is_none() {
            response.set_header("date", &time::to_imf_fixdate(now + self.ahead));
        }
        response
    }

    fn answer(&mut self, request: &Request, now: UnixMillis) -> Response {
        let route = Route::of(request);
        self.run_to(now + self.ahead);
        let (play, act) = match self.next_act(request, route.as_ref()) {
            Ok(Some((play, act))) => (Some(play), act),
            Ok(None) => (None, None),
            Err(refusal) => return self.refuse_scenario(request, &refusal, now),
        };
        if let Some(Act::Jump { ms }) = act {
            self.ahead += ms;
        }
        let now = now + self.ahead;
        self.run_to(now);
        match act {
            Some(Act::Answer { status, body, headers }) => {
                let mut response = bare(status, body.into());
                headers.iter().for_each(|(name, value)| response.set_header(name, value));
                return response;
            }
            Some(Act::Wire { fault, executed: false }) => return Response::lost(fault),
            _ => {}
        }
        let fault = match act {
            Some(Act::Fail { executed }) => Some(Fault::InternalError { executed }),
            Some(Act::Replace { status, body }) => Some(Fault::Replace { status, body: body.into() }),
            _ => self.faults.take(request),
        };
        if let Some(Fault::Answer { status, body }) = fault {
            return bare(status, body);
        }
        if let Some(play) = &play {
            self.before_call(play, act.as_ref(), request, route.as_ref(), now);
        }
        let response = self.by_the_rules(request, route.as_ref(), fault, act, now);
        match play {
            Some(play) => self.after_call(&play, act, route.as_ref(), response, now),
            None => response,
        }
    }

    /// The rules: what stands before the store, the store, the call itself.
    fn by_the_rules(
        &mut self,
        request: &Request,
        route: Option<&Route<'_>>,
        fault: Option<Fault>,
        act: Option<Act>,
        now: UnixMillis,
    ) -> Response {
        let merchant = self.is_merchant(request);
        let bucket = route.map_or(Bucket::Other, Route::bucket);
        let mut allowance = self.windows.count(bucket, &self.rules.limits, now);
        let version = request.header("x-api-version").and_then(ApiVersion::parse);
        let otp = matches!(route, Some(Route::Authenticate(_)));
        let scripted = act.and_then(Act::refusal);
        if let Some(Act::Throttle { retry_s, .. }) = act {
            allowance = Allowance { remaining: 0, retry: retry_s, ..allowance };
        }

        let gate = self.gate(request, route, version, merchant, allowance.retry > 0 && scripted.is_none());
        let counts = merchant || self.session_keys(request, route) == SessionKeys::Honoured;
        let key = request.header("x-idempotency-key").filter(|_| request.method == "POST" && counts);
        let scope = key
            .filter(|_| gate.is_ok() || self.rules.store_throttles)
            .map(|key| format!("{merchant} {} {key}", request.path));
        let seen = scope.as_ref().map_or(Seen::New, |scope| self.store.look_up(scope, &request.body, now));
        let mut answer = match (&scripted, seen) {
            (Some(scripted), _) if !scripted.executed && !scripted.stored => refuse(&scripted.refusal, version, otp),
            (_, Seen::Same { status, body }) => Answer { status, body, replayed: true },
            (_, Seen::Other) => refuse(&Refusal::other_body(), version, otp),
            (_, Seen::New) => {
                let result = gate.and_then(|version| {
                    let call = Call { version, now, request };
                    match &scripted {
                        Some(scripted) if scripted.executed => {
                            let result = self.execute(&call, route, fault.as_ref());
                            if scripted.stored { Err(scripted.refusal.clone()) } else { result }
                        }
                        Some(scripted) => Err(scripted.refusal.clone()),
                        None => self.execute(&call, route, fault.as_ref()),
                    }
                });
                let answer = match result {
                    Ok(body) => Answer { status: 200, body: json::write(&body), replayed: false },
                    Err(refusal) => refuse(&refusal, version, otp),
                };
                if let Some(scope) = scope {
                    self.store.keep(scope, &request.body, answer.status, &answer.body, now);
                }
                answer
            }
        };
        if let Some(Fault::Replace { status, body }) = fault {
            return bare(status, body);
        }
        if let Some(scripted) = scripted.filter(|scripted| scripted.executed && !scripted.stored) {
            answer = refuse(&scripted.refusal, version, otp);
        }
        self.respond(request, answer, allowance, merchant)
    }

    /// What keys count for without credentials: as the rules say, unless the order's scenario says otherwise.
    fn session_keys(&self, request: &Request, route: Option<&Route<'_>>) -> SessionKeys {
        match self.order_of(request, route) {
            Some(order) => self.terms_of(&order).session_keys,
            None => self.rules.session_keys,
        }
    }

    /// The rules for this order: as its scenario has them, if it plays one.
    pub(crate) fn terms_of(&self, order: &str) -> Rules {
        let mut rules = self.rules.clone();
        if let Some(play) = self.plays.get(order) {
            play.scenario.change(&mut rules);
        }
        rules
    }

    fn refuse_scenario(&mut self, request: &Request, refusal: &Refusal, now: UnixMillis) -> Response {
        let version = request.header("x-api-version").and_then(ApiVersion::parse);
        let allowance = self.windows.count(Bucket::Other, &self.rules.limits, now);
        self.respond(request, refuse(refusal, version, false), allowance, false)
    }

    /// Lets everything happen that is due by now, oldest first: results, terminations, expiries, refunds.
    pub fn advance(&mut self, now: UnixMillis) {
        self.run_to(now + self.ahead);
    }

    /// The same, by the clock that scenarios set ahead.
    pub(crate) fn run_to(&mut self, now: UnixMillis) {
        while let Some((at, event)) = self.agenda.pop_first() {
            if at > now {
                self.agenda.insert((at, event));
                return;
            }
            // What was planned may have been overtaken: only what still stands so happens.
            match event {
                Event::Result(place) => match self.payments[place].due {
                    Some((due, outcome)) if due == at => self.finish(place, &outcome, at),
                    _ => {}
                },
                Event::Close(id) => {
                    if self.orders.get(&id).and_then(Order::closes) == Some(at) {
                        self.close(&id, at);
                    }
                }
                Event::Refund(place) => {
                    let refund = &mut self.refunds[place];
                    if refund.status == RefundStatus::Pending {
                        refund.status = RefundStatus::Success;
                    }
                }
                Event::Step(place, step) => self.act_on(place, step, at),
            }
        }
    }

    /// Notes what will happen at a time.
    pub(crate) fn plan(&mut self, at: UnixMillis, event: Event) {
        self.agenda.insert((at, event));
    }

    /// Puts a fault in the way of the next `times` requests to `path`: method and path below `/pg`
    /// (`POST /orders/sessions`), or the beginning of one and `*`.
    pub fn inject(&mut self, path: &str, times: usize, fault: Fault) {
        self.faults.add(path, times, fault);
    }

    /// The rules, to read or change while running.
    pub fn rules_mut(&mut self) -> &mut Rules {
        &mut self.rules
    }

    /// All orders, by id.
    pub fn orders(&self) -> impl Iterator<Item = &Order> {
        self.orders.values()
    }

    /// All attempts, oldest first.
    #[must_use]
    pub fn payments(&self) -> &[Payment] {
        &self.payments
    }

    /// All refunds, oldest first.
    #[must_use]
    pub fn refunds(&self) -> &[Refund] {
        &self.refunds
    }

    /// Attempts on this order by which money was taken and is held: 2 is a double charge.
    pub fn charges<'a>(&'a self, order_id: &'a str) -> impl Iterator<Item = &'a Payment> {
        self.payments.iter().filter(move |payment| payment.order_id == order_id && payment.is_charge())
    }

    /// What stands before the store: the version, the rate limit, the credentials.
    fn gate(
        &self,
        request: &Request,
        route: Option<&Route<'_>>,
        version: Option<ApiVersion>,
        merchant: bool,
        throttled: bool,
    ) -> Result<ApiVersion, Refusal> {
        let Some(version) = version else {
            return Err(match request.header("x-api-version") {
                None => Refusal::invalid("request_failed", "version is missing in header"),
                Some(_) => Refusal::invalid(
                    "request_failed",
                    "version is not one of 2022-09-01, 2023-08-01, 2025-01-01, 2026-01-01",
                ),
            });
        };
        if throttled {
            return Err(Refusal::throttled());
        }
        let open = matches!(route, Some(Route::OrderPay | Route::Authenticate(_)) | None);
        if open || merchant { Ok(version) } else { Err(Refusal::unauthenticated()) }
    }

    /// Makes an order as if another had asked for it before.
    pub(crate) fn create_from(&mut self, request: &Request, now: UnixMillis) -> Result<Value, Refusal> {
        let version = request.header("x-api-version").and_then(ApiVersion::parse).unwrap_or(ApiVersion::LAST);
        self.create_order(&Call { version, now, request })
    }

    fn execute(&mut self, call: &Call<'_>, route: Option<&Route<'_>>, fault: Option<&Fault>) -> Result<Value, Refusal> {
        if fault == Some(&(Fault::InternalError { executed: false })) {
            return Err(Refusal::internal());
        }
        let result = match route {
            Some(Route::CreateOrder) => self.create_order(call),
            Some(Route::GetOrder(id)) => self.get_order(call, id),
            Some(Route::TerminateOrder(id)) => self.terminate_order(call, id),
            Some(Route::OrderPay) => self.order_pay(call),
            Some(Route::Authenticate(id)) => self.authenticate(call, id),
            Some(Route::Payments(order)) => self.get_payments(call, order),
            Some(Route::Payment(order, id)) => self.get_payment(call, order, id),
            Some(Route::CreateRefund(order)) => self.create_refund(call, order),
            Some(Route::Refunds(order)) => self.get_refunds(call, order),
            Some(Route::Refund(order, id)) => self.get_refund(call, order, id),
            Some(Route::Simulate) => self.simulate(call),
            Some(Route::Simulation(id)) => self.get_simulation(call, id),
            None => Err(Refusal::bad_url()),
        };
        if matches!(fault, Some(Fault::InternalError { .. })) { Err(Refusal::internal()) } else { result }
    }

    fn is_merchant(&self, request: &Request) -> bool {
        request.header("x-client-id") == Some(&self.client_id)
            && request.header("x-client-secret") == Some(&self.client_secret)
    }

    /// Closes an order whose time has come; attempts that still wait are dropped unless the rules say otherwise, and a
    /// late success can follow.
    fn close(&mut self, id: &str, at: UnixMillis) {
        let Some(order) = self.orders.get_mut(id) else { return };
        order.status = match order.status {
            OrderStatus::TerminationRequested => OrderStatus::Terminated,
            _ => OrderStatus::Expired,
        };
        let waiting = |payment: &&mut Payment| {
            payment.order_id == id
                && match payment.unfinished {
                    Unfinished::Dropped => payment.status.is_open(),
                    Unfinished::NotAttempted => payment.status == PaymentStatus::Pending,
                    Unfinished::Pending => false,
                }
        };
        for payment in self.payments.iter_mut().filter(waiting) {
            payment.status = PaymentStatus::UserDropped;
            payment.completed = Some(at);
            payment.error = Some("USER_DROPPED".to_owned());
        }
    }

    fn respond(&mut self, request: &Request, answer: Answer, allowance: Allowance, merchant: bool) -> Response {
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        let mut put = |name: &str, value: &str| headers.push((name.to_owned(), value.to_owned()));
        if let Some(version) = request.header("x-api-version") {
            put("x-api-version", version);
        }
        match request.header("x-request-id") {
            Some(id) => put("x-request-id", id),
            None => put("x-request-id", &self.dice.hex(32)),
        }
        put("x-ratelimit-limit", &allowance.limit.to_string());
        put("x-ratelimit-remaining", &allowance.remaining.to_string());
        put("x-ratelimit-retry", &allowance.retry.to_string());
        put("x-ratelimit-type", if merchant { "app_id" } else { "ip" });
        if let Some(key) = request.header("x-idempotency-key") {
            put("x-idempotency-key", key);
        }
        put("x-idempotency-replayed", if answer.replayed { "true" } else { "false" });
        Response { status: answer.status, headers, body: answer.body, fault: None }
    }
}

fn refuse(refusal: &Refusal, version: Option<ApiVersion>, otp: bool) -> Answer {
    Answer { status: refusal.status, body: json::write(&refusal.body(version, otp)), replayed: false }
}

/// An answer that is not the gateway's: none of its headers.
fn bare(status: u16, body: Vec<u8>) -> Response {
    let kind = if body.starts_with(b"{") || body.starts_with(b"[") { "application/json" } else { "text/html" };
    Response { status, headers: vec![("content-type".to_owned(), kind.to_owned())], body, fault: None }
}
