//! `pay status`: how an order stands.

use pay_core::model::OrderId;
use pay_core::till::{OrderState, Status, TillError, Trouble, Why};
use pay_core::wire::Call;
use serde_json::{Value, json};

use super::cli::StatusArgs;
use super::console::Console;
use super::counter::Counter;
use super::ear::Ear;
use super::exit::{Ending, sentence};
use super::gateway::Gateway;
use super::inspect;
use super::merchant::Merchant;
use super::till::{self, Memory};
use super::verdict::clause;

pub(super) fn run(console: Console, args: &StatusArgs) -> anyhow::Result<Ending> {
    let gateway = Gateway::to(&args.to)?;
    gateway.need_keys()?;
    let order_id = OrderId::parse(&args.order_id)?;
    let (ear, mut memory) = (Ear::default(), Memory::new());
    let mut counter = Counter::new(&gateway, console, ear.clone());
    let mut till = till::open(&gateway, till::scratch()?, gateway.terms(), &mut memory, &ear)?;
    let status = match till.status(&order_id, &mut counter) {
        Ok(status) => status,
        Err(error) => return unanswered(&order_id, error, &ear),
    };
    let (word, ending) = standing(&order_id, &status);
    let value = json!({
        "outcome": word,
        "order_id": order_id.as_str(),
        "status": state_word(status.order),
        "amount_minor": status.amount.map(|amount| amount.minor()),
        "paid": status.paid,
        "paid_minor": status.paid_minor,
        "pending": status.pending,
        "back_minor": status.back_minor,
        "refund_id": status.refund.as_ref().map(|id| id.as_str()),
        "payments": payments(&gateway, &order_id),
    });
    console.answer(&value);
    if !console.is_json() {
        inspect::print(console, "", &value);
    }
    Ok(ending)
}

/// The payments one by one, for people; nothing is decided by them.
fn payments(gateway: &Gateway, order_id: &OrderId) -> Value {
    let answer =
        Merchant::asking(gateway).and_then(|mut merchant| merchant.call(Call::ListPayments(order_id), None, &[]));
    let Ok(Ok(mut body)) = answer else { return Value::Null };
    inspect::payments(&mut body).map_or(Value::Null, |mut list| list["payments"].take())
}

/// What that means: its word for `--json`, and the end of the program.
pub(super) fn standing(id: &OrderId, status: &Status) -> (&'static str, Ending) {
    let word = state_word(status.order).unwrap_or_default();
    if status.paid > 0 && status.back_minor >= status.paid_minor {
        return (
            "refunded",
            Ending::MoneyBack(format!("What was paid for order {id} was refunded, or the refund is on its way.")),
        );
    }
    match status.order {
        OrderState::Paid => ("paid", Ending::Done),
        OrderState::Expired | OrderState::Terminated if status.paid > 0 => {
            ("refund_due", Ending::Person(format!("Order {id} is {word} but was paid: refund it.")))
        }
        OrderState::Expired | OrderState::Terminated if status.pending > 0 => {
            ("pending", Ending::Pending(format!("Order {id} is {word}; a payment of it has not ended.")))
        }
        OrderState::Expired | OrderState::Terminated => {
            ("not_paid", Ending::Failed(format!("Order {id} is {word} and was not paid.")))
        }
        OrderState::Active | OrderState::Closing if status.paid > 0 => {
            ("pending", Ending::Pending(format!("A payment of order {id} succeeded; the order is {word} still.")))
        }
        OrderState::Active | OrderState::Closing => {
            ("pending", Ending::Pending(format!("Order {id} is {word} and not paid yet.")))
        }
        _ => ("unknown", Ending::Unknown(format!("The gateway gave order {id} an unknown status."))),
    }
}

/// Keys that are refused, or an order that is not here, say nothing about whether it was paid.
fn unanswered<E: core::error::Error + Send + Sync + 'static>(
    id: &OrderId,
    error: TillError<E>,
    ear: &Ear,
) -> anyhow::Result<Ending> {
    let notes = ear.notes();
    Ok(match error {
        TillError::Trouble(Trouble::Refusal(by)) => Ending::Unknown(format!(
            "The state of order {id} is unknown: the gateway refused the question ({}).",
            clause(&by)
        )),
        TillError::Trouble(Trouble::Route(problem)) => {
            let why = notes.trouble().map_or_else(|| Why(problem).to_string(), str::to_owned);
            match notes.not_sent {
                true => Ending::NotSent(sentence(&why)),
                false => Ending::Unknown(format!("The state of order {id} is unknown: {why}.")),
            }
        }
        error => return Err(error.into()),
    })
}

const fn state_word(state: OrderState) -> Option<&'static str> {
    match state {
        OrderState::Active => Some("ACTIVE"),
        OrderState::Paid => Some("PAID"),
        OrderState::Expired => Some("EXPIRED"),
        OrderState::Terminated => Some("TERMINATED"),
        OrderState::Closing => Some("TERMINATION_REQUESTED"),
        _ => None,
    }
}
