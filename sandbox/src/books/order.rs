//! An order in the books.

use crate::ground::amount::Paise;
use crate::ground::json::Object;
use crate::ground::time::UnixMillis;

/// `order_status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderStatus {
    /// Can be paid.
    Active,
    /// Was paid.
    Paid,
    /// Its time ran out unpaid.
    Expired,
    /// Was cancelled.
    Terminated,
    /// Will be cancelled unless a payment succeeds first.
    TerminationRequested,
}

impl OrderStatus {
    /// The gateway's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Paid => "PAID",
            Self::Expired => "EXPIRED",
            Self::Terminated => "TERMINATED",
            Self::TerminationRequested => "TERMINATION_REQUESTED",
        }
    }
}

/// An order in the books.
#[derive(Clone, Debug)]
pub struct Order {
    /// The merchant's id.
    pub id: String,
    /// The gateway's id.
    pub cf_id: u64,
    /// What is to be paid.
    pub amount: Paise,
    /// Where it stands.
    pub status: OrderStatus,
    /// When it was made.
    pub created: UnixMillis,
    /// When it expires.
    pub expires: UnixMillis,
    pub(crate) terminates: Option<UnixMillis>,
    pub(crate) session: String,
    pub(crate) request: Object,
}

impl Order {
    /// When it closes by itself, if it is open.
    pub(crate) fn closes(&self) -> Option<UnixMillis> {
        match self.status {
            OrderStatus::Active => Some(self.expires),
            OrderStatus::TerminationRequested => self.terminates,
            _ => None,
        }
    }
}
