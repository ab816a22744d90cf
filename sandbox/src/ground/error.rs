//! What the gateway answers when it says no.

use crate::ground::version::ApiVersion;
use serde_json::{Value, json};

/// The `help` text of error bodies since 2025-01-01.
const HELP: &str = "This is a sandbox on your own machine: see the API page of this call for what it takes, and the sandbox crate for what it checks.";

/// An error answer: HTTP status and the members of its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) kind: &'static str,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, kind: &'static str, code: &str, message: &str) -> Self {
        Self { status, kind, code: code.to_owned(), message: message.to_owned() }
    }

    /// 400 `invalid_request_error`.
    pub(crate) fn invalid(code: &str, message: &str) -> Self {
        Self::new(400, "invalid_request_error", code, message)
    }

    /// 400 for a member that is needed and is not there (or null, or an empty string).
    pub(crate) fn missing(member: &str) -> Self {
        Self::invalid(&format!("{member}_missing"), &format!("{member} : is missing in the request. Value received: "))
    }

    /// 400 for a member whose value breaks a rule. The value itself is never repeated.
    pub(crate) fn wrong(member: &str, rule: &str) -> Self {
        Self::invalid(&format!("{member}_invalid"), &format!("{member} : {rule}"))
    }

    /// 404.
    pub(crate) fn not_found(thing: &str) -> Self {
        Self::new(404, "invalid_request_error", &format!("{thing}_not_found"), &format!("{thing} is not found"))
    }

    /// 400 for a payment that has ended.
    pub(crate) fn processed() -> Self {
        Self::invalid("request_invalid", "Transaction is already processed")
    }

    /// 409 for an id that is taken.
    pub(crate) fn exists(thing: &str) -> Self {
        Self::new(
            409,
            "invalid_request_error",
            &format!("{thing}_already_exists"),
            &format!("{thing} with same id is already present"),
        )
    }

    pub(crate) fn unauthenticated() -> Self {
        Self::new(401, "authentication_error", "request_failed", "authentication Failed")
    }

    pub(crate) fn throttled() -> Self {
        Self::new(429, "rate_limit_error", "request_failed", "Too many requests from IP. Check headers")
    }

    pub(crate) fn internal() -> Self {
        Self::new(500, "api_error", "internal_error", "internal Server Error")
    }

    pub(crate) fn at_work() -> Self {
        Self::new(409, "idempotency_error", "request_failed", "a call with the same idempotency key is at work")
    }

    pub(crate) fn other_body() -> Self {
        Self::new(
            422,
            "idempotency_error",
            "request_invalid",
            "another request body came with the same idempotency key",
        )
    }

    /// Production's answer to a session it does not know; its `type` is outside the documented list.
    pub(crate) fn session() -> Self {
        Self::new(
            400,
            "request_failed",
            "payment_session_id_invalid",
            "payment_session_id is not present or is invalid",
        )
    }

    pub(crate) fn bad_url() -> Self {
        Self::invalid("request_failed", "bad URL, please check API documentation")
    }

    /// `help` came with 2025-01-01; 401 and 429 never carry it. On the OTP call it is put behind the message instead.
    pub(crate) fn body(&self, version: Option<ApiVersion>, otp: bool) -> Value {
        let helped = version >= Some(ApiVersion::V2025_01_01) && !matches!(self.status, 401 | 429);
        let mut body = json!({"message": self.message, "code": self.code, "type": self.kind});
        if helped && otp {
            body["message"] = format!("{}. {HELP}", self.message).into();
        } else if helped {
            body["help"] = HELP.into();
        }
        body
    }
}
