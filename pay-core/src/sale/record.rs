//! What a journal keeps of a sale: enough to ask, nothing that could pay.

use super::super::model::{
    Amount, ApiVersion, CfPaymentId, Currency, Environment, IdempotencyKey, MethodClass, OrderId, PaymentStatus,
    RefundReason, Text,
};

/// The most attempts of one sale. More are refused: an order that failed so often needs a person.
pub const MAX_ATTEMPTS: usize = 4;

/// What is known of a sale. By its types it cannot hold a card number, a CVV, an OTP, a session id or a hash of one
/// (PCI DSS 4.0.1, requirement 3.3.1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Record {
    /// Counts the states of this sale that were given to the journal, from 1; a higher number replaces a lower one.
    pub seq: u32,
    /// The order: the fence behind which the intent can be paid once.
    pub order_id: OrderId,
    /// What it costs.
    pub amount: Amount,
    /// In which currency.
    pub currency: Currency,
    /// Where the money is.
    pub environment: Environment,
    /// The version its calls are made with.
    pub api_version: ApiVersion,
    /// How far it is.
    pub stage: Stage,
    pub(super) attempts: [Option<Attempt>; MAX_ATTEMPTS],
}

/// How far a sale is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
// Exhaustive on purpose: a journal must store each.
#[allow(clippy::exhaustive_enums)]
pub enum Stage {
    /// The order may exist; nothing was paid.
    Creating,
    /// The order exists; attempts may be on their way.
    Open,
    /// The sale is over for the shopper; the order is being closed. Money that still comes must go back.
    Closing,
    /// Paid. Closed, unless other attempts are still watched: a second success would be a surplus.
    Paid {
        /// Another attempt may still take money.
        watch: bool,
    },
    /// Not paid, for certain. Closed.
    NotPaid(NotPaid),
    /// Money came that must go back. Open until somebody says it did.
    RefundDue(RefundReason),
    /// It went back. Closed.
    Refunded(RefundReason),
}

/// Why a sale ended without money.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum NotPaid {
    /// The order was closed before it was paid.
    Terminated,
    /// The order's time was over.
    Expired,
    /// Given up before anything that could charge was sent.
    NotStarted,
    /// The gateway refused it: status and code.
    Refused(RefusedBy),
    /// Nothing could be sent.
    NotSent,
    /// An order of this id exists with another amount or currency, or with attempts that are not ours.
    OrderConflict,
}

/// A refusal in short: what may be kept and logged of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[allow(clippy::exhaustive_structs)] // the message echoes card data and is left out for ever
pub struct RefusedBy {
    /// The HTTP status.
    pub status: u16,
    /// The gateway's code, cut at 48 bytes.
    pub code: Text<48>,
}

/// One attempt to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Attempt {
    /// What kind of payment.
    pub class: MethodClass,
    /// Its key.
    pub key: IdempotencyKey,
    /// The gateway's number of it, once known.
    pub cf_payment_id: Option<CfPaymentId>,
    /// It was sent again after an unknown answer: there may be two payments of it.
    pub repeated: bool,
    /// What is known of it.
    pub state: AttemptState,
}

/// What is known of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
// Exhaustive on purpose: a journal must store each.
#[allow(clippy::exhaustive_enums)]
pub enum AttemptState {
    /// It may have been sent, and may have been executed.
    Sent,
    /// The gateway has it.
    Known,
    /// It is over.
    Ended(AttemptEnd),
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum AttemptEnd {
    /// It took the money.
    Success,
    /// `FAILED`
    Failed,
    /// `USER_DROPPED`
    UserDropped,
    /// `VOID` or `CANCELLED`
    Reversed,
    /// The gateway refused it; it was not executed.
    Refused(RefusedBy),
    /// It never left this terminal.
    NotSent,
    /// It never left, because the server is not who it should be.
    Untrusted,
    /// The gateway does not have it: two agreeing readings, far enough apart.
    NotFound,
}

impl Record {
    /// A sale that has not begun.
    pub(super) const fn new(
        order_id: OrderId,
        amount: Amount,
        currency: Currency,
        environment: Environment,
        api_version: ApiVersion,
        stage: Stage,
    ) -> Self {
        let attempts = [const { None }; MAX_ATTEMPTS];
        Self { seq: 0, order_id, amount, currency, environment, api_version, stage, attempts }
    }

    /// The attempts, oldest first.
    pub fn attempts(&self) -> impl DoubleEndedIterator<Item = &Attempt> {
        self.attempts.iter().flatten()
    }

    /// How many attempts there were. The number of the next one.
    pub fn attempt_count(&self) -> usize {
        self.attempts().count()
    }

    /// Whether somebody still has to do something about it.
    pub const fn is_open(&self) -> bool {
        !matches!(self.stage, Stage::Paid { watch: false } | Stage::NotPaid(_) | Stage::Refunded(_))
    }

    pub(super) fn attempts_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Attempt> {
        self.attempts.iter_mut().flatten()
    }

    pub(super) fn last_attempt(&mut self) -> Option<&mut Attempt> {
        self.attempts_mut().next_back()
    }
}

impl Attempt {
    /// It can still change.
    pub const fn is_open(&self) -> bool {
        !matches!(self.state, AttemptState::Ended(_))
    }

    /// It may have reached the gateway, and may take money even now: all but what was refused or never left. What was
    /// not found may turn up, and what failed may succeed late.
    pub const fn may_have_charged(&self) -> bool {
        !matches!(self.state, AttemptState::Ended(AttemptEnd::Refused(_) | AttemptEnd::NotSent | AttemptEnd::Untrusted))
    }
}

impl AttemptEnd {
    /// The end that a final status is; `None` for a status that is not final.
    pub(super) const fn of(status: PaymentStatus<'_>) -> Option<Self> {
        match status {
            PaymentStatus::Success => Some(Self::Success),
            PaymentStatus::Failed => Some(Self::Failed),
            PaymentStatus::UserDropped => Some(Self::UserDropped),
            PaymentStatus::Void | PaymentStatus::Cancelled => Some(Self::Reversed),
            _ => None,
        }
    }
}
