//! Answers of HTTP/1.1 (RFC 9112) as bytes: one reader for every transport, so that all of them take and refuse the same.

mod answer;
mod chunked;
mod error;
mod line;
mod sent;

pub use answer::{HEAD_LIMIT, Progress, ResponseReader};
pub use error::HttpError;
pub use sent::SentIds;
