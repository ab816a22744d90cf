//! Refunds of paid orders.

use crate::books::ledger::{Books, Event};
use crate::books::refund::{Refund, RefundStatus};
use crate::calls::call::Call;
use crate::calls::check::{Kind, Member, Others, check, member};
use crate::ground::amount::Paise;
use crate::ground::error::Refusal;
use crate::ground::json::text;
use crate::ground::time::to_iso;
use crate::ground::version::ApiVersion;
use serde_json::{Value, json};

const REFUND: &[Member] = &[
    member("refund_amount", Kind::Any).required(),
    member("refund_id", Kind::Id(3, 40)).required(),
    member("refund_note", Kind::Text(3, 100)),
    member("refund_speed", Kind::Word(&["STANDARD", "INSTANT"])),
    member("refund_splits", Kind::Array),
];

impl Books {
    /// `POST /orders/{order_id}/refunds`
    pub(crate) fn create_refund(&mut self, call: &Call<'_>, order_id: &str) -> Result<Value, Refusal> {
        self.order(order_id)?;
        let request = call.object()?;
        check(&request, REFUND, "", call.version, Others::Refused)?;
        let wrong = |rule| Refusal::wrong("refund_amount", rule);
        let amount = request.get("refund_amount").and_then(Paise::from_json).filter(|amount| amount.0 > 0);
        let amount = amount.ok_or_else(|| wrong("must be a number of rupees with two decimals at most"))?;
        let id = text(&request, "refund_id").unwrap_or_default().to_owned();
        if self.refunds.iter().any(|refund| refund.order_id == order_id && refund.id == id) {
            return Err(Refusal::exists("refund"));
        }
        let charges = || self.payments.iter().filter(|payment| payment.order_id == order_id && payment.is_charge());
        if charges().next().is_none() {
            return Err(Refusal::invalid("order_not_paid", "order : has no successful payment to refund"));
        }
        let left = |id: u64, whole: Paise| {
            let given = self.refunds.iter().filter(|refund| refund.payment_id == id && refund.status.gives_back());
            whole.0.saturating_sub(given.map(|refund| refund.amount.0).sum())
        };
        let payment = charges().find(|payment| left(payment.id, payment.amount) >= amount.0);
        let payment_id = payment.ok_or_else(|| wrong("is more than is left of the payment"))?.id;
        let end = call.terms.refunds;
        let refund = Refund {
            id,
            order_id: order_id.to_owned(),
            payment_id,
            amount,
            status: match end {
                RefundStatus::Success => RefundStatus::Pending,
                other => other,
            },
            created: call.now,
            due: call.now + call.terms.settle_after_ms.unwrap_or(0),
            cf_id: self.dice.digits(9),
            note: text(&request, "refund_note").map(str::to_owned),
            speed: text(&request, "refund_speed").unwrap_or("STANDARD").to_owned(),
        };
        let answer = entity(&refund, call.version);
        if end == RefundStatus::Success {
            self.plan(refund.due, Event::Refund(self.refunds.len()));
        }
        self.refunds.push(refund);
        Ok(answer)
    }

    /// `GET /orders/{order_id}/refunds`
    pub(crate) fn get_refunds(&mut self, call: &Call<'_>, order_id: &str) -> Result<Value, Refusal> {
        self.order(order_id)?;
        let of_order = self.refunds.iter().filter(|refund| refund.order_id == order_id);
        Ok(of_order.map(|refund| entity(refund, call.version)).collect())
    }

    /// `GET /orders/{order_id}/refunds/{refund_id}`
    pub(crate) fn get_refund(&mut self, call: &Call<'_>, order_id: &str, id: &str) -> Result<Value, Refusal> {
        self.order(order_id)?;
        let found = self.refunds.iter().find(|refund| refund.order_id == order_id && refund.id == id);
        found.map(|refund| entity(refund, call.version)).ok_or_else(|| Refusal::not_found("refund"))
    }
}

pub(crate) fn entity(refund: &Refund, version: ApiVersion) -> Value {
    let done = refund.status == RefundStatus::Success;
    let cf_refund_id =
        if version == ApiVersion::V2022_09_01 { format!("refund_{}", refund.cf_id) } else { refund.cf_id.to_string() };
    json!({
        "cf_payment_id": version.id(refund.payment_id),
        "cf_refund_id": cf_refund_id,
        "order_id": refund.order_id,
        "refund_id": (!refund.id.is_empty()).then_some(&refund.id),
        "entity": "refund",
        "refund_amount": refund.amount.json(),
        "refund_currency": "INR",
        "refund_note": refund.note,
        "refund_status": refund.status.as_str(),
        "refund_arn": done.then(|| format!("RF{}", refund.cf_id)),
        "refund_charge": 0,
        "status_description": match refund.status {
            RefundStatus::Success => "Refund completed",
            status if status.gives_back() => "In Progress",
            _ => "Refund not processed",
        },
        "metadata": null,
        "refund_splits": [],
        "refund_type": if refund.id.is_empty() { "PAYMENT_AUTO_REFUND" } else { "MERCHANT_INITIATED" },
        "refund_mode": refund.speed,
        "created_at": to_iso(refund.created),
        "processed_at": done.then(|| to_iso(refund.due)),
        "refund_speed": {"requested": refund.speed, "accepted": refund.speed, "processed": done.then_some(refund.speed.as_str()), "message": null},
    })
}
