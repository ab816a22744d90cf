//! A scenario under way: which act comes next, and what the gateway makes of it.

use super::{
    Break, Place, SCENARIO_HEADER, Scenario, WireFault,
    act::Act,
    shopper::{Cue, Does, Step},
};
use crate::{
    amount::Paise,
    error::Refusal,
    gateway::{Event, Gateway},
    http::{Request, Response},
    json::{self, read_object, text},
    order::OrderStatus,
    payment::{Payment, PaymentStatus},
    route::Route,
    test_data::Outcome,
    time::UnixMillis,
};
use serde_json::Value;
use std::collections::BTreeSet;

/// The scenario of an order, and how far it is.
#[derive(Clone, Debug)]
pub(crate) struct Play {
    pub(crate) scenario: &'static Scenario,
    /// Calls that each rule has met.
    met: Vec<u32>,
    /// Whether each rule has acted.
    acted: Vec<bool>,
    /// The body of the first answer to Order Pay.
    first_answer: Option<Vec<u8>>,
    /// Payments whose shopper has begun.
    begun: BTreeSet<u64>,
}

impl Play {
    fn new(scenario: &'static Scenario) -> Self {
        let rules = scenario.rules.len();
        Self { scenario, met: vec![0; rules], acted: vec![false; rules], first_answer: None, begun: BTreeSet::new() }
    }

    /// What happens to this call: each rule counts the calls it is about, the first whose turn it is acts.
    fn next(&mut self, route: Option<&Route<'_>>) -> Option<Act> {
        let mut act = None;
        for ((rule, met), acted) in self.scenario.rules.iter().zip(&mut self.met).zip(&mut self.acted) {
            if rule.on.takes(route) {
                *met += 1;
                if act.is_none() && (rule.from..=rule.to).contains(met) {
                    act = Some(rule.act);
                    *acted = true;
                }
            }
        }
        act
    }
}

