//! The OTP of an attempt.

use crate::ground::time::UnixMillis;

/// What an attempt remembers of its OTP.
#[derive(Clone, Debug)]
pub(crate) struct OtpSession {
    pub(crate) begun: UnixMillis,
    pub(crate) wrong: u8,
    pub(crate) resent: u8,
}

impl OtpSession {
    pub(crate) fn new(now: UnixMillis) -> Self {
        Self { begun: now, wrong: 0, resent: 0 }
    }
}
