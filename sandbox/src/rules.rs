//! What the documents leave open, as switches.

use crate::{rate::Limits, scenario::Scenario};

/// Whether `x-idempotency-key` counts on calls that carry no merchant credentials. The documents leave it open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SessionKeys {
    /// The key counts on every POST.
    #[default]
    Honoured,
    /// The key counts only beside `x-client-id` and `x-client-secret`; without them the same request is done twice.
    Ignored,
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
            limits: Limits::NONE,
            scenario: None,
        }
    }
}
