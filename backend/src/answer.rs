//! What the backend answers to a device.

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
    /// What is left of the minute's budget; `None` if the call does not concern the gateway.
    pub rate: Option<Rate>,
    /// The gateway's `Date` if the answer is the gateway's: seconds since 1970.
    pub date: Option<u64>,
    /// The call did nothing: the body shows what an earlier call made.
    pub replayed: bool,
    /// The answer is ours, and the call sent nothing to the gateway.
    pub is_ours: bool,
}

/// The shared budget, as a kiosk is told (`x-ratelimit-*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rate {
    /// Calls per minute.
    pub limit: u32,
    /// Calls left in this minute.
    pub remaining: u32,
    /// Seconds to wait; 0 within the limit.
    pub retry_s: u64,
}

impl Answer {
    /// The gateway's answer, unless it is about our keys or incomplete.
    pub fn of_gateway(head: &ResponseHead, body: Vec<u8>) -> Self {
        if head.truncated {
            return Self::nothing_known("the gateway's answer is too long");
        }
        let is_json = is_json(&body);
        match head.status {
            // This is about our keys, not the device's token: the device must not stop because of it.
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

    /// Marks the answer as replayed: the caller must not take it for the result of this call.
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

    /// It is unknown what the gateway did. There is no `code` and no `type`: these would mean that the gateway answered.
    pub fn nothing_known(message: &str) -> Self {
        Self { status: 502, ..Self::ok(json!({"message": message}).to_string().into()) }
    }

    /// The gateway's answer to a relayed call, unless it is incomplete.
    pub fn of_forward(head: &ResponseHead, body: Vec<u8>) -> Self {
        if head.truncated || !is_json(&body) {
            return Self::doubt();
        }
        Self { status: head.status, replayed: head.replayed, ..Self::ok(body) }
    }

    /// The call may have taken effect. The answer has nothing that could pass for the gateway's.
    pub fn doubt() -> Self {
        Self { status: 504, ..Self::ok(Vec::new()) }
    }

    /// Nothing was sent to the gateway. The same call may succeed later.
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

    /// The minute's budget is used up: nothing was sent to the gateway.
    pub fn throttled(rate: Rate) -> Self {
        let refusal = Self::refusal(429, "rate_limit_error", "request_failed", "too many requests: see the headers");
        Self { rate: Some(rate), ..refusal }
    }

    /// The backend could not store a record. It may have sent something to the gateway before.
    pub fn not_kept() -> Self {
        let body = json!({"message": "the record could not be kept"});
        Self { status: 503, ..Self::ok(body.to_string().into()) }
    }

    fn refusal(status: u16, kind: &str, code: &str, message: &str) -> Self {
        let body = json!({"message": message, "code": code, "type": kind});
        Self { status, is_ours: true, ..Self::ok(body.to_string().into()) }
    }
}

/// Whether the body is JSON. The gateway's answers are; an intermediary's page is not.
pub(crate) fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

/// Answers that only the HTTPS server gives.
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
