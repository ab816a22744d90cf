//! The books: every order, payment and refund, and what will happen to them by itself.

use crate::books::dispute::Dispute;
use crate::books::order::{Order, OrderStatus};
use crate::books::payment::{Payment, PaymentStatus};
use crate::books::refund::{Refund, RefundStatus};
use crate::books::terms::Unfinished;
use crate::ground::dice::Dice;
use crate::ground::error::Refusal;
use crate::ground::test_data::Outcome;
use crate::ground::time::UnixMillis;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What the gateway remembers of money.
#[derive(Clone)]
pub(crate) struct Books {
    pub(crate) base: String,
    pub(crate) dice: Dice,
    pub(crate) orders: BTreeMap<String, Order>,
    pub(crate) sessions: BTreeMap<String, String>,
    pub(crate) payments: Vec<Payment>,
    last_payment: u64,
    pub(crate) refunds: Vec<Refund>,
    pub(crate) disputes: Vec<Dispute>,
    pub(crate) simulations: BTreeMap<String, Value>,
    agenda: BTreeSet<(UnixMillis, Event)>,
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
}

impl Books {
    /// Empty books of the gateway at this address.
    pub(crate) fn new(base: &str, seed: u64) -> Self {
        Self {
            base: base.to_owned(),
            dice: Dice::new(seed),
            orders: BTreeMap::new(),
            sessions: BTreeMap::new(),
            payments: Vec::new(),
            // Nineteen digits, as seen in 2026: more than a double can hold.
            last_payment: 1_457_655_315_005_187_584,
            refunds: Vec::new(),
            disputes: Vec::new(),
            simulations: BTreeMap::new(),
            agenda: BTreeSet::new(),
        }
    }

