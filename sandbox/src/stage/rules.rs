//! What the documents leave open, as switches.

use crate::books::refund::RefundStatus;
use crate::books::terms::{Listing, Sessions, Terms, Unfinished};
use crate::gateway::habits::Habits;
use crate::gateway::keys::SessionKeys;
use crate::gateway::rate::Limits;
use crate::scenario::entry::Scenario;

/// What the documents leave to the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// After this many milliseconds an attempt succeeds by itself; `None`: it waits for `POST /simulate` or an OTP.
    /// Test VPAs end after this time too (at once without it), and refunds.
    pub settle_after_ms: Option<u64>,
    /// From TERMINATION_REQUESTED to TERMINATED, in milliseconds.
    pub terminate_after_ms: u64,
    /// See [`SessionKeys`].
    pub session_keys: SessionKeys,
    /// Whether 401, 429 and version errors are stored under the key too.
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
    /// So many milliseconds after an event the reconciliation's pages have it.
    pub recon_late_ms: u64,
    /// Calls per minute.
    pub limits: Limits,
    /// See [`Habits`].
    pub habits: Habits,
    /// How many of a hundred webhooks are lost, with their repeats.
    pub lost_webhooks: u32,
    /// The scenario of every order that does not choose one itself.
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
            recon_late_ms: 0,
            limits: Limits::NONE,
            habits: Habits::default(),
            lost_webhooks: 0,
            scenario: None,
        }
    }
}

impl Rules {
    /// Those about orders, payments and refunds.
    pub(crate) fn terms(&self) -> Terms {
        Terms {
            settle_after_ms: self.settle_after_ms,
            terminate_after_ms: self.terminate_after_ms,
            sessions: self.sessions,
            answer_tags: self.answer_tags,
            unfinished: self.unfinished,
            listing: self.listing,
            refunds: self.refunds,
            recon_late_ms: self.recon_late_ms,
        }
    }
}
