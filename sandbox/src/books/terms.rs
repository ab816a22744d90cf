//! What was seen both ways, or is left open, about orders, payments and refunds.

use crate::books::refund::RefundStatus;

/// Whether reading an order gives another `payment_session_id`. Both were seen; every session that was given stays good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sessions {
    /// Each `GET /orders/{order_id}` of an order that can be paid gives a new one.
    #[default]
    Renewed,
    /// An order keeps the one that it was made with.
    Kept,
}

/// How an attempt waits that nobody completes, and what becomes of it when its order closes. All three were seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unfinished {
    /// NOT_ATTEMPTED on a page, else PENDING; USER_DROPPED when the order closes, or 15 minutes on in a scenario.
    #[default]
    Dropped,
    /// NOT_ATTEMPTED, and that for ever. What somebody has begun (PENDING by `POST /simulate`) is dropped with its order.
    NotAttempted,
    /// PENDING for ever, whatever becomes of the order.
    Pending,
}

/// What a list of an order's payments looks like to somebody who wants to read all of it.
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
}
