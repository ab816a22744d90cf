//! A call to the gateway: which scenario it is of, what happens to it, what is made of the answer.

use crate::books::order::OrderStatus;
use crate::calls::call::Call;
use crate::calls::route::Route;
use crate::gateway::desk::{Direction, bare};
use crate::gateway::faults::Fault;
use crate::ground::amount::Paise;
use crate::ground::error::Refusal;
use crate::ground::http::{Request, Response};
use crate::ground::json::{self, read_object, text};
use crate::ground::time;
use crate::ground::time::UnixMillis;
use crate::ground::version::ApiVersion;
use crate::ground::wire::{Break, Place, WireFault};
use crate::scenario::act::Act;
use crate::scenario::entry::{SCENARIO_HEADER, Scenario};
use crate::scenario::shopper::Cue;
use crate::stage::gateway::{Gateway, payment_id};
use crate::stage::play::Play;
use serde_json::Value;

impl Gateway {
    /// Answers a request at this time. `now` must not run backwards. Every answer has a `date` by the sandbox's clock, whoever it is
    /// meant to come from: every HTTP server with a clock sends one (RFC 9110 section 6.6.1).
    pub fn handle(&mut self, request: &Request, now: UnixMillis) -> Response {
        let mut response = self.answer(request, now);
        self.tally.count(Route::of(request).as_ref(), response.status);
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
            Err(refusal) => return self.desk.refuse(request, &refusal, &self.rules.limits, now),
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
        let fault = act.and_then(Act::fault).or_else(|| self.faults.take(request));
        if let Some(Fault::Answer { status, body }) = &fault {
            return bare(*status, body.clone());
        }
        if let Some(play) = &play {
            self.before_call(play, act.as_ref(), request, route.as_ref(), now);
        }
        let direction = self.direction(request, route.as_ref(), fault);
        let response = self.desk.answer(request, route.as_ref(), &direction, now);
        match play {
            Some(play) => self.after_call(&play, act, route.as_ref(), response, now),
            None => response,
        }
    }

    /// The rules for this request: as its order's scenario has them, if it plays one.
    fn direction(&self, request: &Request, route: Option<&Route<'_>>, fault: Option<Fault>) -> Direction {
        let play = self.order_of(request, route).and_then(|order| self.plays.get(&order));
        let scenario = play.map(|play| play.scenario);
        let mut terms = self.rules.terms();
        if let Some(scenario) = scenario {
            (scenario.changes)(&mut terms);
        }
        let session_keys = scenario.and_then(Scenario::fixes_session_keys).unwrap_or(self.rules.session_keys);
        Direction {
            terms,
            session_keys,
            store_throttles: self.rules.store_throttles,
            limits: self.rules.limits,
            habits: self.rules.habits,
            fault,
            played: play.is_some(),
        }
    }

    /// The order that a request is about.
    pub(crate) fn order_of(&self, request: &Request, route: Option<&Route<'_>>) -> Option<String> {
        match route? {
            Route::CreateOrder => Some(text(&read_object(&request.body)?, "order_id")?.to_owned()),
            Route::OrderPay => {
                self.desk.books.sessions.get(text(&read_object(&request.body)?, "payment_session_id")?).cloned()
            }
            Route::Authenticate(id) => {
                let at = self.desk.books.find_payment(id).ok()?;
                Some(self.desk.books.payments[at].order_id.clone())
            }
            Route::GetOrder(id)
            | Route::TerminateOrder(id)
            | Route::Payments(id)
            | Route::Payment(id, _)
            | Route::CreateRefund(id)
            | Route::Refunds(id)
            | Route::Refund(id, _) => Some((*id).to_owned()),
            Route::Recon | Route::Simulate | Route::Simulation(_) => None,
        }
    }

    /// The scenario of a request's order by its place in `plays`, and what happens to this call.
    pub(crate) fn next_act(
        &mut self,
        request: &Request,
        route: Option<&Route<'_>>,
    ) -> Result<Option<(String, Option<Act>)>, Refusal> {
        let Some(key) = self.choose(request, route)? else { return Ok(None) };
        let act = self.plays.get_mut(&key).and_then(|play| play.next(route));
        Ok(Some((key, act)))
    }

    fn choose(&mut self, request: &Request, route: Option<&Route<'_>>) -> Result<Option<String>, Refusal> {
        let named = match request.header(SCENARIO_HEADER) {
            None => None,
            Some(id) => {
                Some(Scenario::find(id).ok_or_else(|| Refusal::wrong(SCENARIO_HEADER, "is not the id of a scenario"))?)
            }
        };
        let order = self.order_of(request, route);
        if let Some(order) = order.as_ref().filter(|order| self.plays.contains_key(*order)) {
            return Ok(Some(order.clone()));
        }
        let amount = || match route {
            Some(Route::CreateOrder) => read_object(&request.body)?.get("order_amount").and_then(Paise::from_json),
            _ => None,
        };
        let chosen = named.or_else(|| Scenario::of_amount(amount()?)).or(self.rules.scenario);
        Ok(chosen.map(|scenario| {
            // A call about an order that is not known has a play of its own scenario.
            let key = order.unwrap_or_else(|| format!("?{}", scenario.id));
            self.plays.entry(key.clone()).or_insert_with(|| Play::new(scenario));
            key
        }))
    }

