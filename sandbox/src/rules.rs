//! What the documents leave open, as switches.

use crate::{rate::Limits, refund::RefundStatus, scenario::Scenario};

/// Whether `x-idempotency-key` counts on calls that carry no merchant credentials. The documents leave it open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SessionKeys {
    /// The key counts on every POST.
    #[default]
    Honoured,
    /// The key counts only beside `x-client-id` and `x-client-secret`; without them the same request is done twice.
    Ignored,
}

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

/// What the documents leave to the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// After so many milliseconds an attempt succeeds by itself; `None`: it waits for `POST /simulate` or an OTP.
    /// Test VPAs end after this time too (at once without it), and refunds.
    pub settle_after_ms: Option<u64>,
    /// From TERMINATION_REQUESTED to TERMINATED, in milliseconds.
    pub terminate_after_ms: u64,
    /// See [`SessionKeys`].
    pub session_keys: SessionKeys,
    /// Whether 401, 429 and version errors are kept under the key too.
    pub store_throttles: bool,
    /// See [`Sessions`].
    pub sessions: Sessions,
    /// Whether answers about an order carry its `order_tags`.
    pub answer_tags: bool,
    /// See [`Unfinished`].
    pub unfinished: Unfinished,
    /// See [`Listing`].
    pub listing: Listing,
    /// How refunds end. SUCCESS: PENDING at first, then this; any other status: at once and for good.
    pub refunds: RefundStatus,
    /// Calls per minute.
    pub limits: Limits,
    /// What every order plays that chooses no scenario itself.
    pub scenario: Option<&'static Scenario>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            settle_after_ms: None,
            terminate_after_ms: 1000,
            session_keys: SessionKeys::default(),
            store_throttles: false,
            sessions: Sessions::default(),
            answer_tags: true,
            unfinished: Unfinished::default(),
            listing: Listing::default(),
            refunds: RefundStatus::Success,
            limits: Limits::NONE,
            scenario: None,
        }
    }
}
