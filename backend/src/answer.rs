//! What a device gets back.

use pay_core::wire::ResponseHead;
use serde_json::json;

/// An answer: the gateway's own, or ours in the gateway's form.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON.
    pub body: Vec<u8>,
    /// What is left of the minute; none where the gateway was not to be asked.
    pub rate: Option<Rate>,
    /// The gateway's `Date`, where the answer is its own: seconds since 1970.
    pub date: Option<u64>,
    /// The call did nothing: it is the state of what an earlier one made.
    pub replayed: bool,
    /// Ours, and nothing was sent to the gateway because of the call.
    pub is_ours: bool,
}

/// What is told to a kiosk of the budget that it shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rate {
    /// Calls in a minute.
    pub limit: u32,
    /// What is left of them.
    pub remaining: u32,
    /// Seconds to wait; 0 within the limit.
    pub retry_s: u64,
}

impl Answer {
    /// The gateway's as it came, unless it is about our keys or not whole.
    pub fn of_gateway(head: &ResponseHead, body: Vec<u8>) -> Self {
        if head.truncated {
            return Self::nothing_known("the gateway's answer is too long");
        }
        let is_json = is_json(&body);
        match head.status {
            // About our keys, not about the device's token: it must not stop for that.
            401 | 403 => Self::nothing_known("the gateway refuses the backend"),
            status if is_json => {
                let date = head.date.map(|date| date.0);
                Self { status, date, replayed: head.replayed, ..Self::ok(body) }
            }
            status @ 400.. => Self { status, ..Self::ok(b"{}".to_vec()) },
            _ => Self::nothing_known("the gateway's answer is not JSON"),
        }
    }

    pub(crate) fn ok(body: Vec<u8>) -> Self {
        Self { status: 200, body, rate: None, date: None, replayed: false, is_ours: false }
    }

    /// An earlier call made it: whoever asks must not take it for fresh.
    pub(crate) fn repeated(mut self) -> Self {
        self.replayed = true;
        self
    }

    /// 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn invalid(code: &str, message: &str) -> Self {
        Self::refusal(400, "invalid_request_error", code, message)
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

    /// Nothing is known of what the gateway did. Without `code` and `type`: those would say that the gateway answered.
    pub fn nothing_known(message: &str) -> Self {
        Self { status: 502, ..Self::ok(json!({"message": message}).to_string().into()) }
    }

    /// The gateway's answer to a device's own call: as it came, unless it is not whole.
    pub fn of_forward(head: &ResponseHead, body: Vec<u8>) -> Self {
        if head.truncated || !is_json(&body) {
            return Self::doubt();
        }
        Self { status: head.status, replayed: head.replayed, ..Self::ok(body) }
    }

    /// It may have been done: nothing is said that could be taken for the gateway's word.
    pub fn doubt() -> Self {
        Self { status: 504, ..Self::ok(Vec::new()) }
    }

    /// Nothing was sent to the gateway, and the same call may go through later.
    pub(crate) fn not_now() -> Self {
        let body = json!({"message": "not now: send the same call again"});
        let rate = Rate { limit: 1, remaining: 0, retry_s: 2 };
        Self { status: 503, is_ours: true, rate: Some(rate), ..Self::ok(body.to_string().into()) }
    }

    /// Nothing was sent to the gateway.
    pub(crate) fn unsent(mut self) -> Self {
        self.is_ours = true;
        self
    }

    /// The budget of the minute is spent: nothing was sent to the gateway.
    pub fn throttled(rate: Rate) -> Self {
        let refusal = Self::refusal(429, "rate_limit_error", "request_failed", "too many requests: see the headers");
        Self { rate: Some(rate), ..refusal }
    }

    /// This program could not keep a record. Something may have been sent to the gateway before.
    pub fn not_kept() -> Self {
        let body = json!({"message": "the record could not be kept"});
        Self { status: 503, ..Self::ok(body.to_string().into()) }
    }

    fn refusal(status: u16, kind: &str, code: &str, message: &str) -> Self {
        let body = json!({"message": message, "code": code, "type": kind});
        Self { status, is_ours: true, ..Self::ok(body.to_string().into()) }
    }
}

/// The gateway's answers are; a page of whoever stands before it is not.
pub(crate) fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

/// What only a server says.
#[cfg(feature = "service")]
impl Answer {
    pub(crate) fn with_rate(mut self, rate: Rate) -> Self {
        self.rate = Some(rate);
        self
    }

    pub(crate) fn unauthenticated() -> Self {
        Self::refusal(401, "authentication_error", "request_failed", "the device token is missing or not known")
    }

    pub(crate) fn not_signed() -> Self {
        Self::refusal(401, "authentication_error", "request_failed", "the signature is missing or not the gateway's")
    }
}
