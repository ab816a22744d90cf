//! Creating an order.

use pay_core::model::{ApiVersion, CreateOrder, Timestamp};
use pay_core::wire::{Call, encode};

use super::Ground;
use super::ours::{made, mark, need, not_ours, order as read_order, seen_as};
use crate::answer::Answer;
use crate::book::{Entry, Owner};

/// The longest Create Order body that [`Call::Create`](super::Call::Create) can lead to.
const BODY_MAX: usize = 2048;

/// Stores that the device wants the order, then creates it at the gateway, then stores that it exists. If the backend stops between these
/// steps, the next call finds out.
pub(super) fn create<G: Ground>(
    ground: &G,
    owner: Owner,
    order: CreateOrder,
    version: ApiVersion,
) -> Result<Answer, Answer> {
    let (id, amount) = (order.order_id().clone(), order.amount());
    let same = |entry: &Entry| *entry.owner() == owner && entry.amount() == amount.minor();
    match ground.entry(&id)? {
        Some(entry) if !same(&entry) => return Err(Answer::order_exists()),
        Some(entry) if entry.is_made() => return Ok(read_order(ground, &id, version).repeated()),
        _ => {}
    }
    let order = order
        .with_expiry_time(Timestamp::from_unix(ground.ends()))
        .with_note(&mark(owner, &id))
        .map_err(|error| Answer::invalid("request_invalid", &error.to_string()))?;
    let mut body = [0; BODY_MAX];
    let length = encode::create_order(&order, &mut body).map_err(|_| Answer::too_large())?;
    let body = body.get(..length).unwrap_or_default();

    let permit = ground.begin(owner, &id)?;
    let entry = ground.want(&id, owner, amount.minor())?;
    if !same(&entry) {
        return Err(Answer::order_exists());
    }
    let answer = ground.call(permit, Call::CreateOrder, version, body);
    ground.forget(&id);
    if answer.is_success() {
        // The gateway makes no second order with an id: this one is ours, with or without our mark.
        let entry = ground.entry(&id)?.ok_or_else(Answer::no_such_order)?;
        seen_as(&entry, true, &answer).ok_or_else(not_ours)?;
        made(ground, &id)?;
        // The answer is the order: cache it for the device's first question.
        ground.shown(&id, version, &answer);
        return Ok(answer);
    }
    if answer.status == 409 {
        // Either an earlier call of ours made the order, or another system did: then the device gets the gateway's answer.
        need(ground, owner, &id, version).map_err(|found| if found.status == 404 { answer } else { found })?;
        return Ok(read_order(ground, &id, version).repeated());
    }
    Ok(answer)
}
