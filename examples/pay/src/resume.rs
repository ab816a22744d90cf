//! `pay journal resume`, `release` and `attest`: sales that were cut off, brought to an end.

use anyhow::bail;
use pay_core::drive::journal::blocking::Journal as _;
use pay_core::model::OrderId;
use pay_core::sale::{AttemptState, Outcome, Record};
use pay_core::till::{TillError, Trouble, Word};
use serde_json::{Value, json};

use super::cli::Selling;
use super::console::Console;
use super::counter::Counter;
use super::ear::Ear;
use super::exit::{Ending, sentence};
use super::gateway::Gateway;
use super::journal;
use super::till::{self, Memory};
use super::verdict::Facts;

pub(super) fn run(
    console: Console,
    selling: &Selling,
    order_id: Option<&OrderId>,
    close_after_s: u32,
) -> anyhow::Result<Ending> {
    let close_after_ms = close_after_s.saturating_mul(1_000);
    match order_id {
        Some(order_id) => one(console, selling, order_id, Word::BringOn, close_after_ms),
        None => all(console, selling, close_after_ms),
    }
}

pub(super) fn release(console: Console, selling: &Selling, order_id: &OrderId, out: bool) -> anyhow::Result<Ending> {
    one(console, selling, order_id, Word::Goods { out }, u32::MAX)
}

pub(super) fn attest(console: Console, selling: &Selling, order_id: &OrderId, paid: bool) -> anyhow::Result<Ending> {
    one(console, selling, order_id, Word::Attest { paid }, u32::MAX)
}

/// Tells a sale something, and brings it on from there.
fn one(
    console: Console,
    selling: &Selling,
    order_id: &OrderId,
    word: Word,
    close_after_ms: u32,
) -> anyhow::Result<Ending> {
    let gateway = Gateway::for_sales(selling)?;
    let mut device = till::device(&selling.folder)?;
    let before = journal::needed(&mut device.journal, order_id)?;
    if before.environment != gateway.environment() {
        bail!("order {order_id} is not one of this gateway: give --gateway");
    }
    let (ear, mut memory) = (Ear::default(), Memory::new());
    let mut terms = gateway.terms();
    terms.abandoned_ms = close_after_ms;
    let mut counter = Counter::new(&gateway, console, ear.clone());
    let mut till = till::open(&gateway, device, terms, &mut memory, &ear)?;
    let result = till.bring_on(order_id, word, &mut counter);
    if let Err(TillError::Trouble(Trouble::Sale(_))) = result {
        bail!(
            "order {order_id} does not wait for this: it is {}, its goods are {}",
            journal::stage_word(&before.stage),
            journal::release_word(before.release)
        );
    }
    let outcome = till::outcome(result)?;
    let record = till.journal().find(order_id)?.unwrap_or(before);
    let (value, ending) = told(console, &record, outcome, &ear);
    console.answer(&value);
    Ok(ending)
}

/// Looks after all that are open.
fn all(console: Console, selling: &Selling, close_after_ms: u32) -> anyhow::Result<Ending> {
    let gateway = Gateway::for_sales(selling)?;
    let device = till::device(&selling.folder)?;
    let (ear, mut memory) = (Ear::default(), Memory::new());
    let mut terms = gateway.terms();
    terms.abandoned_ms = close_after_ms;
    let mut counter = Counter::new(&gateway, console, ear.clone());
    let mut till = till::open(&gateway, device, terms, &mut memory, &ear)?;
    let until = counter.deadline();
    till.settle_open(until, &mut counter)?;

    let (mut settled, mut left) = (Vec::new(), Vec::new());
    let (mut unknown, mut person) = (false, false);
    let heard = ear.notes().settled.clone();
    for (record, outcome) in heard {
        let (value, ending) = told(console, &record, outcome, &ear);
        unknown |= matches!(ending, Ending::Unknown(_));
        person |= matches!(ending, Ending::Person(_));
        if record.is_open() { left.push(value) } else { settled.push(value) }
    }
    for entry in till.journal().entries(true)? {
        let id = entry.order_id.as_str();
        if left.iter().any(|value: &Value| value["order_id"] == id) {
            continue;
        }
        left.push(match &entry.record {
            Ok(record) if record.environment != gateway.environment() => json!({"order_id": id, "elsewhere": true}),
            Ok(record) => journal::record_value(record),
            Err(why) => json!({"order_id": id, "unreadable": why.to_string()}),
        });
    }
    console.answer(&json!({"settled": settled, "left": left}));
    let count = left.len();
    Ok(match (count, unknown, person) {
        (0, ..) => Ending::Done,
        (_, true, _) => {
            Ending::Unknown(format!("{count} sales are not settled; for some it is unknown whether they were paid."))
        }
        (_, false, true) => Ending::Person(format!("{count} sales are not settled; some wait for a person.")),
        (_, false, false) => Ending::Pending(format!("{count} sales are not settled.")),
    })
}

/// Says how it stands; the object for `--json`.
fn told(console: Console, record: &Record, outcome: Outcome, ear: &Ear) -> (Value, Ending) {
    let last = record.attempts().next_back().map(|attempt| &attempt.state);
    let facts = Facts {
        order_id: record.order_id.clone(),
        outcome,
        release: record.release,
        open: record.is_open(),
        needs_person: record.needs_person(),
        attempt: match last {
            Some(AttemptState::Ended(end)) => Some(end.clone()),
            _ => None,
        },
        said: record.said.clone(),
        trouble: ear.notes().trouble().filter(|_| record.is_open()).map(str::to_owned),
        wants_otp: false,
    };
    let (word, ending) = facts.verdict();
    let text = match &ending {
        Ending::Done if record.is_open() => "Paid; a second attempt may still take money.",
        Ending::Done => "Paid.",
        Ending::NotSent(text)
        | Ending::Failed(text)
        | Ending::Unknown(text)
        | Ending::Pending(text)
        | Ending::MoneyBack(text)
        | Ending::Elsewhere(text)
        | Ending::Person(text)
        | Ending::Defect(text) => text,
    };
    console.say(&format!("{}: {}", record.order_id, sentence(text)));
    let mut value = journal::record_value(record);
    value["outcome"] = word.into();
    value["trouble"] = facts.trouble.into();
    (value, ending)
}
