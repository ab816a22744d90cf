//! `POST /simulate`: finishes an attempt in the gateway's sandbox.

use super::error::InvalidValue;
use super::id::CfPaymentId;
use super::text::{self, Text};

/// A result for an attempt. The gateway takes it in its sandbox only, since `2023-08-01`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulate {
    pub(crate) cf_payment_id: CfPaymentId,
    pub(crate) status: SimulatedStatus,
    pub(crate) error_code: Option<Text<64>>,
}

/// The results that can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SimulatedStatus {
    /// `SUCCESS`
    Success,
    /// `FAILED`
    Failed,
    /// `PENDING`
    Pending,
    /// `USER_DROPPED`
    UserDropped,
}

impl Simulate {
    /// This attempt shall end so.
    pub const fn new(cf_payment_id: CfPaymentId, status: SimulatedStatus) -> Self {
        Self { cf_payment_id, status, error_code: None }
    }

    /// Adds a reason for a failure, 1 to 64 of `[A-Za-z0-9_-]`.
    ///
    /// # Errors
    /// [`InvalidValue`] naming `payment_error_code`.
    pub fn with_error_code(mut self, code: &str) -> Result<Self, InvalidValue> {
        text::check("payment_error_code", code, 1..=64, text::is_id)?;
        self.error_code = Some(Text::parse("payment_error_code", code)?);
        Ok(self)
    }
}

impl SimulatedStatus {
    /// The gateway's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Failed => "FAILED",
            Self::Pending => "PENDING",
            Self::UserDropped => "USER_DROPPED",
        }
    }
}
