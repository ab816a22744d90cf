//! `POST /simulate`: the caller plays the customer.

use crate::books::ledger::Books;
use crate::books::payment::PaymentStatus;
use crate::calls::call::Call;
use crate::calls::check::{Kind, Member, Others, check, member};
use crate::ground::error::Refusal;
use crate::ground::json::{Object, text};
use crate::ground::test_data::Outcome;
use crate::ground::version::ApiVersion::V2022_09_01;
use serde_json::Value;

const SIMULATE: &[Member] = &[
    member("entity", Kind::Word(&["PAYMENTS"])).required(),
    member("entity_id", Kind::Text(1, 64)).required(),
    member("entity_simulation", Kind::Object).required(),
];
const RESULT: &[Member] = &[
    member("payment_status", Kind::Word(&["SUCCESS", "FAILED", "PENDING", "USER_DROPPED"])).required(),
    member("payment_error_code", Kind::Text(0, 100)),
];

/// The customer or the bank says no.
pub(crate) const DECLINED: Outcome = Outcome::Failed("TRANSACTION_DECLINED");

impl Books {
    /// `POST /simulate`: payments only, of the three kinds that the API names.
    pub(crate) fn simulate(&mut self, call: &Call<'_>) -> Result<Value, Refusal> {
        if call.version == V2022_09_01 {
            return Err(Refusal::bad_url());
        }
        let request = call.object()?;
        check(&request, SIMULATE, "", call.version, Others::Refused)?;
        let Some(Value::Object(result)) = request.get("entity_simulation") else {
            return Err(Refusal::missing("entity_simulation"));
        };
        check(result, RESULT, "entity_simulation.", call.version, Others::Refused)?;
        let at = self.find_payment(text(&request, "entity_id").unwrap_or_default())?;
        match text(result, "payment_status") {
            Some("SUCCESS") => self.end(at, &Outcome::Success, call.now)?,
            Some("FAILED") => {
                self.end(at, &DECLINED, call.now)?;
                let code = text(result, "payment_error_code").filter(|code| !code.is_empty());
                if let Some(code) = code {
                    self.payments[at].error = Some(code.to_owned());
                }
            }
            Some("USER_DROPPED") => self.end(at, &Outcome::UserDropped, call.now)?,
            _ => {
                let payment = &mut self.payments[at];
                if !payment.status.is_open() {
                    return Err(Refusal::processed());
                }
                payment.status = PaymentStatus::Pending;
                payment.due = None;
            }
        }
        let id = format!("sim_{}", self.dice.token(33).replace(['_', '-'], "0"));
        let mut answer: Object = request.clone();
        answer.insert("simulation_id".to_owned(), id.as_str().into());
        let answer = Value::Object(answer);
        self.simulations.insert(id, answer.clone());
        Ok(answer)
    }

    /// `GET /simulate/{simulation_id}`
    pub(crate) fn get_simulation(&mut self, call: &Call<'_>, id: &str) -> Result<Value, Refusal> {
        if call.version == V2022_09_01 {
            return Err(Refusal::bad_url());
        }
        self.simulations.get(id).cloned().ok_or_else(|| Refusal::not_found("simulation"))
    }
}
