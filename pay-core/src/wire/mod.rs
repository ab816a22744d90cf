//! Between values and bytes: requests, replies, headers and paths. The gateway's JSON names stand here and nowhere else.

pub(crate) mod api;
pub(crate) mod http;

pub use api::{Auth, BearerToken, ClientBrowser, ClientDevice, ClientHints, ClientOs, ClientRendering, Endpoint};
pub use http::{Body, Call, Method, RateLimit, Request, ResponseHead, Route};
