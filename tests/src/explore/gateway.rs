//! The gateway as the exploration needs it: one order, its payments and refunds, and what each call does to them. Every answer
//! is the bytes that a client reads.

use std::fmt::Write;

use pay_core::model::{CfPaymentId, OrderId, RefundId};

use crate::laws::{self, Payer};

/// The number of the first payment.
pub const FIRST: u64 = 1_001;
/// What an order costs, as the gateway writes it.
const AMOUNT: &str = "250.00";
/// The session that pays the order.
pub const SESSION: &str = "session_o";

/// An order's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    Absent,
    Active,
    Paid,
    Terminated,
    Expired,
}

/// A payment's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    NotAttempted,
    Pending,
    Success,
    Failed,
    Dropped,
}

/// What kind of payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A link: it charges nobody unless somebody has seen it.
    Link,
    /// It charges by itself.
    Collect,
    /// A card whose password the shopper types here; the bank decides once it is right.
    Otp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Payment {
    pub payer: Payer,
    pub kind: Kind,
    pub status: Status,
    /// A shopper has the link.
    pub seen: bool,
    /// It was the n-th to take money.
    pub done: u8,
    pub refunded: bool,
    /// By a refund that does not name it.
    pub unnamed: bool,
    /// Passwords that were typed or sent again for it.
    pub otps: u8,
}

/// A request as it arrives.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    Create {
        mark: String,
        /// What a backend writes on its order; a till writes nothing.
        note: String,
    },
    Order,
    Payments,
    Payment(u64),
    Pay {
        till: u8,
        kind: Kind,
        session: bool,
        /// Where a backend sends it on: the till's idempotency key.
        key: Option<String>,
    },
    /// A password for a payment, which is right or not; `None`: another is asked for.
    Otp {
        id: u64,
        right: Option<bool>,
    },
    Terminate,
    Refund {
        till: u8,
        id: String,
    },
    ReadRefund {
        id: String,
    },
    Refunds,
    /// To the backend: the goods are out or not; `None`: may they go out?
    Report {
        till: u8,
        released: Option<bool>,
        payment: Option<u64>,
    },
}

impl Call {
    /// The same of the other of two terminals.
    pub const fn swap(&mut self) {
        match self {
            Self::Pay { till, .. } | Self::Refund { till, .. } | Self::Report { till, .. } => *till = 3 - *till,
            Self::Create { .. }
            | Self::Order
            | Self::Payments
            | Self::Payment(_)
            | Self::Otp { .. }
            | Self::Terminate
            | Self::ReadRefund { .. }
            | Self::Refunds => {}
        }
    }

    pub const fn acts(&self) -> bool {
        match self {
            Self::Create { .. }
            | Self::Pay { .. }
            | Self::Otp { .. }
            | Self::Terminate
            | Self::Refund { .. }
            | Self::Report { .. } => true,
            Self::Order | Self::Payments | Self::Payment(_) | Self::ReadRefund { .. } | Self::Refunds => false,
        }
    }
}

/// An answer.
#[derive(Hash)]
pub struct Answer {
    pub status: u16,
    pub body: String,
    /// The backend's own, and nothing was sent to the gateway.
    pub unsent: bool,
    /// The call did nothing: it is what an earlier one made.
    pub replayed: bool,
    /// The backend has held the question.
    pub waited: bool,
}

