//! How the program ends.

use pay_core::Outcome;
use pay_core::sale::{AttemptEnd, NotPaid};

/// The exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
#[allow(clippy::exhaustive_enums)]
pub enum Exit {
    /// The order is paid.
    Paid = 0,
    /// An error of this side, or of the way there: nothing that could charge was sent.
    Local = 1,
    /// Refused or failed: no money was taken, or it must go back.
    Failed = 2,
    /// Whether money was taken is not known here.
    Unknown = 3,
    /// The shopper may still pay.
    Pending = 4,
}

impl Exit {
    /// The code of an outcome; `end` is how the last attempt ended, if it did.
    pub fn of(outcome: &Outcome, end: Option<&AttemptEnd>) -> Self {
        match outcome {
            Outcome::Paid { .. } => Self::Paid,
            Outcome::NotPaid(NotPaid::NotSent | NotPaid::NotStarted) => Self::Local,
            // The order was closed because nothing could be sent.
            Outcome::NotPaid(NotPaid::Terminated | NotPaid::Expired)
                if matches!(end, Some(AttemptEnd::NotSent | AttemptEnd::Untrusted)) =>
            {
                Self::Local
            }
            Outcome::NotPaid(_) | Outcome::RefundDue(_) => Self::Failed,
            Outcome::Unknown => Self::Unknown,
            Outcome::Pending => Self::Pending,
        }
    }

    /// The number.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// The word for an outcome in the last line.
pub(crate) const fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Paid { watch: false, .. } => "paid",
        Outcome::Paid { watch: true, .. } => "paid, and watched for a second payment",
        Outcome::NotPaid(_) => "not paid",
        Outcome::RefundDue(_) => "refund due",
        Outcome::Pending => "pending",
        Outcome::Unknown => "unknown",
    }
}