    /// What happens just before a call is done: the shopper is faster, or the order is there already.
    pub(crate) fn before_call(
        &mut self,
        key: &str,
        act: Option<&Act>,
        request: &Request,
        route: Option<&Route<'_>>,
        now: UnixMillis,
    ) {
        match route {
            Some(Route::OrderPay) => self.cue(key, Cue::BeforeNext, now),
            Some(Route::TerminateOrder(_)) => self.cue(key, Cue::BeforeClosing, now),
            Some(Route::CreateOrder) => {
                if let Some(Act::Exists { more, payment }) = act {
                    self.make_before(request, *more, now);
                    payment.map(|status| self.stranger_pays(key, status, now));
                }
                return;
            }
            _ => {}
        }
        self.strangers(key, act, now);
    }

    /// What happens after a call was done: the shopper begins, and the answer is changed.
    pub(crate) fn after_call(
        &mut self,
        key: &str,
        act: Option<Act>,
        route: Option<&Route<'_>>,
        mut response: Response,
        now: UnixMillis,
    ) -> Response {
        let done = response.status == 200;
        if matches!(route, Some(Route::CreateOrder)) && done {
            self.strangers(key, act.as_ref(), now);
        }
        if matches!(route, Some(Route::OrderPay)) {
            let seen = done && !act.as_ref().is_some_and(Act::hides_the_answer);
            self.begin(key, seen.then_some(&response.body), now);
            if let Some(play) = self.plays.get_mut(key).filter(|play| done && play.first_answer.is_none()) {
                play.first_answer = Some(response.body.clone());
            }
        }
        if matches!(route, Some(Route::TerminateOrder(_))) && done {
            self.cue(key, Cue::Closing, now);
        }
        match act {
            Some(Act::Edit(edit)) if done => edit_json(&mut response.body, edit),
            Some(Act::Rewrite(edit) | Act::Spoil(edit)) if done => {
                response.body = edit(&String::from_utf8_lossy(&response.body)).into_bytes();
            }
            Some(Act::Headers(headers)) => {
                for (name, value) in headers {
                    response.set_header(name, value);
                }
            }
            Some(Act::HugeHeader(length)) => response.set_header("x-cache", &"x".repeat(length)),
            Some(Act::Wire { fault, .. }) => response.fault = Some(fault),
            Some(Act::StoredAndLost { .. }) => {
                response.fault = Some(WireFault { at: Place::Start, how: Break::Close });
            }
            Some(Act::Hide { ms }) if done => self.hide(route, ms, &mut response, now),
            Some(Act::Lag { ms }) if done => self.lag(key, ms, &mut response, now),
            Some(Act::Earlier) => {
                if let Some(body) = self.plays.get(key).and_then(|play| play.first_answer.clone()) {
                    response.body = body;
                }
            }
            Some(Act::Refund(status)) if done => {
                for refund in self.desk.books.refunds.iter_mut().filter(|refund| refund.order_id == key) {
                    refund.status = status;
                }
                edit_json(&mut response.body, |refund| {
                    refund["refund_status"] = status.as_str().into();
                });
            }
            _ => {}
        }
        response
    }

    /// Makes the order that a request is about to make, with so many paise more.
    fn make_before(&mut self, request: &Request, more: u64, now: UnixMillis) {
        let Some(mut body) = read_object(&request.body) else { return };
        let Some(amount) = body.get("order_amount").and_then(Paise::from_json) else { return };
        body.insert("order_amount".to_owned(), Paise(amount.0 + more).json());
        let request = Request { body: json::write(&Value::Object(body)), ..request.clone() };
        // If that cannot be made, neither can the order that is asked for.
        let rules = &self.rules;
        let version = request.header("x-api-version").and_then(ApiVersion::parse).unwrap_or(ApiVersion::LAST);
        let call = Call { version, now, request: &request, terms: &rules.terms(), played: true };
        let _ = self.desk.books.create_order(&call);
    }

    fn hide(&self, route: Option<&Route<'_>>, ms: u64, response: &mut Response, now: UnixMillis) {
        let young = |id: Option<&Value>| {
            let found =
                id.and_then(payment_id).and_then(|id| self.desk.books.payments.iter().find(|payment| payment.id == id));
            found.is_some_and(|payment| now < payment.created + ms)
        };
        match route {
            Some(Route::Payments(_)) => edit_json(&mut response.body, |list| {
                if let Value::Array(list) = list {
                    list.retain(|payment| !young(payment.get("cf_payment_id")));
                }
            }),
            Some(Route::Payment(_, id)) if young(Some(&Value::String((*id).to_owned()))) => {
                response.status = 404;
                response.body = json::write(&Refusal::not_found("payment").body(None, false));
            }
            _ => {}
        }
    }

    fn lag(&self, key: &str, ms: u64, response: &mut Response, now: UnixMillis) {
        let paid = self.charges(key).filter_map(|payment| payment.completed).min();
        if paid.is_some_and(|at| now < at + ms) {
            edit_json(&mut response.body, |order| order["order_status"] = OrderStatus::Active.as_str().into());
        }
    }
}

fn edit_json(body: &mut Vec<u8>, edit: impl FnOnce(&mut Value)) {
    if let Ok(mut value) = serde_json::from_slice(body) {
        edit(&mut value);
        *body = json::write(&value);
    }
}
