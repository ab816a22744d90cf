//! A refund in the books.

use crate::ground::amount::Paise;
use crate::ground::time::UnixMillis;

/// `refund_status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundStatus {
    /// On its way.
    Pending,
    /// Given back.
    Success,
    /// Will not be given back.
    Cancelled,
    /// Waits for the gateway's own people.
    OnHold,
    /// Waits for the merchant's own people; no specification has it.
    PendingApproval,
    /// Those people said no; no specification has it.
    Rejected,
    /// The bank said no; no specification has it.
    Failed,
}

impl RefundStatus {
    /// The gateway's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Success => "SUCCESS",
            Self::Cancelled => "CANCELLED",
            Self::OnHold => "ONHOLD",
            Self::PendingApproval => "PENDING_APPROVAL",
            Self::Rejected => "REJECTED",
            Self::Failed => "FAILED",
        }
    }

    /// Whether the money is back, or still on its way back.
    #[must_use]
    pub fn gives_back(self) -> bool {
        matches!(self, Self::Pending | Self::Success | Self::OnHold | Self::PendingApproval)
    }
}

/// A refund in the books.
#[derive(Clone, Debug)]
pub struct Refund {
    /// The merchant's id, one of a kind within its order; empty where the gateway sends a payment back by itself.
    pub id: String,
    /// The order.
    pub order_id: String,
    /// The payment that is given back.
    pub payment_id: u64,
    /// How much of it.
    pub amount: Paise,
    /// Where it stands.
    pub status: RefundStatus,
    /// When it was asked for.
    pub created: UnixMillis,
    pub(crate) due: UnixMillis,
    pub(crate) cf_id: u64,
    pub(crate) note: Option<String>,
    pub(crate) speed: String,
}
