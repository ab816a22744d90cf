//! A payment attempt in the books.

use crate::books::otp::OtpSession;
use crate::books::terms::Unfinished;
use crate::ground::amount::Paise;
use crate::ground::test_data::Outcome;
use crate::ground::time::UnixMillis;
use serde_json::Value;

/// `payment_status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentStatus {
    /// Begun; the customer has done nothing yet.
    NotAttempted,
    /// Waits for the customer or a bank.
    Pending,
    /// Succeeded.
    Success,
    /// Failed.
    Failed,
    /// The customer went away.
    UserDropped,
    /// Succeeded after its order had closed, and was given back at once.
    Cancelled,
}

impl PaymentStatus {
    /// The gateway's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotAttempted => "NOT_ATTEMPTED",
            Self::Pending => "PENDING",
            Self::Success => "SUCCESS",
            Self::Failed => "FAILED",
            Self::UserDropped => "USER_DROPPED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// Whether the attempt still waits.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::NotAttempted | Self::Pending)
    }

    /// Whether a success may still follow although it has ended.
    pub(crate) fn may_succeed_late(self) -> bool {
        matches!(self, Self::Failed | Self::UserDropped)
    }
}

/// An attempt in the books.
#[derive(Clone, Debug)]
pub struct Payment {
    /// `cf_payment_id`
    pub id: u64,
    /// The order it pays.
    pub order_id: String,
    /// What it pays.
    pub amount: Paise,
    /// The method's key in the request: `upi`, `card`, `emi`, …
    pub method: &'static str,
    /// Where it stands.
    pub status: PaymentStatus,
    /// Whether the money is taken; false for a mandate that only holds it.
    pub captured: bool,
    /// When it began.
    pub created: UnixMillis,
    /// When it ended.
    pub completed: Option<UnixMillis>,
    /// Whether somebody else made it, beside the terminals that talk to this gateway.
    pub stranger: bool,
    pub(crate) group: &'static str,
    pub(crate) shown: Value,
    pub(crate) authorize_only: bool,
    pub(crate) error: Option<String>,
    pub(crate) due: Option<(UnixMillis, Outcome)>,
    pub(crate) otp: Option<OtpSession>,
    /// The page of the gateway or the bank for it, as a path below the gateway's address.
    pub(crate) page: Option<String>,
    pub(crate) unfinished: Unfinished,
}

impl Payment {
    /// Whether money was taken and is held.
    #[must_use]
    pub fn is_charge(&self) -> bool {
        self.status == PaymentStatus::Success && self.captured
    }
}
