//! HTTP/1.1 (RFC 9112) as far as one request and one answer need it.

mod chunked;
mod request;
mod response;

pub(crate) use request::write_request;
pub use response::{HEAD_LIMIT, HttpError, Progress, ResponseReader};
