//! Behaviour of orders, payments and refunds that was seen in several ways, or that the documents leave open.

use crate::books::refund::RefundStatus;

/// Whether reading an order returns another `payment_session_id`. Both were seen; every returned session stays valid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sessions {
    /// Each `GET /orders/{order_id}` of an order that can be paid gives a new one.
    #[default]
    Renewed,
    /// An order keeps the one that it was made with.
    Kept,
}

/// The status of an attempt that is not completed, before and after its order closes. All three were seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unfinished {
    /// NOT_ATTEMPTED on a page, else PENDING; USER_DROPPED when the order closes, or 15 minutes on in a scenario.
    #[default]
    Dropped,
    /// NOT_ATTEMPTED for ever. An attempt that was begun (PENDING by `POST /simulate`) is dropped with its order.
    NotAttempted,
    /// PENDING for ever, whatever happens to the order.
    Pending,
}

/// How complete and readable a list of an order's payments is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listing {
    /// Every element can be read.
    #[default]
    Readable,
    /// A last element has null for `cf_payment_id`. It is in no books: a payment that never was more than begun.
    Unreadable,
    /// A thousand elements more, about 1 MB: longer than any buffer. They are in no books and all FAILED.
    Endless,
}

/// The rules for one order. [`Rules`](crate::Rules) explains them.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) settle_after_ms: Option<u64>,
    pub(crate) terminate_after_ms: u64,
    pub(crate) sessions: Sessions,
    pub(crate) answer_tags: bool,
    pub(crate) unfinished: Unfinished,
    pub(crate) listing: Listing,
    pub(crate) refunds: RefundStatus,
    pub(crate) recon_late_ms: u64,
}