impl Gateway {
    /// How many things of its scenario have not happened to this order yet; `None` if it plays none. A run in which
    /// something is left has not shown what it was to show.
    #[must_use]
    pub fn acts_left(&self, order: &str) -> Option<usize> {
        self.plays.get(order).map(|play| play.acted.iter().filter(|acted| !**acted).count())
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

    /// The order that a request is about.
    pub(crate) fn order_of(&self, request: &Request, route: Option<&Route<'_>>) -> Option<String> {
        match route? {
            Route::CreateOrder => Some(text(&read_object(&request.body)?, "order_id")?.to_owned()),
            Route::OrderPay => self.sessions.get(text(&read_object(&request.body)?, "payment_session_id")?).cloned(),
            Route::Authenticate(id) => {
                let at = self.find_payment(id).ok()?;
                Some(self.payments[at].order_id.clone())
            }
            Route::GetOrder(id)
            | Route::TerminateOrder(id)
            | Route::Payments(id)
            | Route::Payment(id, _)
            | Route::CreateRefund(id)
            | Route::Refunds(id)
            | Route::Refund(id, _) => Some((*id).to_owned()),
            Route::Simulate | Route::Simulation(_) => None,
        }
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
                for refund in self.refunds.iter_mut().filter(|refund| refund.order_id == key) {
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

    /// The shopper or their bank acts on the attempt at this place.
    pub(crate) fn act_on(&mut self, place: usize, step: usize, now: UnixMillis) {
        let payment = &self.payments[place];
        let steps = self.plays.get(&payment.order_id).map(|play| self.steps(play, place));
        let Some(does) = steps.and_then(|steps| steps.get(step)).map(|step| step.does) else { return };
        let outcome = match does {
            Does::Ends(outcome) => outcome,
            Does::StrangerPays => {
                let order = payment.order_id.clone();
                self.stranger_pays(&order, PaymentStatus::Success, now);
                return;
            }
        };
        // What has succeeded stays so.
        if payment.status.is_open() || (outcome == Outcome::Success && payment.status.may_succeed_late()) {
            self.finish(place, &outcome, now);
        }
    }

    /// The steps of the attempt at this place; the last list is for all that follow.
    fn steps(&self, play: &Play, place: usize) -> &'static [Step] {
        let order = &self.payments[place].order_id;
        let ours = |payment: &&Payment| payment.order_id == *order && !payment.stranger;
        let earlier = self.payments[..place].iter().filter(ours).count();
        let lists = play.scenario.shopper;
        lists.get(earlier).or(lists.last()).copied().unwrap_or_default()
    }

    /// Plans what the shopper does about attempts that can be paid from now on: those that charge without being shown, and
    /// the one whose answer was just seen.
    fn begin(&mut self, key: &str, seen: Option<&Vec<u8>>, now: UnixMillis) {
        let seen = seen.and_then(|body| read_object(body)).and_then(|answer| payment_id(answer.get("cf_payment_id")?));
        for place in self.places(key) {
            let payment = &self.payments[place];
            let Some(play) = self.plays.get_mut(key) else { return };
            if (must_be_seen(payment) && seen != Some(payment.id)) || !play.begun.insert(payment.id) {
                continue;
            }
            self.plan_steps(key, place, Cue::Begun, now);
        }
    }

    fn cue(&mut self, key: &str, cue: Cue, now: UnixMillis) {
        for place in self.places(key) {
            self.plan_steps(key, place, cue, now);
        }
        self.run_to(now);
    }

    fn plan_steps(&mut self, key: &str, place: usize, cue: Cue, now: UnixMillis) {
        let Some(play) = self.plays.get(key) else { return };
        for (at, step) in self.steps(play, place).iter().enumerate().filter(|(_, step)| step.cue == cue) {
            self.plan(now + step.after_ms, Event::Step(place, at));
        }
    }

    /// The places in the books of this terminal's attempts.
    fn places(&self, order: &str) -> Vec<usize> {
        let ours = |payment: &Payment| payment.order_id == order && !payment.stranger;
        (0..self.payments.len()).filter(|place| ours(&self.payments[*place])).collect()
    }

    /// Somebody else's attempts, if it is their turn.
    fn strangers(&mut self, order: &str, act: Option<&Act>, now: UnixMillis) {
        let Some(Act::Strangers { times, status, then }) = act else { return };
        for _ in 0..*times {
            let place = self.payments.len();
            if self.stranger_pays(order, *status, now).is_none() {
                return;
            }
            if let Some((ms, outcome)) = *then {
                self.payments[place].due = Some((now + ms, outcome));
                self.plan(now + ms, Event::Result(place));
            }
        }
    }

    /// Makes the order that a request is about to make, with so many paise more.
    fn make_before(&mut self, request: &Request, more: u64, now: UnixMillis) {
        let Some(mut body) = read_object(&request.body) else { return };
        let Some(amount) = body.get("order_amount").and_then(Paise::from_json) else { return };
        body.insert("order_amount".to_owned(), Paise(amount.0 + more).json());
        let request = Request { body: json::write(&Value::Object(body)), ..request.clone() };
        // If that cannot be made, neither can the order that is asked for.
        let _ = self.create_from(&request, now);
    }

    fn hide(&self, route: Option<&Route<'_>>, ms: u64, response: &mut Response, now: UnixMillis) {
        let young = |id: Option<&Value>| {
            let found = id.and_then(payment_id).and_then(|id| self.payments.iter().find(|payment| payment.id == id));
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

/// Nobody can pay a link or a code that was never shown; everything else is on its way once the gateway has it.
fn must_be_seen(payment: &Payment) -> bool {
    match payment.method {
        "upi" => payment.shown.get("channel").and_then(Value::as_str) != Some("collect"),
        "netbanking" | "banktransfer" => true,
        _ => false,
    }
}

/// A string or a number.
fn payment_id(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    }
}

fn edit_json(body: &mut Vec<u8>, edit: impl FnOnce(&mut Value)) {
    if let Ok(mut value) = serde_json::from_slice(body) {
        edit(&mut value);
        *body = json::write(&value);
    }
}
