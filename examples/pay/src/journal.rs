//! The journal: where it is, whether a sale may begin beside what it keeps, and `pay journal`.

use anyhow::{Context, anyhow};
use pay_core::drive::journal::blocking::Journal as _;
use pay_core::model::{OrderId, Timestamp, UnixSeconds};
use pay_core::sale::{Attempt, AttemptEnd, AttemptState, Limits, NotPaid, Record, RefusedBy, Release, Stage};
use serde_json::{Value, json};
use transport_std::{Entry, FileJournal};

use super::cli::{Folder, JournalCommand, LimitArgs};
use super::console::Console;
use super::entropy::unix_now;
use super::exit::{Ending, masked};
use super::{inspect, recover, resume, till};

pub(super) fn run(console: Console, command: &JournalCommand) -> anyhow::Result<Ending> {
    match command {
        JournalCommand::List { all, folder } => list(console, folder, *all),
        JournalCommand::Show { order_id, folder } => show(console, folder, &OrderId::parse(order_id)?),
        JournalCommand::Resume { order_id, close_after, selling } => {
            let order_id = order_id.as_deref().map(OrderId::parse).transpose()?;
            resume::run(console, selling, order_id.as_ref(), *close_after)
        }
        JournalCommand::Recover { selling } => recover::run(console, selling),
        JournalCommand::Release { order_id, goods, selling } => {
            resume::release(console, selling, &OrderId::parse(order_id)?, goods.yes)
        }
        JournalCommand::Attest { order_id, books, selling } => {
            resume::attest(console, selling, &OrderId::parse(order_id)?, books.paid)
        }
        JournalCommand::Prune { days, folder } => {
            let before = UnixSeconds(unix_now().0.saturating_sub(u64::from(*days) * 86_400));
            let removed = till::device(folder)?.journal.prune(before)?;
            console.answer(&json!({"removed": removed}));
            if !console.is_json() {
                console.say(&format!("Removed sales: {removed}."));
            }
            Ok(Ending::Done)
        }
    }
}

/// What the journal has now; also while a sale runs.
fn entries(folder: &Folder) -> anyhow::Result<Vec<Entry>> {
    let path = till::path(folder)?;
    FileJournal::peek(path.join("journal.redb")).with_context(|| path.display().to_string())
}

/// Forgets a sale of which nothing can have been charged and that is over, or whose order was another's: it can be begun again.
pub(super) fn forget(journal: &mut FileJournal, order_id: &OrderId) -> anyhow::Result<()> {
    if let Some(record) = journal.find(order_id)? {
        let over = !record.is_open() || record.stage == Stage::Taken;
        if over && !record.attempts().any(Attempt::may_have_charged) {
            journal.discard(order_id)?;
        }
    }
    Ok(())
}

impl LimitArgs {
    /// How much may be unsettled.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            open: self.max_unsettled,
            total_minor: self.max_unsettled_total.minor(),
            oldest_s: u64::from(self.max_unsettled_age) * 3_600,
        }
    }
}

fn list(console: Console, folder: &Folder, all: bool) -> anyhow::Result<Ending> {
    let mut entries = entries(folder)?;
    entries.retain(|entry| all || entry.open);
    console.answer(&json!({"sales": entries.iter().map(entry_value).collect::<Vec<_>>()}));
    if !console.is_json() {
        if entries.is_empty() {
            console.say(if all { "The journal is empty." } else { "Every sale is settled." });
        }
        for entry in &entries {
            console.say(&line(entry));
        }
    }
    let unreadable = entries.iter().filter(|entry| entry.record.is_err()).count();
    Ok(match unreadable {
        0 => Ending::Done,
        _ => Ending::Person(format!("Records that cannot be read, left as they are: {unreadable}.")),
    })
}

fn line(entry: &Entry) -> String {
    let id = &entry.order_id;
    match &entry.record {
        Ok(record) => format!(
            "{id}  {} {}  {}  {}{}",
            record.currency,
            record.amount,
            record.created.map_or_else(|| "-".to_owned(), |time| Timestamp::from_unix(time).as_str().to_owned()),
            stage_word(&record.stage),
            match record.release {
                Release::Untracked => String::new(),
                release => format!(", goods: {}", release_word(release)),
            }
        ),
        Err(why) => format!("{id}  cannot be read: {why}"),
    }
}