impl Answer {
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, body: body.into(), unsent: false, replayed: false, waited: false }
    }

    pub fn refusal(status: u16, code: &str) -> Self {
        let kind = if status >= 500 { "api_error" } else { "invalid_request_error" };
        Self::new(status, format!(r#"{{"code":"{code}","message":"no","type":"{kind}"}}"#))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Gateway {
    pub state: State,
    mark: String,
    note: String,
    pub payments: Vec<Payment>,
    /// It knows attempts by their keys.
    honours: bool,
    /// Keys that it knows, and the payment of each.
    keys: Vec<(String, usize)>,
    /// Refunds that name no payment.
    unnamed: Vec<String>,
    /// The order was closed so long ago that nobody completes a payment on it any more.
    pub stale: bool,
    /// Requests that have not arrived yet.
    pub late: Vec<Call>,
    /// For which payments goods went out.
    pub goods: Vec<u64>,
}

impl Gateway {
    /// With an order, or with none.
    pub const fn new(state: State, honours: bool) -> Self {
        Self {
            state,
            mark: String::new(),
            note: String::new(),
            payments: Vec::new(),
            honours,
            keys: Vec::new(),
            unnamed: Vec::new(),
            stale: false,
            late: Vec::new(),
            goods: Vec::new(),
        }
    }

    pub fn id(index: usize) -> u64 {
        FIRST + index as u64
    }

    pub fn payment(&mut self, id: u64) -> Option<&mut Payment> {
        self.payments.get_mut(usize::try_from(id.checked_sub(FIRST)?).ok()?)
    }

    pub const fn is_closed(&self) -> bool {
        matches!(self.state, State::Terminated | State::Expired)
    }

    /// A payment is not at its end.
    pub fn moves(&self) -> bool {
        self.payments.iter().any(|payment| matches!(payment.status, Status::NotAttempted | Status::Pending))
    }

    /// A payment may take the money now.
    pub fn may_succeed(&self, payment: &Payment) -> bool {
        match (payment.status, payment.kind) {
            (Status::Pending, _) => true,
            (Status::NotAttempted, Kind::Otp) => false,
            (Status::NotAttempted, _) if !payment.seen => false,
            (Status::NotAttempted, _) => self.state == State::Active || (self.is_closed() && !self.stale),
            (Status::Success | Status::Failed | Status::Dropped, _) => false,
        }
    }

    /// It takes the money.
    pub fn succeed(&mut self, index: usize) {
        let done = self.payments.iter().map(|payment| payment.done).max().unwrap_or(0) + 1;
        if let Some(payment) = self.payments.get_mut(index) {
            payment.status = Status::Success;
            payment.done = done;
        }
        if self.state == State::Active {
            self.state = State::Paid;
        }
    }

    /// What the laws see.
    pub fn facts(&self) -> laws::Order {
        let fact = |(index, payment): (usize, &Payment)| laws::Payment {
            id: Self::id(index),
            payer: payment.payer,
            succeeded: payment.status == Status::Success,
            may_succeed: self.may_succeed(payment),
            refunded: payment.refunded,
        };
        let on_its_way = |call: &Call| match call {
            Call::Pay { till, kind: Kind::Collect, session: true, .. } if self.state == State::Active => {
                Some(Payer::Till(*till))
            }
            _ => None,
        };
        laws::Order {
            payments: self.payments.iter().enumerate().map(fact).collect(),
            goods: self.goods.clone(),
            on_their_way: self.late.iter().filter_map(on_its_way).collect(),
        }
    }

    /// A till loses its journal: what it paid, nobody knows to be its own any more.
    pub fn lose(&mut self, till: u8) {
        for payment in self.payments.iter_mut().filter(|payment| payment.payer == Payer::Till(till)) {
            payment.payer = Payer::Lost(till);
        }
    }

    /// The two terminals change their places.
    pub fn swap(&mut self) {
        for payment in &mut self.payments {
            if let Payer::Till(till) | Payer::Lost(till) = &mut payment.payer {
                *till = 3 - *till;
            }
        }
        self.late.iter_mut().for_each(Call::swap);
    }

    /// What nothing reads any more gets one value.
    pub fn canonical(&mut self) {
        let mut open = false;
        for payment in &mut self.payments {
            match payment.status {
                Status::NotAttempted => open = true,
                Status::Pending | Status::Success | Status::Failed | Status::Dropped => {
                    (payment.seen, payment.otps) = (false, 0);
                }
            }
        }
        self.stale &= open;
    }

    fn order(&self, id: &OrderId) -> Answer {
        self.order_in(self.state, id)
    }

    /// The order as it was in this state.
    pub fn order_in(&self, state: State, id: &OrderId) -> Answer {
        let status = match state {
            State::Absent => return Answer::refusal(404, "order_not_found"),
            State::Active => "ACTIVE",
            State::Paid => "PAID",
            State::Terminated => "TERMINATED",
            State::Expired => "EXPIRED",
        };
        let (mark, note) = (&self.mark, &self.note);
        let note = if note.is_empty() { String::new() } else { format!(r#","order_note":"{note}""#) };
        Answer::new(
            200,
            format!(
                r#"{{"order_id":"{id}","order_status":"{status}","order_amount":{AMOUNT},"order_currency":"INR","payment_session_id":"{SESSION}","order_tags":{{"till_mark":"{mark}"}}{note}}}"#
            ),
        )
    }

    /// The gateway's word for how a payment stands.
    pub const fn word(payment: &Payment) -> &'static str {
        match payment.status {
            Status::NotAttempted => "NOT_ATTEMPTED",
            Status::Pending => "PENDING",
            Status::Success => "SUCCESS",
            Status::Failed => "FAILED",
            Status::Dropped => "USER_DROPPED",
        }
    }

    fn element(&self, order: &OrderId, index: usize) -> String {
        let Some(payment) = self.payments.get(index) else { return "null".to_owned() };
        let status = Self::word(payment);
        let mut body = format!(
            r#"{{"cf_payment_id":"{}","order_id":"{order}","payment_status":"{status}","payment_amount":{AMOUNT},"is_captured":{}"#,
            Self::id(index),
            payment.status == Status::Success
        );
        if payment.done > 0 {
            let _ = write!(body, r#","payment_completion_time":"2026-11-28T10:{:02}:00+05:30""#, payment.done);
        }
        body.push('}');
        body
    }

    /// The list; `hidden`: an element that cannot be read.
    pub fn list(&self, order: &OrderId, hidden: Option<usize>) -> Answer {
        let element = |index: usize| {
            if hidden == Some(index) { r#"{"cf_payment_id":null}"#.to_owned() } else { self.element(order, index) }
        };
        let elements: Vec<_> = (0..self.payments.len()).map(element).collect();
        Answer::new(200, format!("[{}]", elements.join(",")))
    }

    /// What a call does, and its answer.
    ///
    /// # Errors
    /// A law that is broken by it.
    pub fn on(&mut self, order: &OrderId, call: &Call) -> Result<Answer, String> {
        Ok(match call {
            Call::Create { mark, note } if self.state == State::Absent => {
                self.state = State::Active;
                self.mark.clone_from(mark);
                self.note.clone_from(note);
                self.order(order)
            }
            Call::Create { .. } => Answer::refusal(409, "order_already_exists"),
            Call::Order => self.order(order),
            Call::Payments if self.state == State::Absent => Answer::refusal(404, "order_not_found"),
            Call::Payments => self.list(order, None),
            Call::Payment(id) => {
                match usize::try_from(id.wrapping_sub(FIRST)).ok().filter(|at| *at < self.payments.len()) {
                    Some(index) => Answer::new(200, self.element(order, index)),
                    None => Answer::refusal(404, "payment_not_found"),
                }
            }
            Call::Pay { session: false, .. } => {
                return Err("another order was paid than the one that is sold".to_owned());
            }
            Call::Pay { key: Some(key), .. } if self.known(key).is_some() => {
                let index = self.known(key).unwrap_or_default();
                Answer { replayed: true, ..self.begun(index) }
            }
            Call::Pay { .. } if self.state == State::Paid => Answer::refusal(400, "order_already_paid"),
            Call::Pay { .. } if self.state != State::Active => Answer::refusal(400, "order_inactive"),
            Call::Pay { till, kind, key, .. } => {
                let status = if *kind == Kind::Collect { Status::Pending } else { Status::NotAttempted };
                let payer = Payer::Till(*till);
                self.payments.push(Payment {
                    payer,
                    kind: *kind,
                    status,
                    seen: false,
                    done: 0,
                    refunded: false,
                    unnamed: false,
                    otps: 0,
                });
                let index = self.payments.len() - 1;
                if let Some(key) = key.as_ref().filter(|_| self.honours) {
                    self.keys.push((key.clone(), index));
                }
                self.begun(index)
            }
            Call::Otp { id, right } => self.otp(*id, *right),
            Call::Terminate if self.state == State::Active => {
                self.state = State::Terminated;
                self.order(order)
            }
            Call::Terminate if self.state == State::Absent => Answer::refusal(404, "order_not_found"),
            Call::Terminate => Answer::refusal(400, "order_inactive"),
            Call::Refund { id, .. } => self.refund(order, id)?,
            Call::ReadRefund { id } => match self.refund_of(order, id) {
                Some(_) => Self::refund_body(order, id),
                None => Answer::refusal(404, "refund_not_found"),
            },
            Call::Refunds => {
                let bodies: Vec<_> = self.refunds(order).iter().map(|id| Self::refund_body(order, id).body).collect();
                Answer::new(200, format!("[{}]", bodies.join(",")))
            }
            // There is no such call here: only a backend has it.
            Call::Report { .. } => Answer::refusal(404, "not_found"),
        })
    }

    /// The payment that was begun under this key.
    fn known(&self, key: &str) -> Option<usize> {
        self.keys.iter().find(|(known, _)| known == key).map(|(_, index)| *index)
    }

    /// The answer to the call that began a payment.
    fn begun(&self, index: usize) -> Answer {
        let id = Self::id(index);
        let kind = self.payments.get(index).map_or(Kind::Link, |payment| payment.kind);
        if kind == Kind::Otp {
            return Answer::new(
                200,
                format!(
                    r#"{{"cf_payment_id":"{id}","payment_method":"card","channel":"post","action":"post","data":{{"url":null}}}}"#
                ),
            );
        }
        let (channel, payload) = match kind {
            Kind::Link => ("link", format!(r#"{{"default":"upi://pay?pa=a@b&am=250.00&tr={id}"}}"#)),
            Kind::Collect | Kind::Otp => ("collect", "null".to_owned()),
        };
        Answer::new(
            200,
            format!(
                r#"{{"cf_payment_id":"{id}","payment_method":"upi","channel":"{channel}","action":"custom","data":{{"url":null,"payload":{payload},"content_type":null,"method":null}}}}"#
            ),
        )
    }

    fn otp(&mut self, id: u64, right: Option<bool>) -> Answer {
        let active = self.state == State::Active;
        let Some(payment) = self.payment(id).filter(|payment| active && payment.status == Status::NotAttempted) else {
            return Answer::refusal(400, "payment_not_active");
        };
        payment.otps += 1;
        let (action, word) = match right {
            None => ("RESEND_OTP", "SUCCESS"),
            Some(false) => ("SUBMIT_OTP", "FAILED"),
            Some(true) => {
                payment.status = Status::Pending;
                ("SUBMIT_OTP", "SUCCESS")
            }
        };
        Answer::new(200, format!(r#"{{"cf_payment_id":"{id}","action":"{action}","authenticate_status":"{word}"}}"#))
    }

    fn payment_of(&self, order: &OrderId, id: &str) -> Option<usize> {
        (0..self.payments.len())
            .find(|index| RefundId::of_payment(order, CfPaymentId::new(Self::id(*index))).as_str() == id)
    }

    fn refund_of(&self, order: &OrderId, id: &str) -> Option<()> {
        let named = self.payment_of(order, id).and_then(|index| self.payments.get(index));
        (named.is_some_and(|payment| payment.refunded && !payment.unnamed)
            || self.unnamed.iter().any(|made| made == id))
        .then_some(())
    }

    /// The ids of all refunds.
    pub fn refunds(&self, order: &OrderId) -> Vec<String> {
        let id = |index| RefundId::of_payment(order, CfPaymentId::new(Self::id(index))).to_string();
        let named = (0..self.payments.len()).map(id).filter(|id| self.refund_of(order, id).is_some());
        named.chain(self.unnamed.iter().cloned()).collect()
    }

    fn refund_body(order: &OrderId, id: &str) -> Answer {
        Answer::new(
            200,
            format!(
                r#"{{"refund_id":"{id}","order_id":"{order}","refund_amount":{AMOUNT},"refund_status":"SUCCESS"}}"#
            ),
        )
    }

    fn refund(&mut self, order: &OrderId, id: &str) -> Result<Answer, String> {
        if self.refund_of(order, id).is_some() {
            return Ok(Self::refund_body(order, id));
        }
        let refunded = self.payments.iter().filter(|payment| payment.refunded).count();
        let paid = self.payments.iter().filter(|payment| payment.status == Status::Success).count();
        if refunded >= paid {
            return Ok(Answer::refusal(400, "refund_amount_invalid"));
        }
        let index = self.payment_of(order, id);
        if index.is_none() {
            // By its amount alone: it comes off whatever is there.
            self.unnamed.push(id.to_owned());
        }
        let stands = |payment: &Payment| payment.status == Status::Success && !payment.refunded;
        let of = index.or_else(|| self.payments.iter().position(stands));
        if let Some(payment) = of.and_then(|index| self.payments.get_mut(index)) {
            payment.refunded = true;
            payment.unnamed = index.is_none();
        }
        self.facts().refunded(index.map(Self::id), false)?;
        Ok(Self::refund_body(order, id))
    }
}
