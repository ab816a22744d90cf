//! `pay refund`: money back, once, however often it is asked for.

use anyhow::bail;
use pay_core::model::{
    Amount, CallKind, CreateRefund, IdempotencyKey, OrderId, Refund, RefundId, RefundReason, RefundSpeed, RefundStatus,
    RefusalClass,
};
use pay_core::wire::{Call, decode, encode};
use zeroize::Zeroizing;

use super::cli::{Options, RefundArgs};
use super::console::Console;
use super::entropy::random;
use super::exit::{Ending, masked};
use super::gateway::Gateway;
use super::inspect;
use super::merchant::{Merchant, Trouble, unreadable};

pub(super) fn run(options: &Options, args: &RefundArgs) -> anyhow::Result<Ending> {
    let console = Console::new(options.json);
    let gateway = Gateway::from_options(options)?;
    gateway.need_keys()?;
    let order = OrderId::parse(&args.order_id)?;
    let id = match &args.refund_id {
        Some(id) => RefundId::parse(id)?,
        None => RefundId::derive(&order, RefundReason::Requested, args.nth),
    };
    let mut merchant = Merchant::asking(&gateway)?;
    let amount = match args.amount {
        Some(amount) => amount,
        None => match whole_order(&mut merchant, &order)? {
            Ok(amount) => amount,
            Err(Trouble::Lost(sentence)) => bail!("Nothing was refunded: {sentence}"),
            Err(trouble) => return trouble.ending(),
        },
    };
    let mut request = CreateRefund::new(id.clone(), amount);
    if let Some(note) = &args.note {
        request = request.with_note(note)?;
    }
    if args.instant {
        request = request.with_speed(RefundSpeed::Instant);
    }
    let mut tx = [0; 1024];
    let len = encode::create_refund(&request, &mut tx)?;
    let key = IdempotencyKey::from_random(random()?);
    let sent = merchant.call(Call::CreateRefund(&order), Some(&key), tx.get(..len).unwrap_or_default())?;
    let mut body = match sent {
        Ok(body) if decode::refund(&mut body.clone()).is_ok() => body,
        Err(Trouble::Refused { class, sentence, .. }) if class != RefusalClass::InFlight => {
            return Ok(Ending::Failed(sentence));
        }
        Err(trouble @ Trouble::NotSent(_)) => return trouble.ending(),
        // Lost, unreadable, or there already: what the gateway has under this id says what became of it.
        _ => match merchant.call(Call::ReadRefund(&order, &id), None, &[])? {
            Ok(body) => body,
            Err(Trouble::NotSent(why) | Trouble::Lost(why) | Trouble::Refused { sentence: why, .. }) => {
                return Ok(Ending::Unknown(format!(
                    "Whether refund {id} was taken is unknown ({}); the same command again is the same refund.",
                    why.trim_end_matches('.')
                )));
            }
        },
    };
    let refund = match decode::refund(&mut body) {
        Ok(refund) => refund,
        Err(error) => return unreadable(CallKind::ReadRefund, &error).ending(),
    };
    if refund.refund_id != id.as_str() || refund.amount != amount {
        return Ok(Ending::Failed(format!("A refund {id} over another amount exists; nothing new was refunded.")));
    }
    console.answer(&inspect::refund(&refund));
    Ok(ending(console, &refund))
}

fn ending(console: Console, refund: &Refund<'_>) -> Ending {
    let (id, amount) = (refund.refund_id, refund.amount);
    match refund.status {
        RefundStatus::Success => {
            console.say(&format!("Refund {id} over {amount} is done."));
            Ending::Done
        }
        RefundStatus::Pending | RefundStatus::OnHold => {
            Ending::Pending(format!("Refund {id} over {amount} is {}.", refund.status))
        }
        RefundStatus::Cancelled => Ending::Person(format!("Refund {id} was cancelled: the money did not go back.")),
        // Whatever word the gateway has for it: only a success, and what is on its way, is money back.
        _ => Ending::Person(format!(
            "Refund {id} is {}: look whether the money goes back.",
            masked(refund.status.as_str())
        )),
    }
}

fn whole_order(merchant: &mut Merchant, order: &OrderId) -> anyhow::Result<Result<Amount, Trouble>> {
    let body: Result<Zeroizing<Vec<u8>>, Trouble> = merchant.call(Call::ReadOrder(order), None, &[])?;
    let mut body = match body {
        Ok(body) => body,
        Err(trouble) => return Ok(Err(trouble)),
    };
    Ok(match decode::order(&mut body) {
        Ok(it) if it.order_id == order.as_str() => Ok(it.amount),
        Ok(_) => Err(Trouble::Lost("the answer is about another order.".into())),
        Err(error) => Err(unreadable(CallKind::ReadOrder, &error)),
    })
}
