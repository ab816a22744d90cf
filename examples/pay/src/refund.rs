//! `pay refund`: money back, once for each name.

use anyhow::anyhow;
use pay_core::model::OrderId;
use pay_core::till::{MoneyBack, RefundRef, Refunded, TillError, Trouble, Why};
use serde_json::json;

use super::cli::RefundArgs;
use super::console::Console;
use super::counter::Counter;
use super::ear::Ear;
use super::exit::{Ending, masked, sentence};
use super::gateway::Gateway;
use super::till::{self, Memory};
use super::verdict::clause;

pub(super) fn run(console: Console, args: &RefundArgs) -> anyhow::Result<Ending> {
    let gateway = Gateway::to(&args.to)?;
    gateway.need_keys()?;
    let order_id = OrderId::parse(&args.order_id)?;
    let mut name = RefundRef::new(&args.name)?;
    if args.instant {
        name = name.instant();
    }
    if args.even_so {
        name = name.even_so();
    }
    let (ear, mut memory) = (Ear::default(), Memory::new());
    let mut counter = Counter::new(&gateway, console, ear.clone());
    let mut till = till::open(&gateway, till::scratch()?, gateway.terms(), &mut memory, &ear)?;
    let amount = match args.amount {
        Some(amount) => Ok(Some(amount)),
        None => till.status(&order_id, &mut counter).map(|status| status.amount),
    };
    let refunded = match amount {
        Ok(Some(amount)) => till.refund(&order_id, amount, &name, &mut counter),
        Ok(None) => return Err(anyhow!("the amount of the order is unknown: give --amount")),
        Err(error) => Err(error),
    };
    match refunded {
        Ok(refund) => {
            console.answer(&json!({
                "outcome": word(refund.money),
                "order_id": order_id.as_str(),
                "refund_id": refund.refund_id.as_str(),
                "amount_minor": refund.amount.minor(),
                "status": masked(&refund.word),
            }));
            Ok(ending(console, &refund))
        }
        Err(error) => not_made(&name.refund_id(&order_id).to_string(), error, &ear),
    }
}

const fn word(money: MoneyBack) -> &'static str {
    match money {
        MoneyBack::Done => "refunded",
        MoneyBack::OnItsWay => "pending",
        _ => "person",
    }
}

fn ending(console: Console, refund: &Refunded) -> Ending {
    let (id, amount) = (&refund.refund_id, refund.amount);
    match refund.money {
        MoneyBack::Done => {
            console.say(&format!("Refund {id} for {amount} is done."));
            Ending::Done
        }
        MoneyBack::OnItsWay => Ending::Pending(format!("Refund {id} for {amount} is {}.", masked(&refund.word))),
        MoneyBack::Cancelled => Ending::Person(format!("Refund {id} was cancelled: the money did not go back.")),
        // Whatever word the gateway has for it: only a success, and what is on its way, is money back.
        _ => Ending::Person(format!("Refund {id} is {}: check whether the money goes back.", masked(&refund.word))),
    }
}

/// Why there is none, or nobody knows of it.
fn not_made<E: core::error::Error + Send + Sync + 'static>(
    id: &str,
    error: TillError<E>,
    ear: &Ear,
) -> anyhow::Result<Ending> {
    let notes = ear.notes();
    let lost = |why: &str| {
        Ending::Unknown(format!(
            "Whether refund {id} was taken is unknown ({why}); the same command again is the same refund."
        ))
    };
    Ok(match error {
        // What was refused after a call that may have made it says nothing about that call.
        TillError::Trouble(Trouble::Refusal(by)) if notes.acted && !notes.last_acts => lost(&clause(&by)),
        TillError::Trouble(Trouble::Refusal(by)) => {
            Ending::Failed(format!("Nothing was refunded: the gateway refused it ({}).", clause(&by)))
        }
        TillError::Trouble(why @ (Trouble::RefundTooMuch { .. } | Trouble::RefundDiffers(_))) => {
            Ending::Failed(format!("Nothing was refunded: {why}."))
        }
        TillError::Trouble(Trouble::Route(problem)) => {
            let why = notes.trouble().map_or_else(|| Why(problem).to_string(), str::to_owned);
            if notes.acted { lost(&why) } else { Ending::NotSent(sentence(&format!("nothing was refunded: {why}"))) }
        }
        error => return Err(error.into()),
    })
}
