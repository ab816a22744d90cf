//! Closing an order.

use pay_core::model::{ApiVersion, OrderId};
use pay_core::wire::{Call, encode};

use super::ours::{need, not_ours, seen};
use super::{Ground, say_or_conflict};
use crate::answer::Answer;
use crate::book::{Event, Owner};

/// Closes an order. The book stores it first: what is paid afterwards is refunded, whether or not the call reached the gateway.
pub(super) fn close<G: Ground>(
    ground: &G,
    owner: Owner,
    order: &OrderId,
    version: ApiVersion,
) -> Result<Answer, Answer> {
    need(ground, owner, order, version)?;
    let call = Call::TerminateOrder(order);
    let permit = ground.permit(call.kind())?;
    say_or_conflict(ground, order, &Event::Closing { at: ground.now() })?;
    let answer = ground.call(permit, call, version, encode::TERMINATE_ORDER);
    ground.forget(order);
    ground.planned();
    if answer.is_success() && seen(ground, order, &answer).is_none() { Err(not_ours()) } else { Ok(answer) }
}
