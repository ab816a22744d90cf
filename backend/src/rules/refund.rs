//! Refunds.

use pay_core::model::{Amount, CreateRefund, OrderId, Refund, RefundId};
use pay_core::wire::{Call, decode, encode};

use super::not_now::NotNow;
use super::reading::VERSION;
use super::{Ground, say};
use crate::book::{Back, Event, SeenRefund};
use crate::notice::Notice;

/// Makes a refund whose id is the same at every try. So money goes back once, whatever happened to earlier tries.
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
        // The call was lost, in conflict or refused: read whether the refund exists.
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
        // The refund exists in another state: the book lists it for a person.
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
    // A merchant's own refund ids have no colon.
    let by_gateway = if refund.is_by_gateway() { SeenRefund::BY_GATEWAY } else { "" };
    SeenRefund {
        id: format!("{by_gateway}{}", refund.id()),
        order: refund.order_id.to_owned(),
        amount: refund.amount.minor(),
        status: refund.status.as_str().to_owned(),
    }
}

/// Reads a list of refunds for the book. `None`: a part cannot be read.
pub(crate) fn seen_refunds(mut body: Vec<u8>) -> Option<Vec<SeenRefund>> {
    let (mut list, mut refunds) = (Vec::new(), decode::refunds(&mut body));
    while let Some(refund) = refunds.next().ok()? {
        list.push(seen_refund(&refund));
    }
    Some(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Meant to notice: a list of which a part was read taken for complete; a list that is read and not stored.
    #[test]
    fn a_list_of_refunds_is_read_whole_or_not_at_all() {
        let one = r#"{"refund_id":"r-1","order_id":"till-1","refund_amount":10.15,"refund_status":"SUCCESS"}"#;
        let list = seen_refunds(format!("[{one},{}]", one.replace("r-1", "r-2")).into_bytes()).unwrap();
        let seen: Vec<_> = list.iter().map(|seen| (seen.id.as_str(), seen.order.as_str(), seen.amount)).collect();
        assert_eq!(seen, [("r-1", "till-1", 1_015), ("r-2", "till-1", 1_015)]);
        assert_eq!(seen_refunds(b"[]".to_vec()), Some(Vec::new()));
        for cut in [format!("[{one}"), format!("[{one},7]"), String::new()] {
            assert_eq!(seen_refunds(cut.clone().into_bytes()), None, "{cut}");
        }
    }
}