fn show(console: Console, folder: &Folder, order_id: &OrderId) -> anyhow::Result<Ending> {
    let entry = entries(folder)?.into_iter().find(|entry| entry.order_id == *order_id);
    let entry = entry.ok_or_else(|| anyhow!("the journal has no order {order_id}"))?;
    let record = match entry.record {
        Ok(record) => record,
        Err(why) => return Ok(Ending::Person(format!("The record of order {order_id} cannot be read: {why}."))),
    };
    let value = record_value(&record);
    console.answer(&value);
    if !console.is_json() {
        inspect::print(console, "", &value);
    }
    Ok(Ending::Done)
}

/// The record of this order, which must be there.
pub(super) fn needed(journal: &mut FileJournal, order_id: &OrderId) -> anyhow::Result<Record> {
    journal.find(order_id)?.ok_or_else(|| anyhow!("the journal has no order {order_id}"))
}

fn entry_value(entry: &Entry) -> Value {
    match &entry.record {
        Ok(record) => record_value(record),
        Err(why) => json!({"order_id": entry.order_id.as_str(), "open": entry.open, "unreadable": why.to_string()}),
    }
}

/// A record for `--json`.
pub(super) fn record_value(record: &Record) -> Value {
    json!({
        "order_id": record.order_id.as_str(),
        "open": record.is_open(),
        "amount_minor": record.amount.minor(),
        "currency": record.currency.as_str(),
        "environment": record.environment.as_str(),
        "api_version": record.api_version.as_str(),
        "created": record.created.map(|time| Timestamp::from_unix(time).as_str().to_owned()),
        "stage": stage_word(&record.stage),
        "reason": reason(&record.stage),
        "release": release_value(record.release),
        "needs_person": record.needs_person(),
        "gateway": said_value(record.said.as_ref()),
        "attempts": record.attempts().map(attempt_value).collect::<Vec<_>>(),
    })
}

/// What the gateway gave last as its reason for not doing as it was asked.
pub(super) fn said_value(said: Option<&RefusedBy>) -> Value {
    said.map_or(Value::Null, |by| json!({"status": by.status, "code": masked(&by.code)}))
}

fn attempt_value(attempt: &Attempt) -> Value {
    json!({
        "method": format!("{:?}", attempt.class),
        "idempotency_key": attempt.key.as_str(),
        "cf_payment_id": attempt.cf_payment_id.map(|id| id.to_string()),
        "state": match &attempt.state {
            AttemptState::Sent => "sent",
            AttemptState::Known => "known",
            AttemptState::Ended(end) => end_word(end),
        },
    })
}

pub(super) const fn end_word(end: &AttemptEnd) -> &'static str {
    match end {
        AttemptEnd::Success => "success",
        AttemptEnd::Failed => "failed",
        AttemptEnd::UserDropped => "user_dropped",
        AttemptEnd::Reversed => "reversed",
        AttemptEnd::Refused(_) => "refused",
        AttemptEnd::NotSent => "not_sent",
        AttemptEnd::Untrusted => "untrusted",
        AttemptEnd::NotFound => "not_found",
        _ => "ended",
    }
}

pub(super) const fn stage_word(stage: &Stage) -> &'static str {
    match stage {
        Stage::Creating => "creating",
        Stage::Open => "open",
        Stage::Closing => "closing",
        Stage::Paid { watch: false } => "paid",
        Stage::Paid { watch: true } => "paid_watched",
        Stage::NotPaid(_) => "not_paid",
        Stage::Taken => "order_taken",
        Stage::PaidElsewhere { watch: false } => "paid_elsewhere",
        Stage::PaidElsewhere { watch: true } => "paid_elsewhere_watched",
        Stage::PaidUnclear => "paid_unclear",
        Stage::HandedOver => "handed_over",
        Stage::RefundDue(_) => "refund_due",
        Stage::Refunded(_) => "refunded",
    }
}

fn reason(stage: &Stage) -> Option<String> {
    match stage {
        Stage::NotPaid(NotPaid::Refused(by)) => Some(format!("{} {}", by.status, masked(&by.code))),
        Stage::NotPaid(why) => Some(format!("{why:?}")),
        Stage::RefundDue(why) | Stage::Refunded(why) => Some(why.as_str().to_owned()),
        _ => None,
    }
}

/// `None`: nobody keeps track of goods.
pub(super) fn release_value(release: Release) -> Option<&'static str> {
    (release != Release::Untracked).then(|| release_word(release))
}

pub(super) const fn release_word(release: Release) -> &'static str {
    match release {
        Release::Untracked => "untracked",
        Release::Due => "due",
        Release::Releasing => "releasing",
        Release::Unknown => "unknown",
        Release::Released => "released",
        Release::NotReleased => "not_released",
        Release::Returned => "returned",
    }
}
