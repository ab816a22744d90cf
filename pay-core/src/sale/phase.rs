//! Where a sale is.

use super::super::model::{CfPaymentId, RefundId};
use super::delivery::Failure;
use super::listing::Reading;
use super::record::{AttemptEnd, MAX_ATTEMPTS};
use super::settle::Quiet;
use super::step::Outcome;
use super::time::Millis;

/// So many payments of others are looked for among the refunds of an order. With more of them a person must look.
pub(super) const MAX_OTHERS: usize = 2;

/// Where the sale is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    Create(Millis),
    Ready(Option<AttemptEnd>),
    Pay(Millis),
    Present(Presented),
    /// Submits an OTP for this payment.
    Otp(CfPaymentId, Millis),
    Ask(Question, Millis),
    Terminate(Millis),
    Refund(RefundId, Millis),
    ReadRefund(RefundId, Millis),
    /// Tells the backend whether the goods are out.
    Report(bool, Millis),
    /// Asks the backend for the right to hand out for this payment.
    Claim(CfPaymentId, Millis),
    Done(Outcome),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Presented {
    Reply,
    Otp { was_wrong: bool },
    BankPage,
}

/// What to ask the ask route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Question {
    /// How the order stands.
    Order,
    /// Whether an order that was there before this sale can be paid by it.
    Take,
    /// Whether somebody is paying it.
    TakePayments,
    /// How all payments stand, the order being active.
    Payments,
    /// Whose money it was, the order being paid.
    Whose,
    /// How all stand, the order being paid: was it paid twice?
    Watch,
    /// How all stand, the order being closed: did money come all the same?
    Late(NotPaidWord),
    /// How many took money, before one goes back.
    BeforeRefund,
    /// What has gone back already: so much may in all, in the currency's smallest unit, and once more where the
    /// payments of others that stood went back too.
    Refunds { most: u64, others: [Option<CfPaymentId>; MAX_OTHERS] },
    /// How one attempt stands; then that question again. `None`: then the order.
    Payment(CfPaymentId, Option<Listed>),
}

/// A question that a list answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Listed {
    Payments,
    Whose,
    Watch,
    Late(NotPaidWord),
}

impl From<Listed> for Question {
    fn from(listed: Listed) -> Self {
        match listed {
            Listed::Payments => Self::Payments,
            Listed::Whose => Self::Whose,
            Listed::Watch => Self::Watch,
            Listed::Late(word) => Self::Late(word),
        }
    }
}

/// Which of the two closed states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum NotPaidWord {
    Terminated,
    Expired,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Asking {
    /// Rounds made.
    pub(super) rounds: u32,
    /// Since when complete readings of an active order agree that there is no payment.
    pub(super) none_since: Option<Millis>,
    /// Since when readings of a closed order agree that nothing moves.
    pub(super) quiet: Quiet,
    /// Since when the order has been read as paid.
    pub(super) paid_since: Option<Millis>,
    /// Since when its lists, each of which came, have not told whose money it was.
    pub(super) unclear_since: Option<Millis>,
    /// The gateway has said that there is no such order, and nothing else since.
    pub(super) gone: bool,
    /// The question on its way is to be answered when there is news, or at about this time.
    pub(super) waits: Option<Millis>,
    /// The gateway has accepted the termination.
    pub(super) terminating: bool,
    /// What single payments were read as in this round, by attempt.
    pub(super) singles: [Option<Reading>; MAX_ATTEMPTS],
}

/// What to do with the open attempt when the shopper wants another method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
// Exhaustive on purpose: these are the three ways there are.
#[allow(clippy::exhaustive_enums)]
pub enum Switch {
    /// Ask until it has ended: then [`Step::Ready`](super::Step::Ready) comes again, or the sale is paid. Use it after
    /// a card. Needs [`Policy::can_ask`](super::Policy::can_ask).
    Wait,
    /// Begin another in the same order at once. The sale watches the old one; if both succeed, the surplus is refunded.
    /// Only for attempts that a shopper must complete: a QR or a link.
    GoOn,
    /// Close the order, as [`Sale::cancel`](super::Sale::cancel) does; the other method is another sale. Needs
    /// [`Policy::can_ask`](super::Policy::can_ask).
    Close,
}

/// Why the ask route gave no answer last time. Says nothing about the payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum RouteProblem {
    /// The exchange failed.
    Failed(Failure),
    /// It answered with this status.
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// Its answer could not be read, or was about something else.
    Unreadable,
    /// The refund that is due was cancelled, rejected or waits for approval at the gateway, or was refused too often: a
    /// person must look.
    RefundRefused,
}
