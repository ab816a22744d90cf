//! What a device gets back.

use serde_json::json;

use crate::budget::Rate;

/// An answer: the gateway's own, or ours in the gateway's form.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// What is left of the minute; none where the gateway was not to be asked.
    pub(crate) rate: Option<Rate>,
    /// The gateway's `Date`, where the answer is its own.
    pub(crate) date: Option<u64>,
    /// The call did nothing: it is the state of what an earlier one made.
    pub(crate) replayed: bool,
}

impl Answer {
    pub(crate) fn ok(body: Vec<u8>) -> Self {
        Self { status: 200, body, rate: None, date: None, replayed: false }
    }

    pub(crate) fn with_rate(mut self, rate: Rate) -> Self {
        self.rate = Some(rate);
        self
    }

    /// An earlier call made it: whoever asks must not take it for fresh.
    pub(crate) fn repeated(mut self) -> Self {
        self.replayed = true;
        self
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn invalid(code: &str, message: &str) -> Self {
        Self::refusal(400, "invalid_request_error", code, message)
    }

    pub(crate) fn unauthenticated() -> Self {
        Self::refusal(401, "authentication_error", "request_failed", "the device token is missing or not known")
    }

    pub(crate) fn not_signed() -> Self {
        Self::refusal(401, "authentication_error", "request_failed", "the signature is missing or not the gateway's")
    }

    pub(crate) fn no_such_path() -> Self {
        Self::refusal(404, "invalid_request_error", "request_failed", "there is no such path here")
    }

    pub(crate) fn no_such_method() -> Self {
        Self::refusal(405, "invalid_request_error", "request_failed", "this path does not have this method")
    }

    pub(crate) fn no_such_order() -> Self {
        Self::refusal(404, "invalid_request_error", "order_not_found", "order is not found")
    }

    pub(crate) fn order_exists() -> Self {
        let message = "order with same id is already present";
        Self::refusal(409, "invalid_request_error", "order_already_exists", message)
    }

    pub(crate) fn contradiction() -> Self {
        let message = "this goes against what was reported or decided before";
        Self::refusal(409, "invalid_request_error", "release_conflict", message)
    }

    pub(crate) fn old_epoch() -> Self {
        let message = "this device was recovered since: its epoch is over";
        Self::refusal(409, "invalid_request_error", "device_epoch_over", message)
    }

    pub(crate) fn not_seen_paid() -> Self {
        let message = "this payment of the order was not seen to succeed";
        Self::refusal(409, "invalid_request_error", "release_conflict", message)
    }

    pub(crate) fn too_large() -> Self {
        Self::refusal(413, "invalid_request_error", "request_failed", "the body is too large")
    }

    pub(crate) fn throttled(rate: Rate) -> Self {
        Self::refusal(429, "rate_limit_error", "request_failed", "too many requests: see the headers").with_rate(rate)
    }

    /// Nothing is known of what the gateway did. Without `code` and `type`: those would say that the gateway answered.
    pub(crate) fn nothing_known(message: &str) -> Self {
        Self {
            status: 502,
            body: json!({"message": message}).to_string().into(),
            rate: None,
            date: None,
            replayed: false,
        }
    }

    /// Nothing was done, as this program could not keep a record of it.
    pub(crate) fn not_kept() -> Self {
        Self {
            status: 503,
            body: json!({"message": "the record could not be kept"}).to_string().into(),
            rate: None,
            date: None,
            replayed: false,
        }
    }

    fn refusal(status: u16, kind: &str, code: &str, message: &str) -> Self {
        let body = json!({"message": message, "code": code, "type": kind});
        Self { status, body: body.to_string().into(), rate: None, date: None, replayed: false }
    }
}
