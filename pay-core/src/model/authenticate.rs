//! Native OTP: `POST /orders/pay/authenticate/{cf_payment_id}`.

use super::error::InvalidValue;
use super::id::CfPaymentId;
use super::secret::Secret;
use super::status::AuthenticateStatus;
use super::text;

/// What to do about an OTP.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Authenticate {
    /// `SUBMIT_OTP`
    SubmitOtp(Otp),
    /// `RESEND_OTP`: at most twice, 30 s apart (OTP page).
    ResendOtp,
}

/// A one-time password of 4 to 8 digits. A string: leading zeros count.
#[derive(Clone, Debug)]
pub struct Otp(Secret<8>);

/// The gateway's answer. A wrong OTP is an HTTP 200 with [`AuthenticateStatus::Failed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthenticateReply<'a> {
    /// The attempt.
    pub cf_payment_id: CfPaymentId,
    /// `SUBMIT_OTP` or `RESEND_OTP`; empty where absent.
    pub action: &'a str,
    /// Whether it worked. [`AuthenticateStatus::Success`] is not yet a paid order: ask.
    pub status: AuthenticateStatus<'a>,
    /// For people; empty where absent.
    pub message: &'a str,
}

impl Otp {
    /// Checks for 4 to 8 digits.
    ///
    /// # Errors
    /// [`InvalidValue`] naming `otp`, never showing it.
    pub fn parse(digits: &str) -> Result<Self, InvalidValue> {
        text::check("otp", digits, 4..=8, text::is_digit)?;
        Secret::parse("otp", digits).map(Self)
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }
}
