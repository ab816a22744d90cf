//! Between values and bytes: requests, replies, headers and paths. The gateway's JSON names stand here and nowhere else.

pub(crate) mod api;
mod date;
pub(crate) mod http;
#[cfg(feature = "http1")]
pub mod http1;
mod recovery;
pub(crate) mod request;
pub(crate) mod response;
pub mod webhook;
mod writer;

pub use api::{Auth, BearerToken, ClientBrowser, ClientDevice, ClientHints, ClientOs, ClientRendering, Endpoint};
pub use http::{Body, Call, DeviceEpoch, Method, RateLimit, Request, ResponseHead, Route};
pub use request::EncodeError;
pub use response::{DecodeError, Payments, Refunds};

/// Requests as JSON, written to the caller's buffer.
pub mod encode {
    pub use super::request::{TERMINATE_ORDER, authenticate, create_order, create_refund, order_pay, simulate};
}

/// Replies from JSON, read in place.
pub mod decode {
    pub use super::recovery::{Recovery, recovery};
    pub use super::response::{authenticate, order, order_pay, payment, payments, refund, refunds, refusal, statuses};
}
