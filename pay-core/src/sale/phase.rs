//! Where a sale is.

use super::super::model::CfPaymentId;
use super::delivery::Failure;
use super::record::AttemptEnd;
use super::step::Outcome;
use super::time::Millis;

/// Where the sale is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Create(Millis),
    Ready(Option<AttemptEnd>),
    Pay(Millis),
    Present(Presented),
    Otp(Millis),
    Ask(Question, Millis),
    Terminate(Millis),
    Refund(Millis),
    ReadRefund(Millis),
    Report(Millis),
    Done(Outcome),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presented {
    Reply,
    Otp { was_wrong: bool },
    BankPage,
}

/// What to ask the ask route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// How the order stands.
    Order,
    /// Whether an order that exists already is ours, unpaid and untouched.
    Adopt,
    /// Whether it has attempts already.
    AdoptPayments,
    /// How one attempt stands.
    Payment(CfPaymentId),
    /// How all stand, the order being active.
    Payments,
    /// How all stand, the order being paid: was it paid twice?
    Surplus,
    /// How all stand, the order being closed: did money come all the same?
    Late(NotPaidWord),
}

/// Which of the two closed states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotPaidWord {
    Terminated,
    Expired,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asking {
    /// Rounds made.
    pub(super) rounds: u32,
    /// Since when complete readings agree that there is no payment.
    pub(super) none_since: Option<Millis>,
    /// The gateway has taken the wish to close the order.
    pub(super) terminating: bool,
}

/// What to do with the attempt that is open when another method is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
// Exhaustive on purpose: these are the three ways there are.
#[allow(clippy::exhaustive_enums)]
pub enum Switch {
    /// Ask until it has ended: then [`Step::Ready`](super::Step::Ready) comes again, or the sale is paid. The way after a card. Needs
    /// [`Policy::can_ask`](super::Policy::can_ask).
    Wait,
    /// Begin another in the same order at once; the old one stays watched, and if both succeed the surplus must go back.
    /// Only for attempts that a shopper must complete, a QR or a link, which then is safe enough.
    GoOn,
    /// Close the order (needs [`Policy::can_ask`](super::Policy::can_ask) too), as [`Sale::cancel`](super::Sale::cancel) does; the other method is another sale.
    Close,
}

/// Why the ask route gave no answer last time. Says nothing about the payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// The refund that was due has been cancelled at the gateway: an operator must look.
    RefundCancelled,
}
