//! Why a webhook is refused.

use core::fmt;

use super::super::super::model::UnixSeconds;
use super::super::response::DecodeError;

/// Why a webhook is refused. It names the header or the member, never a secret or a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum WebhookError {
    /// This header is missing in both families.
    MissingHeader(&'static str),
    /// This header does not have its form: a signature that is not base64 of 32 bytes, a timestamp of other than 10 or
    /// 13 digits.
    MalformedHeader(&'static str),
    /// This header occurs twice (in one family or in both) with different values.
    Contradiction(&'static str),
    /// Neither secret made the signature over this timestamp and body: another sender, another secret, or a body that
    /// was changed on the way.
    WrongSignature,
    /// The same, and the body is shorter than `Content-Length`: it was truncated on the way.
    Cut {
        /// Received bytes.
        have: usize,
        /// Bytes by `Content-Length`.
        want: usize,
    },
    /// The signature is valid, but was made outside the window. Only [`Signed::fresh`](super::Signed::fresh) returns
    /// it.
    Stale {
        /// When it was made.
        sent: UnixSeconds,
        /// The receiver's time.
        now: UnixSeconds,
    },
    /// The signature is valid, but the body cannot be read ([`DecodeError::Truncated`]: the gateway itself sent only a
    /// part).
    Body(DecodeError),
}

impl From<DecodeError> for WebhookError {
    fn from(error: DecodeError) -> Self {
        Self::Body(error)
    }
}

impl fmt::Display for WebhookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingHeader(name) => write!(f, "{name}: is missing"),
            Self::MalformedHeader(name) => write!(f, "{name}: does not have the form of this header"),
            Self::Contradiction(name) => write!(f, "{name}: occurs with two values"),
            Self::WrongSignature => {
                f.write_str("the signature is not over this timestamp and body with a known secret")
            }
            Self::Cut { have, want } => write!(f, "the body was cut: {have} of {want} bytes came"),
            Self::Stale { sent, now } => {
                write!(
                    f,
                    "the signature was made at {}, outside the window at {}, in seconds since 1970",
                    sent.0, now.0
                )
            }
            Self::Body(error) => fmt::Display::fmt(error, f),
        }
    }
}

impl core::error::Error for WebhookError {}
