//! The journal: where it is, whether a sale may begin beside what it keeps, and `pay journal`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use etcetera::BaseStrategy;
use pay_core::drive::journal::blocking::Journal as _;
use pay_core::model::{Amount, Environment, OrderId, Timestamp, UnixSeconds};
use pay_core::sale::{Attempt, AttemptEnd, AttemptState, Exposure, Limits, NotPaid, Record, Release, Stage};
use serde_json::{Value, json};
use transport_std::{Entry, FileJournal};

use super::cli::{JournalCommand, LimitArgs, Options};
use super::console::Console;
use super::entropy::unix_now;
use super::exit::{Ending, masked};
use super::inspect;
use super::resume;

pub(super) fn run(options: &Options, command: &JournalCommand) -> anyhow::Result<Ending> {
    let console = Console::new(options.json);
    match command {
        JournalCommand::List { all } => list(options, console, *all),
        JournalCommand::Show { order_id } => show(options, console, &OrderId::parse(order_id)?),
        JournalCommand::Resume { order_id, close_after } => {
            let order_id = order_id.as_deref().map(OrderId::parse).transpose()?;
            resume::run(options, console, order_id.as_ref(), *close_after)
        }
        JournalCommand::Release { order_id, goods } => {
            resume::release(options, console, &OrderId::parse(order_id)?, goods.yes)
        }
        JournalCommand::Attest { order_id, books } => {
            resume::attest(options, console, &OrderId::parse(order_id)?, books.paid)
        }
        JournalCommand::Prune { days } => {
            let before = UnixSeconds(unix_now().0.saturating_sub(u64::from(*days) * 86_400));
            let removed = open(options)?.prune(before)?;
            console.answer(&json!({"removed": removed}));
            if !console.is_json() {
                console.say(&format!("{removed} removed."));
            }
            Ok(Ending::Done)
        }
    }
}

/// Opens the journal that the options name.
pub(super) fn open(options: &Options) -> anyhow::Result<FileJournal> {
    let path = match &options.journal {
        Some(path) => path.clone(),
        None => default_path()?,
    };
    FileJournal::open(&path).with_context(|| path.display().to_string())
}

fn default_path() -> anyhow::Result<PathBuf> {
    let base = etcetera::choose_base_strategy().map_err(|_| anyhow!("there is no home directory: give --journal"))?;
    let directory = base.data_dir().join("pay");
    fs::create_dir_all(&directory).with_context(|| format!("{} cannot be made", directory.display()))?;
    Ok(directory.join("journal.redb"))
}

/// What the journal has of an order that is to be paid.
#[derive(Debug)]
pub(super) enum Start {
    /// Nothing.
    New,
    /// Attempts that all ended without money; the next one goes into the same record.
    Next(Box<Record>),
    /// It is paid.
    Paid,
}

/// Whether an order may be begun, before anything is sent. What cannot have charged is forgotten.
pub(super) fn start(
    journal: &mut FileJournal,
    order_id: &OrderId,
    amount: Option<Amount>,
    environment: Environment,
    can_ask: bool,
) -> anyhow::Result<Start> {
    let Some(record) = journal.find(order_id)? else { return Ok(Start::New) };
    let here = environment == record.environment;
    if here && !record.attempts().any(Attempt::may_have_charged) {
        journal.discard(order_id)?;
        return Ok(Start::New);
    }
    if !here || amount.is_some_and(|amount| amount != record.amount) {
        bail!(
            "Nothing was sent: the journal has order {order_id} over {} {} {}; another intent needs another order.",
            record.currency,
            record.amount,
            if record.environment == Environment::Production { "in production" } else { "at a test gateway" }
        );
    }
    let settled = |attempt: &Attempt| matches!(attempt.state, AttemptState::Ended(_));
    match record.stage {
        Stage::Paid { .. } => Ok(Start::Paid),
        // Between two attempts.
        Stage::Open if can_ask && record.attempts().all(settled) => Ok(Start::Next(Box::new(record))),
        Stage::RefundDue(_) | Stage::Refunded(_) => {
            bail!("Nothing was sent: order {order_id} took money that had to go back; take another order.")
        }
        _ if record.is_open() => bail!(
            "Nothing was sent: order {order_id} is in the journal with an attempt that may have been paid; \
             `pay journal resume {order_id}` finds out."
        ),
        _ => Ok(Start::New),
    }
}

/// Refuses a sale where too much is unsettled already.
pub(super) fn admit(
    journal: &FileJournal,
    limits: &LimitArgs,
    order_id: &OrderId,
    amount: Amount,
    console: Console,
) -> anyhow::Result<()> {
    let mut exposure = Exposure::default();
    for entry in journal.entries(true)?.iter().filter(|entry| entry.order_id != *order_id) {
        match &entry.record {
            Ok(record) => exposure.add(record),
            Err(why) => {
                console.say(&format!("Order {} in the journal cannot be read: {why}.", entry.order_id));
                exposure.open = exposure.open.saturating_add(1);
            }
        }
    }
    let limits = Limits {
        open: limits.max_unsettled,
        total_minor: limits.max_unsettled_total.minor(),
        oldest_s: u64::from(limits.max_unsettled_age) * 3_600,
    };
    limits.admit(&exposure, amount, Some(unix_now())).map_err(|reached| {
        anyhow!("Nothing was sent: {reached} ({} in the journal); `pay journal resume` settles them.", exposure.open)
    })
}

fn list(options: &Options, console: Console, all: bool) -> anyhow::Result<Ending> {
    let entries = open(options)?.entries(!all)?;
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
        _ => Ending::Pending(format!("{unreadable} records cannot be read and were left as they are.")),
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

fn show(options: &Options, console: Console, order_id: &OrderId) -> anyhow::Result<Ending> {
    let record = needed(&mut open(options)?, order_id)?;
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
        "attempts": record.attempts().map(attempt_value).collect::<Vec<_>>(),
    })
}

fn attempt_value(attempt: &Attempt) -> Value {
    json!({
        "method": format!("{:?}", attempt.class),
        "idempotency_key": attempt.key.as_str(),
        "cf_payment_id": attempt.cf_payment_id.map(|id| id.to_string()),
        "state": match &attempt.state {
            AttemptState::Sent => "sent",
            AttemptState::Known => "known",
            AttemptState::Ended(AttemptEnd::Success) => "success",
            AttemptState::Ended(AttemptEnd::Failed) => "failed",
            AttemptState::Ended(AttemptEnd::UserDropped) => "user_dropped",
            AttemptState::Ended(AttemptEnd::Reversed) => "reversed",
            AttemptState::Ended(AttemptEnd::Refused(_)) => "refused",
            AttemptState::Ended(AttemptEnd::NotSent) => "not_sent",
            AttemptState::Ended(AttemptEnd::Untrusted) => "untrusted",
            AttemptState::Ended(AttemptEnd::NotFound) => "not_found",
            AttemptState::Ended(_) => "ended",
        },
    })
}

pub(super) const fn stage_word(stage: &Stage) -> &'static str {
    match stage {
        Stage::Creating => "creating",
        Stage::Open => "open",
        Stage::Closing => "closing",
        Stage::Paid { watch: false } => "paid",
        Stage::Paid { watch: true } => "paid_watched",
        Stage::NotPaid(_) => "not_paid",
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
