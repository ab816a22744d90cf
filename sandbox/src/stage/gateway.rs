//! The gateway that a terminal calls: the desk, the shoppers of the scenarios, and time.

use crate::books::ledger::{Books, Event};
use crate::books::order::Order;
use crate::books::payment::{Payment, PaymentStatus};
use crate::books::refund::{Refund, RefundStatus};
use crate::gateway::desk::Desk;
use crate::gateway::faults::{Fault, Faults};
use crate::gateway::outbox::{Hook, Outbox, Webhook};
use crate::gateway::tally::Tally;
use crate::ground::json::read_object;
use crate::ground::test_data::Outcome;
use crate::ground::time::UnixMillis;
use crate::scenario::act::Act;
use crate::scenario::shopper::{Cue, Does, Step};
use crate::stage::play::Play;
use crate::stage::rules::Rules;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The gateway. [`Gateway::handle`] is a pure function of this state, the request and the time; a clone is independent.
#[derive(Clone)]
pub struct Gateway {
    pub(crate) rules: Rules,
    pub(crate) desk: Desk,
    pub(crate) faults: Faults,
    outbox: Outbox,
    pub(crate) tally: Tally,
    /// Scenarios under way, by order.
    pub(crate) plays: BTreeMap<String, Play>,
    /// What shoppers will do: when, about the attempt at which place, and which of their steps.
    steps: BTreeSet<(UnixMillis, usize, usize)>,
    /// Milliseconds by which a scenario has set the clock ahead.
    pub(crate) ahead: UnixMillis,
}

impl Gateway {
    /// A gateway with empty books. `base` is its own address (`https://127.0.0.1:PORT/pg`), which its answers carry;
    /// merchant calls need `client_id` and `client_secret`; equal seeds give equal ids.
    #[must_use]
    pub fn new(rules: Rules, base: &str, client_id: &str, client_secret: &str, seed: u64) -> Self {
        Self {
            rules,
            desk: Desk::new(Books::new(base, seed), client_id, client_secret),
            faults: Faults::default(),
            outbox: Outbox::default(),
            tally: Tally::default(),
            plays: BTreeMap::new(),
            steps: BTreeSet::new(),
            ahead: 0,
        }
    }

    /// Applies everything that is due by now, oldest first: results, terminations, expiries, refunds.
    pub fn advance(&mut self, now: UnixMillis) {
        self.run_to(now + self.ahead);
    }

    /// Applies a fault to the next `times` requests to `path`: method and path below `/pg` (`POST /orders/sessions`),
    /// or the beginning of one and `*`.
    pub fn inject(&mut self, path: &str, times: usize, fault: Fault) {
        self.faults.add(path, times, fault);
    }

    /// Begins to make webhooks of payments and refunds that end, for [`Gateway::webhooks`]; `None` stops it.
    pub fn set_hook(&mut self, hook: Option<Hook>) {
        self.outbox.switch(hook, &self.desk.books);
    }

    /// Returns the webhooks that are due: of each payment that succeeded, failed, was dropped or was refunded by the
    /// gateway, and of each refund that was made or given up. Each is returned once, and again after 2, 10 and 30
    /// minutes until it is [taken](Gateway::webhook_taken).
    pub fn webhooks(&mut self, now: UnixMillis) -> Vec<Webhook> {
        self.advance(now);
        let mut due = self.outbox.due(&self.desk.books, &self.desk.client_secret, now + self.ahead);
        // 37 and 100 have no common divisor: every hundred loses as many.
        due.retain(|webhook| webhook.number.wrapping_mul(37) % 100 >= u64::from(self.rules.lost_webhooks));
        due
    }

    /// The number of calls so far.
    #[must_use]
    pub const fn tally(&self) -> Tally {
        self.tally
    }

    /// Notes that the merchant answered this webhook with 200.
    pub fn webhook_taken(&mut self, number: u64) {
        self.outbox.taken(number);
    }

    /// The rules, to read or change while running.
    pub fn rules_mut(&mut self) -> &mut Rules {
        &mut self.rules
    }

    /// All orders, by id.
    pub fn orders(&self) -> impl Iterator<Item = &Order> {
        self.desk.books.orders.values()
    }

    /// All attempts, oldest first.
    #[must_use]
    pub fn payments(&self) -> &[Payment] {
        &self.desk.books.payments
    }

    /// All refunds, oldest first.
    #[must_use]
    pub fn refunds(&self) -> &[Refund] {
        &self.desk.books.refunds
    }

    /// The attempts on this order that charged and still stand: 2 is a double charge.
    pub fn charges<'a>(&'a self, order_id: &'a str) -> impl Iterator<Item = &'a Payment> {
        self.desk.books.payments.iter().filter(move |payment| payment.order_id == order_id && payment.is_charge())
    }

    /// Another party pays this order with UPI: its whole amount, by an attempt with this status, whatever the order's
    /// is. A success pays an open order, and is a further payment of a paid one. On a closed order it stays a success,
    /// unlike a late one in [`Gateway::handle`]. Two calls with one `now` are two payments at the same moment. Returns
    /// the `cf_payment_id`; `None`: there is no such order.
    pub fn stranger_pays(&mut self, order_id: &str, status: PaymentStatus, now: UnixMillis) -> Option<u64> {
        self.desk.books.stranger_pays(order_id, status, now)
    }

