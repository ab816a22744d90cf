//! `pay status`: how an order stands.

use pay_core::model::{CallKind, OrderId, OrderStatus};
use pay_core::wire::{Call, decode};

use super::cli::{Options, StatusArgs};
use super::console::Console;
use super::exit::Ending;
use super::gateway::Gateway;
use super::inspect;
use super::merchant::{Merchant, Trouble, unreadable};

pub(super) fn run(options: &Options, args: &StatusArgs) -> anyhow::Result<Ending> {
    let console = Console::new(options.json);
    let gateway = Gateway::from_options(options)?;
    gateway.need_keys()?;
    let order_id = OrderId::parse(&args.order_id)?;
    let mut merchant = Merchant::asking(&gateway)?;

    let mut body = match merchant.call(Call::ReadOrder(&order_id), None, &[])? {
        Ok(body) => body,
        Err(trouble) => return unknown(trouble),
    };
    let order = match decode::order(&mut body) {
        Ok(order) if order.order_id == order_id.as_str() => order,
        Ok(_) => return Ok(Ending::Unknown("The answer is about another order.".into())),
        Err(error) => return unreadable(CallKind::ReadOrder, &error).ending(),
    };
    let mut value = inspect::order(&order);
    // Whoever holds it can pay the order; whoever asks how it stands need not.
    value.as_object_mut().map(|members| members.remove("payment_session_id"));
    let mut list = match merchant.call(Call::ListPayments(&order_id), None, &[])? {
        Ok(body) => body,
        Err(trouble) => return unknown(trouble),
    };
    match inspect::payments(&mut list) {
        Ok(mut payments) => value["payments"] = payments["payments"].take(),
        Err(error) => return unreadable(CallKind::ListPayments, &error).ending(),
    }
    console.answer(&value);
    if !options.json {
        inspect::print(console, "", &value);
    }
    Ok(match order.status {
        OrderStatus::Paid => Ending::Done,
        OrderStatus::Expired | OrderStatus::Terminated => {
            Ending::Failed(format!("The order is {} and was not paid.", order.status))
        }
        OrderStatus::Active | OrderStatus::TerminationRequested => {
            Ending::Pending(format!("The order is {} and not paid yet.", order.status))
        }
        _ => Ending::Unknown("The order's status is a word that is not known.".into()),
    })
}

/// Keys that are refused, or an order that is not here, say nothing about whether it was paid.
fn unknown(trouble: Trouble) -> anyhow::Result<Ending> {
    match trouble {
        Trouble::Refused { sentence, .. } => Ok(Ending::Unknown(sentence)),
        other => other.ending(),
    }
}
