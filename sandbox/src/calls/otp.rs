//! Native OTP: submit and resend.

use crate::books::ledger::Books;
use crate::books::otp::OtpSession;
use crate::calls::call::Call;
use crate::calls::check::{Kind, Others, check, member};
use crate::ground::error::Refusal;
use crate::ground::json::text;
use crate::ground::test_data::{OTP, Outcome};
use crate::ground::time::UnixMillis;
use serde_json::{Value, json};

/// An OTP can be entered for five minutes.
const LIFE_MS: UnixMillis = 5 * 60 * 1000;
/// Wrong entries until the attempt fails.
pub(crate) const TRIES: u8 = 3;
/// How often the OTP can be sent again.
const RESENDS: u8 = 2;

impl Books {
    /// `POST /orders/pay/authenticate/{cf_payment_id}`
    pub(crate) fn authenticate(&mut self, call: &Call<'_>, id: &str) -> Result<Value, Refusal> {
        let request = call.object()?;
        let members = [
            member("action", Kind::Word(&["SUBMIT_OTP", "RESEND_OTP"])).required(),
            // The schema says string, the documents' own sample sends a number. Older versions call it required for a
            // resend too, but their samples leave it out.
            member("otp", Kind::Any),
        ];
        check(&request, &members, "", call.version, Others::Refused)?;
        let at = self.find_payment(id)?;
        let action = text(&request, "action").unwrap_or_default();
        let session = self.otp_session(at, call.now)?;
        let (status, message) = if action == "RESEND_OTP" {
            if session.resent >= RESENDS {
                return Err(exceeded());
            }
            session.resent += 1;
            session.begun = call.now;
            ("SUCCESS", "otp is sent again")
        } else {
            let otp = match request.get("otp") {
                Some(Value::String(otp)) if !otp.is_empty() => otp.clone(),
                Some(Value::Number(otp)) => otp.to_string(),
                Some(Value::Null | Value::String(_)) | None => return Err(Refusal::missing("otp")),
                Some(_) => return Err(Refusal::wrong("otp", "must be a string of digits")),
            };
            if self.submit_otp(at, &otp, call.now)? {
                ("SUCCESS", "payment successful")
            } else {
                ("FAILED", "otp is invalid")
            }
        };
        Ok(json!({
            "cf_payment_id": call.version.id(self.payments[at].id),
            "action": action,
            "authenticate_status": status,
            "payment_message": message,
        }))
    }

    /// Enters an OTP for the attempt at this place: whether it was right. The third wrong one ends the attempt.
    pub(crate) fn submit_otp(&mut self, at: usize, otp: &str, now: UnixMillis) -> Result<bool, Refusal> {
        let session = self.otp_session(at, now)?;
        if otp == OTP {
            self.finish(at, &Outcome::Success, now);
            return Ok(true);
        }
        session.wrong += 1;
        if session.wrong == TRIES {
            self.finish(at, &Outcome::Failed("OTP_INVALID"), now);
        }
        Ok(false)
    }

    /// What waits for an OTP, if it still does.
    fn otp_session(&mut self, at: usize, now: UnixMillis) -> Result<&mut OtpSession, Refusal> {
        let payment = &mut self.payments[at];
        let Some(session) = &mut payment.otp else {
            return Err(Refusal::invalid("request_invalid", "this payment takes no OTP"));
        };
        if session.wrong >= TRIES {
            return Err(exceeded());
        }
        if !payment.status.is_open() {
            return Err(Refusal::processed());
        }
        if now >= session.begun + LIFE_MS {
            return Err(Refusal::invalid("otp_expired_failed", "the time for the OTP is over"));
        }
        Ok(session)
    }
}

fn exceeded() -> Refusal {
    Refusal::invalid("request_invalid", "Exceeded retry attempts")
}