    /// Lets everything happen that is due by now, oldest first: results, terminations, expiries, refunds.
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
            }
        }
    }

    /// Notes what will happen at a time.
    pub(crate) fn plan(&mut self, at: UnixMillis, event: Event) {
        self.agenda.insert((at, event));
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

    /// The order of this id, or 404.
    pub(crate) fn order(&self, id: &str) -> Result<&Order, Refusal> {
        self.orders.get(id).ok_or_else(|| Refusal::not_found("order"))
    }

    /// Gives the order another session; those before stay good.
    pub(crate) fn new_session(&mut self, id: &str) {
        let session = format!("session_{}", self.dice.token(108));
        if let Some(order) = self.orders.get_mut(id) {
            order.session.clone_from(&session);
        }
        self.sessions.insert(session, id.to_owned());
    }

    /// A number that no payment has: they only grow.
    pub(crate) fn next_payment(&mut self) -> u64 {
        self.last_payment += 1 + self.dice.next() % 1_000_000;
        self.last_payment
    }

    /// The place in the books of the payment with this id.
    pub(crate) fn find_payment(&self, id: &str) -> Result<usize, Refusal> {
        if id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Refusal::invalid("payment_id_invalid", "payment_id : must be a number"));
        }
        let Some(id) = id.parse::<i64>().ok().and_then(|id| u64::try_from(id).ok()) else {
            return Err(Refusal::invalid("payment_get_failed", "payment_id : is larger than 64 bits allow"));
        };
        // Ids only grow.
        let found = self.payments.binary_search_by_key(&id, |payment| payment.id);
        found.map_err(|_| Refusal::not_found("payment"))
    }

    /// The place in the books of the payment that has this page.
    pub(crate) fn payment_of_page(&self, page: &str) -> Option<usize> {
        self.payments.iter().position(|payment| payment.page.as_deref() == Some(page))
    }

    /// The customer sees its page.
    pub(crate) fn open_page(&mut self, at: usize) {
        let payment = &mut self.payments[at];
        if payment.status == PaymentStatus::NotAttempted {
            payment.status = PaymentStatus::Pending;
        }
    }

    /// Ends an attempt as its customer or their bank does; what has succeeded stays so.
    pub(crate) fn end(&mut self, at: usize, outcome: &Outcome, now: UnixMillis) -> Result<(), Refusal> {
        if matches!(self.payments[at].status, PaymentStatus::Success | PaymentStatus::Cancelled) {
            return Err(Refusal::processed());
        }
        self.finish(at, outcome, now);
        Ok(())
    }

    /// Ends an attempt, early or late. A success pays an order that is open, stands beside the first on one that is
    /// PAID, and is given back (CANCELLED) on one that has closed.
    pub(crate) fn finish(&mut self, at: usize, outcome: &Outcome, now: UnixMillis) {
        let payment = &mut self.payments[at];
        payment.due = None;
        payment.completed = Some(now);
        payment.error = None;
        match *outcome {
            Outcome::Failed(code) => {
                payment.status = PaymentStatus::Failed;
                payment.error = Some(code.to_owned());
            }
            Outcome::UserDropped => {
                payment.status = PaymentStatus::UserDropped;
                payment.error = Some("USER_DROPPED".to_owned());
            }
            Outcome::Success => {
                let Some(order) = self.orders.get_mut(&payment.order_id) else { return };
                if matches!(order.status, OrderStatus::Expired | OrderStatus::Terminated) {
                    payment.status = PaymentStatus::Cancelled;
                    return;
                }
                payment.status = PaymentStatus::Success;
                payment.captured = !payment.authorize_only;
                if payment.captured {
                    order.status = OrderStatus::Paid;
                    order.terminates = None;
                }
            }
        }
    }

    /// Somebody else pays this order with UPI: its whole amount, by an attempt that has this status from now on, whatever
    /// the order's is. A success pays an order that is open and stands beside the others on one that is paid; on one that
    /// has closed it stays a success, unlike what a call makes of one that comes too late. Two calls with one
    /// `now` are two payments of the same moment. Gives the `cf_payment_id`; `None`: there is no such order.
    pub(crate) fn stranger_pays(&mut self, order_id: &str, status: PaymentStatus, now: UnixMillis) -> Option<u64> {
        let amount = self.orders.get(order_id)?.amount;
        let id = self.next_payment();
        self.payments.push(Payment {
            id,
            order_id: order_id.to_owned(),
            amount,
            method: "upi",
            status: PaymentStatus::Pending,
            captured: false,
            created: now,
            completed: None,
            stranger: true,
            group: "upi",
            shown: json!({"channel": "collect", "upi_id": "stranger@bank"}),
            authorize_only: false,
            error: None,
            due: None,
            otp: None,
            page: None,
            // They stay as they are until somebody says otherwise.
            unfinished: Unfinished::Pending,
        });
        self.set_payment(id, status, now);
        Some(id)
    }

    /// Puts a payment into this status, whatever it and its order are. `false`: there is no such payment. Besides a success,
    /// which pays an open order, nothing is done to the order.
    pub(crate) fn set_payment(&mut self, id: u64, status: PaymentStatus, now: UnixMillis) -> bool {
        let Ok(place) = self.payments.binary_search_by_key(&id, |payment| payment.id) else { return false };
        let payment = &mut self.payments[place];
        payment.status = status;
        payment.due = None;
        payment.captured = status == PaymentStatus::Success;
        payment.completed = (!status.is_open()).then_some(now);
        payment.error = match status {
            PaymentStatus::Failed => Some("TRANSACTION_DECLINED".to_owned()),
            PaymentStatus::UserDropped => Some("USER_DROPPED".to_owned()),
            _ => None,
        };
        let order = self.orders.get_mut(&self.payments[place].order_id);
        if let Some(order) = order.filter(|order| status == PaymentStatus::Success && order.closes().is_some()) {
            order.status = OrderStatus::Paid;
            order.terminates = None;
        }
        true
    }

    /// Sends a payment back whole, without anybody having asked. The payment stays as it is. `false`: there is no such payment.
    pub(crate) fn send_back(&mut self, id: u64, now: UnixMillis) -> bool {
        let Ok(place) = self.payments.binary_search_by_key(&id, |payment| payment.id) else { return false };
        let payment = &self.payments[place];
        self.refunds.push(Refund {
            id: String::new(),
            order_id: payment.order_id.clone(),
            payment_id: id,
            amount: payment.amount,
            status: RefundStatus::Success,
            created: now,
            due: now,
            cf_id: self.dice.digits(9),
            note: None,
            speed: "STANDARD".to_owned(),
        });
        true
    }

    /// The shopper disputes a payment with their bank. `false`: there is no such payment.
    pub(crate) fn dispute(&mut self, id: u64, now: UnixMillis) -> bool {
        let Ok(place) = self.payments.binary_search_by_key(&id, |payment| payment.id) else { return false };
        let id = self.dice.digits(6);
        self.disputes.push(Dispute { id, place, at: now });
        true
    }

    /// Puts a refund into this status, as the gateway's own people, the merchant's or the bank might. `false`: there is no
    /// such refund.
    pub(crate) fn set_refund(&mut self, order_id: &str, refund_id: &str, status: RefundStatus) -> bool {
        let of_order = |refund: &&mut Refund| refund.order_id == order_id && refund.id == refund_id;
        let found = self.refunds.iter_mut().find(of_order);
        found.map(|refund| refund.status = status).is_some()
    }
}
