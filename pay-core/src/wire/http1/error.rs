//! Why an answer cannot be read.

use core::fmt;

/// Why an answer cannot be read. Use no part of it, and close the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpError {
    /// The named part breaks RFC 9112 or is used against it.
    Malformed(&'static str),
    /// The head is longer than [`HEAD_LIMIT`](super::HEAD_LIMIT), has more than 128 fields, or one of its lines is longer than the caller's buffer.
    HeadTooLarge,
    /// The connection ended before the answer did.
    Incomplete,
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(what) => write!(f, "malformed {what}"),
            Self::HeadTooLarge => f.write_str("head of the answer too large"),
            Self::Incomplete => f.write_str("connection ended within the answer"),
        }
    }
}

impl core::error::Error for HttpError {}
