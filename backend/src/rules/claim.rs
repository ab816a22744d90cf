//! The goods: the right to hand them out, and the report whether they are out.

use pay_core::model::{ApiVersion, CfPaymentId, OrderId};
use serde_json::json;

use super::ours::need;
use super::reading::{read_list, read_one};
use super::{Ground, say, say_or_conflict};
use crate::answer::Answer;
use crate::book::{Effect, Event, Owner};

/// Grants the right to hand out the goods for a payment that was seen to succeed, once per order.
pub(super) fn claim<G: Ground>(
    ground: &G,
    owner: Owner,
    order: &OrderId,
    payment: CfPaymentId,
) -> Result<Answer, Answer> {
    need(ground, owner, order, ApiVersion::default())?;
    let claimed = || Event::Claimed { at: ground.now(), payment: payment.get() };
    if say(ground, order, &claimed())? == Effect::ReadFirst {
        // A list may lack the payment, or be too long: then read the payment by its number.
        let _ = read_list(ground, order);
        if say(ground, order, &claimed())? == Effect::ReadFirst {
            read_one(ground, order, payment)?;
        }
    }
    let said = say_or_conflict(ground, order, &claimed());
    ground.planned();
    said?;
    let granted = json!({"order_id": order.as_str(), "cf_payment_id": payment.to_string(), "granted": true});
    Ok(Answer::ok(granted.to_string().into()))
}

/// Stores the device's report whether the goods are out.
pub(super) fn report<G: Ground>(
    ground: &G,
    owner: Owner,
    order: &OrderId,
    released: bool,
    payment: Option<CfPaymentId>,
) -> Result<Answer, Answer> {
    need(ground, owner, order, ApiVersion::default())?;
    let payment = payment.map(CfPaymentId::get);
    let said = say_or_conflict(ground, order, &Event::Reported { at: ground.now(), released, payment });
    ground.planned();
    ground.tell(order);
    said?;
    Ok(Answer::ok(json!({"order_id": order.as_str(), "released": released}).to_string().into()))
}