    /// Sets the status of a payment, whatever its present status and its order's. `false`: there is no such payment.
    /// The order changes only if it is open and the status is a success: then it is paid.
    pub fn set_payment(&mut self, id: u64, status: PaymentStatus, now: UnixMillis) -> bool {
        self.desk.books.set_payment(id, status, now)
    }

    /// Refunds a whole payment as the gateway does with some that came late or twice: the refund has no id of the
    /// merchant, and its webhook is `AUTO_REFUND_STATUS_WEBHOOK`. The payment does not change. `false`: there is no
    /// such payment.
    pub fn send_back(&mut self, id: u64, now: UnixMillis) -> bool {
        self.desk.books.send_back(id, now)
    }

    /// The shopper disputes a payment with their bank: a `DISPUTE` on the reconciliation's pages, and nothing else.
    /// `false`: there is no such payment.
    pub fn dispute(&mut self, id: u64, now: UnixMillis) -> bool {
        self.desk.books.dispute(id, now)
    }

    /// Sets the status of a refund, as staff of the gateway, the merchant or the bank might. `false`: there is no such
    /// refund.
    pub fn set_refund(&mut self, order_id: &str, refund_id: &str, status: RefundStatus) -> bool {
        self.desk.books.set_refund(order_id, refund_id, status)
    }

    /// The same as [`Gateway::advance`], by the clock that scenarios set ahead.
    pub(crate) fn run_to(&mut self, now: UnixMillis) {
        while let Some((at, place, step)) = self.steps.first().copied().filter(|(at, ..)| *at <= now) {
            self.steps.pop_first();
            self.desk.books.run_to(at);
            self.act_on(place, step, at);
        }
        self.desk.books.run_to(now);
    }

    /// How many acts of its scenario have not happened to this order yet; `None` if it plays none. A run with acts left
    /// has not played the scenario.
    #[must_use]
    pub fn acts_left(&self, order: &str) -> Option<usize> {
        self.plays.get(order).map(|play| play.acted.iter().filter(|acted| !**acted).count())
    }

    /// The shopper or their bank acts on the attempt at this place.
    fn act_on(&mut self, place: usize, step: usize, now: UnixMillis) {
        let payment = &self.desk.books.payments[place];
        let steps = self.plays.get(&payment.order_id).map(|play| self.steps_of(play, place));
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
            self.desk.books.finish(place, &outcome, now);
        }
    }

    /// The steps of the attempt at this place; the last list is for all that follow.
    fn steps_of(&self, play: &Play, place: usize) -> &'static [Step] {
        let order = &self.desk.books.payments[place].order_id;
        let ours = |payment: &&Payment| payment.order_id == *order && !payment.stranger;
        let earlier = self.desk.books.payments[..place].iter().filter(ours).count();
        let lists = play.scenario.shopper;
        lists.get(earlier).or(lists.last()).copied().unwrap_or_default()
    }

    /// Plans what the shopper does about attempts that can be paid from now on: those that charge without being shown,
    /// and the one whose answer was just seen.
    pub(crate) fn begin(&mut self, key: &str, seen: Option<&Vec<u8>>, now: UnixMillis) {
        let seen = seen.and_then(|body| read_object(body)).and_then(|answer| payment_id(answer.get("cf_payment_id")?));
        for place in self.places(key) {
            let payment = &self.desk.books.payments[place];
            let Some(play) = self.plays.get_mut(key) else { return };
            if (must_be_seen(payment) && seen != Some(payment.id)) || !play.begun.insert(payment.id) {
                continue;
            }
            self.plan_steps(key, place, Cue::Begun, now);
        }
    }

    pub(crate) fn cue(&mut self, key: &str, cue: Cue, now: UnixMillis) {
        for place in self.places(key) {
            self.plan_steps(key, place, cue, now);
        }
        self.run_to(now);
    }

    fn plan_steps(&mut self, key: &str, place: usize, cue: Cue, now: UnixMillis) {
        let Some(play) = self.plays.get(key) else { return };
        for (at, step) in self.steps_of(play, place).iter().enumerate().filter(|(_, step)| step.cue == cue) {
            self.steps.insert((now + step.after_ms, place, at));
        }
    }

    /// The places in the books of this terminal's attempts.
    fn places(&self, order: &str) -> Vec<usize> {
        let ours = |payment: &Payment| payment.order_id == order && !payment.stranger;
        (0..self.desk.books.payments.len()).filter(|place| ours(&self.desk.books.payments[*place])).collect()
    }

    /// Somebody else's attempts, if it is their turn.
    pub(crate) fn strangers(&mut self, order: &str, act: Option<&Act>, now: UnixMillis) {
        let Some(Act::Strangers { times, status, then }) = act else { return };
        for _ in 0..*times {
            let place = self.desk.books.payments.len();
            if self.stranger_pays(order, *status, now).is_none() {
                return;
            }
            if let Some((ms, outcome)) = *then {
                self.desk.books.payments[place].due = Some((now + ms, outcome));
                self.desk.books.plan(now + ms, Event::Result(place));
            }
        }
    }
}

/// A link or a code that was never shown cannot be paid; any other attempt is in progress once the gateway has it.
fn must_be_seen(payment: &Payment) -> bool {
    match payment.method {
        "upi" => payment.shown.get("channel").and_then(Value::as_str) != Some("collect"),
        "netbanking" | "banktransfer" => true,
        _ => false,
    }
}

/// A string or a number.
pub(crate) fn payment_id(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    }
}
