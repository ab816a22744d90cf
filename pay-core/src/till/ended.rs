//! The results of a till's jobs.

use core::fmt;

use super::super::model::{Amount, CfPaymentId, InvalidValue, OpenOrder, OrderId, RefundId, RefundStatus, Text};
use super::super::sale::{
    AttemptEnd, AttemptState, LimitReached, NotPaid, Outcome, Record, RefusedBy, Release, RouteProblem, SaleError,
};

/// The result of a job.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, clippy::large_enum_variant)] // one for each thing that can be begun
pub enum Done {
    /// Nothing was begun.
    Nothing,
    /// The order exists and can be paid.
    Created(OpenOrder),
    /// The sale is over, or was left; how it stands.
    Over(Outcome),
    /// Every open sale of the journal was resumed; this many are still open.
    Settled(u32),
    /// The gateway has the refund.
    Refunded(Refunded),
    /// The backend's orders of this device are stored.
    Recovered(Recovered),
    /// How the order stands at the gateway.
    Status(Status),
    /// The job was not carried out.
    Refused(Trouble),
}

impl Done {
    /// The id belongs to another party's order, or to one that the journal has: another id may work.
    pub(super) const fn is_taken(&self) -> bool {
        matches!(self, Self::Over(Outcome::OrderTaken) | Self::Refused(Trouble::Over(_) | Trouble::Changed(_)))
    }
}

/// What a terminal that lost its journal has recovered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Recovered {
    /// The epoch that begins: [`Device::epoch`](super::Device::epoch) from now on.
    pub epoch: u32,
    /// How many orders were added to the journal. Whether their goods are out is unknown.
    pub orders: u32,
    /// How many orders could not be stored: the journal is full, or their amount could not be read. Settle, then
    /// recover again.
    pub left: u32,
}

/// A refund as the gateway has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Refunded {
    /// Its id.
    pub refund_id: RefundId,
    /// How much.
    pub amount: Amount,
    /// Where the money is.
    pub money: MoneyBack,
    /// The gateway's own word, such as `SUCCESS` or `REJECTED`; an open set.
    pub word: Text<24>,
}

/// Whether the shopper has the money of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MoneyBack {
    /// The shopper has it.
    Done,
    /// The gateway has taken the refund; the money is on its way.
    OnItsWay,
    /// The refund was cancelled. A person must look.
    Cancelled,
    /// The gateway's word is unknown here. A person must look.
    Unknown,
}

impl MoneyBack {
    pub(super) const fn of(status: RefundStatus<'_>) -> Self {
        match status {
            RefundStatus::Success => Self::Done,
            RefundStatus::Initiated | RefundStatus::Pending | RefundStatus::OnHold => Self::OnItsWay,
            RefundStatus::Cancelled => Self::Cancelled,
            RefundStatus::Unknown(_) => Self::Unknown,
        }
    }
}

/// How an order stands at the gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Status {
    /// The order's amount, once read.
    pub amount: Option<Amount>,
    /// The order.
    pub order: OrderState,
    /// Number of successful payments.
    pub paid: u32,
    /// Their sum, in paise.
    pub paid_minor: u64,
    /// Number of payments that have not ended.
    pub pending: u32,
    /// Sum of refunds that are made or on their way, in paise.
    pub back_minor: u64,
    /// One of its refunds, if it has any.
    pub refund: Option<RefundId>,
}

/// The order's own state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OrderState {
    /// It can be paid.
    Active,
    /// It is paid.
    Paid,
    /// It expired.
    Expired,
    /// It was closed.
    Terminated,
    /// It is being closed.
    Closing,
    /// The gateway's word is unknown here.
    #[default]
    Unknown,
}

/// Why a job was not carried out. Nothing that could charge was sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trouble {
    /// The journal cannot be read or written. Nothing was sent.
    Journal,
    /// Too much is unsettled for another sale: call `settle_open`.
    Limit(LimitReached),
    /// The journal has this order with another amount or currency, or at another gateway: use a new order id.
    Changed(OrderId),
    /// The journal has this order, and it is over with this outcome.
    Over(Outcome),
    /// The journal does not have this order.
    NoOrder(OrderId),
    /// A buffer is too small, a value does not fit, or the call is out of turn.
    Sale(SaleError),
    /// A value is invalid; the field is named.
    Value(InvalidValue),
    /// The till could not learn how the order stands: try again.
    Route(RouteProblem),
    /// The gateway or the backend refused: status and code.
    Refusal(RefusedBy),
    /// The refund is more than is left of what was paid.
    RefundTooMuch {
        /// A refund that the order already has, if one is known.
        already: Option<RefundId>,
    },
    /// A refund of this name was made with another amount: use another name.
    RefundDiffers(RefundId),
}

