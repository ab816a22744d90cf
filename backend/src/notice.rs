//! What the people who run a backend are told about.

use core::fmt;

/// A notice for the operator. It has no secrets and no text of the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// Money of this order is refunded.
    Refunded {
        /// The order.
        order_id: String,
        /// The refund at the gateway.
        refund_id: String,
    },
    /// A person has something to do. `backend duties` lists it until it is done.
    Duty {
        /// The order.
        order_id: String,
        /// The duty's name, for `backend done`.
        duty: String,
        /// What to do.
        text: String,
    },
    /// A device asked for an order that the gateway has and the database lacks: an older copy of the database was restored.
    Found {
        /// The order.
        order_id: String,
    },
    /// A device or an order belongs to an account whose keys this backend does not have.
    NotServed {
        /// The account.
        account: String,
    },
    /// This try to refund failed; another follows.
    RefundPending {
        /// The order.
        order_id: String,
        /// The HTTP status.
        status: u16,
    },
    /// The database gives no answer. The backend does nothing until it does.
    NotKept(String),
}

impl Notice {
    /// Its kind in one word, for logs and counters.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Refunded { .. } => "refunded",
            Self::Duty { .. } => "duty",
            Self::Found { .. } => "found",
            Self::NotServed { .. } => "not_served",
            Self::RefundPending { .. } => "refund_pending",
            Self::NotKept(_) => "not_kept",
        }
    }

    /// The order it is about, if it is about one.
    #[must_use]
    pub fn order_id(&self) -> Option<&str> {
        match self {
            Self::Refunded { order_id, .. }
            | Self::Duty { order_id, .. }
            | Self::Found { order_id }
            | Self::RefundPending { order_id, .. } => Some(order_id),
            Self::NotServed { .. } | Self::NotKept(_) => None,
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refunded { order_id, refund_id } => write!(f, "order {order_id}: refunded as {refund_id}"),
            Self::Duty { order_id, duty, text } => write!(f, "order {order_id}: {duty}: {text}"),
            Self::Found { order_id } => {
                write!(f, "order {order_id}: the gateway has it and the database had not; was an older copy restored?")
            }
            Self::NotServed { account } => {
                write!(
                    f,
                    "this backend has no keys of account {account}, and does nothing for it: give --account {account}=FILE"
                )
            }
            Self::RefundPending { order_id, status } => {
                write!(f, "order {order_id}: no refund yet (status {status}); trying again")
            }
            Self::NotKept(why) => write!(f, "the orders cannot be kept: {why}"),
        }
    }
}
