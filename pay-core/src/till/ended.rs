//! How what was begun has ended.

use core::fmt;

use super::super::model::{Amount, CfPaymentId, InvalidValue, OpenOrder, OrderId, RefundId, RefundStatus, Text};
use super::super::sale::{
    AttemptEnd, AttemptState, LimitReached, Outcome, Record, RefusedBy, Release, RouteProblem, SaleError,
};

/// How what was begun has ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums, clippy::large_enum_variant)] // one for each thing that can be begun
pub enum Done {
    /// Nothing was begun.
    Nothing,
    /// The order exists and can be paid.
    Created(OpenOrder),
    /// The sale is over, or left; how it stands.
    Over(Outcome),
    /// Every sale that the journal has open was looked after: so many are still open.
    Settled(u32),
    /// The refund is there.
    Refunded(Refunded),
    /// What the backend knew of this device is kept.
    Recovered(Recovered),
    /// How the order stands at the gateway.
    Status(Status),
    /// It could not be done.
    Refused(Trouble),
}

impl Done {
    /// The id is of an order of somebody else, or of one that the journal knows: another id may do.
    pub(super) const fn is_taken(&self) -> bool {
        matches!(self, Self::Over(Outcome::OrderTaken) | Self::Refused(Trouble::Over(_) | Trouble::Changed(_)))
    }
}

/// What a terminal that lost its journal has got back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Recovered {
    /// The number of the life that begins, as the backend counts them: [`Device::epoch`](super::Device::epoch) from now on.
    pub epoch: u32,
    /// Orders that the journal has now, and did not have. Whether their goods are out is unknown.
    pub orders: u32,
    /// Orders that it could not take: it is full, or nobody said what they cost. Settle, then recover again.
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
    /// The gateway's own word for that, `SUCCESS` or `REJECTED`; an open set.
    pub word: Text<24>,
}

/// Where the money of a refund is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MoneyBack {
    /// With the shopper.
    Done,
    /// On its way; the gateway has taken it.
    OnItsWay,
    /// Not on its way: it was cancelled, and a person must look.
    Cancelled,
    /// The gateway says a word that is not known here. A person must look.
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
    /// What it costs, once read.
    pub amount: Option<Amount>,
    /// The order.
    pub order: OrderState,
    /// Payments that took money.
    pub paid: u32,
    /// How much, in paise.
    pub paid_minor: u64,
    /// Payments that have not ended.
    pub pending: u32,
    /// How much has gone back, or is on its way, in paise.
    pub back_minor: u64,
    /// A refund of it.
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
    /// Its time was over.
    Expired,
    /// It was closed.
    Terminated,
    /// It is being closed.
    Closing,
    /// A word that is not known here.
    #[default]
    Unknown,
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Trouble {
    /// The journal cannot be read or written. Nothing was sent.
    Journal,
    /// Too much is unsettled for another sale.
    Limit(LimitReached),
    /// The journal has this order over another amount or currency, or at another gateway.
    Changed(OrderId),
    /// The journal has this order, and it is over: so it ended.
    Over(Outcome),
    /// The journal does not have this order.
    NoOrder(OrderId),
    /// A buffer, a value, or a point at which this cannot be done.
    Sale(SaleError),
    /// A value was refused.
    Value(InvalidValue),
    /// Nobody could say how the order stands.
    Route(RouteProblem),
    /// The gateway or the backend said no.
    Refusal(RefusedBy),
    /// The refund would leave less money than what went out for it; the refund that was already made, if one is known.
    RefundTooMuch {
        /// A refund that the order has already.
        already: Option<RefundId>,
    },
    /// A refund of this name was made over another amount.
    RefundDiffers(RefundId),
}

/// How a sale stands, in facts for people, logs and receipts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Ended {
    /// The order.
    pub order_id: OrderId,
    /// How it stands.
    pub outcome: Outcome,
    /// What became of the goods.
    pub release: Release,
    /// The payment of the last attempt, if the gateway gave a number.
    pub cf_payment_id: Option<CfPaymentId>,
    /// How the last attempt ended, if it did.
    pub attempt: Option<AttemptEnd>,
    /// How many attempts there were.
    pub attempts: usize,
    /// The last reason that the gateway gave for not doing as it was asked: status and code.
    pub said: Option<RefusedBy>,
    /// A person must look: [`Record::needs_person`].
    pub needs_person: bool,
    /// Why nobody could be asked last time.
    pub problem: Option<RouteProblem>,
    /// The journal did not take what is known last.
    pub journal_failed: bool,
    /// Somebody still has to do something about it: it is open in the journal.
    pub open: bool,
}

impl Ended {
    /// From what is known of a sale.
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
                write!(f, "order_amount: the journal has order {order} over another amount or currency, or elsewhere")
            }
            Self::Over(Outcome::Paid { .. }) => f.write_str("order_id: the order is paid already"),
            Self::Over(_) => f.write_str("order_id: the sale of this order is over; take another order"),
            Self::NoOrder(order) => write!(f, "order_id: the journal has no order {order}"),
            Self::Sale(error) => error.fmt(f),
            Self::Value(error) => error.fmt(f),
            Self::Route(problem) => write!(f, "nobody could say how the order stands: {}", Why(*problem)),
            Self::Refusal(by) => write!(f, "refused with status {} ({})", by.status, by.code),
            Self::RefundTooMuch { already: Some(id) } => {
                write!(f, "refund_amount: more than is left of the order; refund {id} was made already")
            }
            Self::RefundTooMuch { already: None } => f.write_str("refund_amount: more than was paid"),
            Self::RefundDiffers(id) => write!(f, "refund_amount: refund {id} exists over another amount"),
        }
    }
}

impl core::error::Error for Trouble {}

/// A route's problem, in words for people.
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