/// How a sale stands, for people, logs and receipts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Ended {
    /// The order.
    pub order_id: OrderId,
    /// The outcome so far.
    pub outcome: Outcome,
    /// The state of the goods.
    pub release: Release,
    /// The payment of the last attempt, if the gateway gave it a number.
    pub cf_payment_id: Option<CfPaymentId>,
    /// How the last attempt ended, if it has.
    pub attempt: Option<AttemptEnd>,
    /// Number of attempts.
    pub attempts: usize,
    /// The gateway's last refusal: status and code.
    pub said: Option<RefusedBy>,
    /// A person must look: [`Record::needs_person`].
    pub needs_person: bool,
    /// Why the last question got no answer.
    pub problem: Option<RouteProblem>,
    /// The journal failed to store the latest state.
    pub journal_failed: bool,
    /// The sale is still open in the journal.
    pub open: bool,
}

impl Ended {
    /// Made from the record of a sale.
    pub(super) fn of(record: &Record, outcome: Outcome, problem: Option<RouteProblem>, journal_failed: bool) -> Self {
        let last = record.attempts().next_back();
        let attempt = last.and_then(|attempt| match &attempt.state {
            AttemptState::Ended(end) => Some(end.clone()),
            AttemptState::Sent | AttemptState::Known => None,
        });
        Self {
            order_id: record.order_id.clone(),
            release: record.release,
            cf_payment_id: last.and_then(|attempt| attempt.cf_payment_id),
            attempt,
            attempts: record.attempt_count(),
            said: record.said.clone(),
            needs_person: record.needs_person(),
            problem,
            journal_failed,
            open: record.is_open(),
            outcome,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Journal => f.write_str("the journal cannot be read or written"),
            Self::Limit(why) => write!(f, "no new sale: {why}"),
            Self::Changed(order) => {
                write!(
                    f,
                    "order_amount: the journal has order {order} for another amount or currency, or at another gateway"
                )
            }
            Self::Over(Outcome::Paid { .. }) => f.write_str("order_id: the order is paid already"),
            Self::Over(Outcome::NotPaid(NotPaid::Refused(by))) => {
                write!(f, "the gateway refused the order: status {} ({})", by.status, by.code)
            }
            Self::Over(Outcome::NotPaid(NotPaid::NotSent)) => {
                f.write_str("nothing could be sent for this order; the till's `Observer` was told why")
            }
            Self::Over(Outcome::OrderTaken) => {
                f.write_str("order_id: the order existed before, or another party is paying it; use another id")
            }
            Self::Over(_) => f.write_str("order_id: the sale of this order is over; use another id"),
            Self::NoOrder(order) => write!(f, "order_id: the journal has no order {order}"),
            Self::Sale(error) => error.fmt(f),
            Self::Value(error) => error.fmt(f),
            Self::Route(problem) => write!(f, "the state of the order is unknown: {}", Why(*problem)),
            Self::Refusal(by) => write!(f, "refused with status {} ({})", by.status, by.code),
            Self::RefundTooMuch { already: Some(id) } => {
                write!(f, "refund_amount: more than is left of the order; refund {id} was made already")
            }
            Self::RefundTooMuch { already: None } => f.write_str("refund_amount: more than was paid"),
            Self::RefundDiffers(id) => write!(f, "refund_amount: refund {id} exists for another amount"),
        }
    }
}

impl core::error::Error for Trouble {}

/// A route's problem, as text for people.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs)] // a way to print it
pub struct Why(pub RouteProblem);

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            RouteProblem::Failed(failure) => failure.fmt(f),
            RouteProblem::Refused { status } => write!(f, "the answer was status {status}"),
            RouteProblem::Unreadable => f.write_str("the answer could not be read, or was about something else"),
            RouteProblem::RefundRefused => f.write_str("the gateway refused the refund; a person must look"),
        }
    }
}

impl From<SaleError> for Trouble {
    fn from(error: SaleError) -> Self {
        Self::Sale(error)
    }
}

impl From<InvalidValue> for Trouble {
    fn from(error: InvalidValue) -> Self {
        Self::Value(error)
    }
}
