//! Answers of HTTP/1.1 (RFC 9112) as bytes: one reader for every transport, so that all of them take and refuse the same.

mod answer;
mod chunked;
mod sent;

pub use answer::{HEAD_LIMIT, HttpError, Progress, ResponseReader};
pub use sent::SentIds;
