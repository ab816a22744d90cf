//! Money that goes back.

use pay_core::model::{Amount, CreateRefund, OrderId, Refund, RefundId};
use pay_core::wire::{Call, decode, encode};

use super::not_now::NotNow;
use super::reading::VERSION;
use super::{Ground, say};
use crate::book::{Back, Event, SeenRefund};
use crate::notice::Notice;

/// Always the same refund: whatever became of an earlier try, money goes back once.
pub(super) fn refund<G: Ground>(ground: &G, order: &OrderId, id: &RefundId, amount: u64) -> Result<(), NotNow> {
    let amount = Amount::from_minor(amount).map_err(|_| NotNow)?;
    let request = CreateRefund::new(id.clone(), amount);
    let mut body = [0; 512];
    let length = encode::create_refund(&request, &mut body).map_err(|_| NotNow)?;
    let mut answer = ground.ask(Call::CreateRefund(order), VERSION, body.get(..length).unwrap_or_default());
    if answer.status == 429 {
        return Err(NotNow);
    }
    let status = answer.status;
    if !answer.is_success() {
        // Lost, in conflict or refused: what counts is whether it is there.
        answer = ground.ask(Call::ReadRefund(order, id), VERSION, &[]);
    }
    if let Ok(refund) = decode::refund(&mut answer.body.clone())
        && answer.is_success()
    {
        say(ground, order, &Event::Refund(seen_refund(&refund)))?;
    }
    let entry = ground.entry(order)?.ok_or(NotNow)?;
    let shown =
        entry.refunds().find(|(other, refund)| *other == id.as_str() && !matches!(refund.back(), Back::Tried { .. }));
    let order_id = order.to_string();
    match shown.map(|(_, refund)| refund.back()) {
        Some(Back::Done | Back::OnItsWay) => ground.notify(&Notice::Refunded { order_id, refund_id: id.to_string() }),
        // A person is told of it.
        Some(_) => {}
        None => {
            let refused = (400..500).contains(&status) && !matches!(status, 408 | 409);
            say(ground, order, &Event::RefundFailed { at: ground.now(), id: id.to_string(), refused })?;
            ground.notify(&Notice::RefundPending { order_id, status });
        }
    }
    Ok(())
}

fn seen_refund(refund: &Refund<'_>) -> SeenRefund {
    // No id of a merchant's has a colon.
    let by_gateway = if refund.is_by_gateway() { SeenRefund::BY_GATEWAY } else { "" };
    SeenRefund {
        id: format!("{by_gateway}{}", refund.id()),
        order: refund.order_id.to_owned(),
        amount: refund.amount.minor(),
        status: refund.status.as_str().to_owned(),
    }
}

/// A list of refunds, as the book has them. `None`: not all of it can be read.
pub(crate) fn seen_refunds(mut body: Vec<u8>) -> Option<Vec<SeenRefund>> {
    let (mut list, mut refunds) = (Vec::new(), decode::refunds(&mut body));
    while let Some(refund) = refunds.next().ok()? {
        list.push(seen_refund(&refund));
    }
    Some(list)
}
