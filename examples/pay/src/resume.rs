//! `pay journal resume`, `release` and `attest`: sales that were cut off, brought to an end.

use anyhow::bail;
use pay_core::drive::{DriveError, Driver, Need};
use pay_core::model::OrderId;
use pay_core::sale::{Buffers, Millis, Outcome, Record, Release, Sale, SaleError, Stage};
use serde_json::{Value, json};
use transport_std::FileJournal;

use super::attempt::{TX, is_interrupted, sleep_until, watch_interrupts, why_not_paid};
use super::cli::Options;
use super::console::Console;
use super::entropy::now;
use super::exit::{Ending, sentence};
use super::gateway::Gateway;
use super::tap::{Heard, Tap};
use super::{goods, journal};

/// A list of some forty payments of one order.
const RX: usize = 64 * 1024;
/// So many sales are asked about side by side.
const SIDE_BY_SIDE: usize = 16;

/// How a sale stands when the time is over.
struct Settled {
    record: Record,
    outcome: Outcome,
    /// What went wrong, as a clause.
    trouble: Option<String>,
}

pub(super) fn run(
    options: &Options,
    console: Console,
    order_id: Option<&OrderId>,
    close_after_s: u32,
) -> anyhow::Result<Ending> {
    let gateway = Gateway::from_options(options)?;
    let mut journal = journal::open(options)?;
    let (mut records, mut left) = (Vec::new(), Vec::new());
    match order_id {
        Some(order_id) => records.push(journal::needed(&mut journal, order_id)?),
        None => {
            for entry in journal.entries(true)? {
                match entry.record {
                    Ok(record) => records.push(record),
                    Err(why) => left.push(json!({"order_id": entry.order_id.as_str(), "unreadable": why.to_string()})),
                }
            }
        }
    }
    let elsewhere = |record: &Record| record.environment != gateway.environment();
    if let (Some(record), Some(_)) = (records.iter().find(|record| elsewhere(record)), order_id) {
        bail!("order {} is not one of this gateway: give --gateway", record.order_id);
    }
    for record in records.extract_if(.., |record| elsewhere(record)) {
        left.push(json!({"order_id": record.order_id.as_str(), "elsewhere": true}));
    }
    let settled = settle(&gateway, &journal, records, close_after_s.saturating_mul(1_000), |_| Ok(()))?;

    let mut unknown = false;
    let mut done = Vec::new();
    for sale in &settled {
        let (word, text) = told(sale);
        console.say(&format!("{}: {text}", sale.record.order_id));
        unknown |= sale.outcome == Outcome::Unknown;
        let mut value = journal::record_value(&sale.record);
        value["outcome"] = word.into();
        value["trouble"] = sale.trouble.clone().into();
        if sale.record.is_open() { left.push(value) } else { done.push(value) }
    }
    if let (Some(_), [sale]) = (order_id, settled.as_slice()) {
        console.answer(done.first().or(left.first()).unwrap_or(&Value::Null));
        return Ok(ending(sale));
    }
    console.answer(&json!({"settled": done, "left": left}));
    let count = left.len();
    Ok(match (count, unknown) {
        (0, _) => Ending::Done,
        (_, true) => Ending::Unknown(format!(
            "{count} sales are not settled; of some nobody here can say whether they were paid."
        )),
        (_, false) => Ending::Pending(format!("{count} sales are not settled.")),
    })
}

pub(super) fn release(options: &Options, console: Console, order_id: &OrderId, out: bool) -> anyhow::Result<Ending> {
    one(options, console, order_id, |driver| {
        // Never handed out by a machine: a person does it now.
        if out && driver.sale().record().release == Release::Due {
            driver.begin_release()?;
            let _ = driver.drive_blocking(&mut now);
            let token = driver.vend_token().ok_or(SaleError::NotNow)?;
            return driver.released(token, true);
        }
        driver.settle_release(out)
    })
}

pub(super) fn attest(options: &Options, console: Console, order_id: &OrderId, paid: bool) -> anyhow::Result<Ending> {
    one(options, console, order_id, |driver| driver.attest(paid))
}

type TillDriver<'b> = Driver<'b, Tap, Tap, FileJournal>;

/// Tells a sale something, and brings it on from there.
fn one(
    options: &Options,
    console: Console,
    order_id: &OrderId,
    tell: impl Fn(&mut TillDriver<'_>) -> Result<(), SaleError>,
) -> anyhow::Result<Ending> {
    let gateway = Gateway::from_options(options)?;
    let mut journal = journal::open(options)?;
    let record = journal::needed(&mut journal, order_id)?;
    if record.environment != gateway.environment() {
        bail!("order {order_id} is not one of this gateway: give --gateway");
    }
    let stands = format!(
        "it is {}, its goods are {}",
        journal::stage_word(&record.stage),
        journal::release_word(record.release)
    );
    let settled = settle(&gateway, &journal, vec![record], u32::MAX, tell);
    let settled = match settled {
        Ok(settled) => settled,
        Err(error) if error.is::<SaleError>() => bail!("order {order_id} does not wait for this: {stands}"),
        Err(error) => return Err(error),
    };
    let [sale] = settled.as_slice() else { bail!("nothing was done") };
    let (word, text) = told(sale);
    let mut value = journal::record_value(&sale.record);
    value["outcome"] = word.into();
    console.answer(&value);
    console.say(&format!("{order_id}: {text}"));
    Ok(ending(sale))
}

/// Asks about each until it is settled, or the time is over.
fn settle(
    gateway: &Gateway,
    journal: &FileJournal,
    records: Vec<Record>,
    close_after_ms: u32,
    tell: impl Fn(&mut TillDriver<'_>) -> Result<(), SaleError>,
) -> anyhow::Result<Vec<Settled>> {
    watch_interrupts()?;
    let deadline = now().after(gateway.timeout_ms);
    let mut waiting = records.into_iter();
    let mut settled = Vec::new();
    loop {
        let batch: Vec<_> = waiting.by_ref().take(SIDE_BY_SIDE).collect();
        if batch.is_empty() {
            return Ok(settled);
        }
        let mut buffers: Vec<_> = batch.iter().map(|_| (vec![0; TX], vec![0; RX])).collect();
        let mut sales = Vec::new();
        for (record, (tx, rx)) in batch.into_iter().zip(&mut buffers) {
            let setup = gateway.setup(close_after_ms)?;
            let sale = Sale::resume(record, setup.policy, setup.seed, now());
            let heard = Heard::default();
            let routes = gateway.routes(&heard)?;
            let mut driver = Driver::new(sale, routes, journal.clone(), Buffers { tx, rx });
            tell(&mut driver)?;
            sales.push((driver, heard, None));
        }
        loop {
            let mut next = deadline;
            let mut all_over = true;
            for (driver, _, trouble) in sales.iter_mut().filter(|(.., trouble)| trouble.is_none()) {
                let is_over = match step(driver, &mut next) {
                    Ok(is_over) => is_over,
                    Err(error) => {
                        *trouble = Some(error.to_string());
                        true
                    }
                };
                all_over &= is_over;
            }
            if all_over || is_interrupted() || now() >= deadline {
                break;
            }
            sleep_until(next);
        }
        settled.extend(sales.into_iter().map(|(driver, heard, trouble)| {
            let sale = driver.sale();
            let asked = sale.route_problem().map(|_| heard.notes().trouble());
            Settled { record: sale.record().clone(), outcome: sale.standing(), trouble: trouble.or(asked) }
        }));
    }
}

/// Drives one as far as it goes now; `true` if it is over.
fn step(
    driver: &mut TillDriver<'_>,
    next: &mut Millis,
) -> Result<bool, DriveError<<FileJournal as pay_core::drive::journal::blocking::Journal>::Error>> {
    match driver.drive_blocking(&mut now)? {
        Need::Nothing(_) => Ok(true),
        Need::Time(at) => {
            *next = at.min(*next);
            Ok(false)
        }
        // Nobody is there to try again, or to show anything to.
        Need::Attempt(_) => {
            driver.cancel(now());
            *next = now();
            Ok(false)
        }
        Need::Shopper(_) => {
            driver.shown(now());
            *next = now();
            Ok(false)
        }
    }
}

/// How it stands: a word and a clause.
fn told(sale: &Settled) -> (&'static str, String) {
    let word = match &sale.outcome {
        Outcome::NotPaid(why) => return ("not_paid", format!("not paid: {}.", why_not_paid(why))),
        Outcome::Pending => ("pending", "it may still be paid; ask with merchant keys".to_owned()),
        Outcome::Unknown => ("unknown", "whether it was paid is unknown here; ask with merchant keys".to_owned()),
        Outcome::Paid { .. } | Outcome::RefundDue(_) => {
            let (word, ending) = goods::ending(&sale.record);
            (
                word,
                match ending {
                    Ending::Done if sale.record.stage == (Stage::Paid { watch: true }) => {
                        "paid; a second attempt may still take money".to_owned()
                    }
                    Ending::Done if sale.record.is_open() => "paid; its goods are still to be handed out".to_owned(),
                    Ending::Done => "paid".to_owned(),
                    Ending::Failed(text) | Ending::Unknown(text) | Ending::Pending(text) => text,
                },
            )
        }
    };
    let trouble = sale.trouble.as_ref().map(|trouble| format!(" ({trouble})")).unwrap_or_default();
    (word.0, format!("{}{trouble}.", word.1.trim_end_matches('.')))
}

fn ending(sale: &Settled) -> Ending {
    let text = sentence(&told(sale).1);
    match &sale.outcome {
        Outcome::NotPaid(_) => Ending::Failed(text),
        Outcome::Unknown => Ending::Unknown(text),
        Outcome::Pending => Ending::Pending(text),
        Outcome::Paid { .. } | Outcome::RefundDue(_) => match goods::ending(&sale.record).1 {
            Ending::Done if sale.record.is_open() => Ending::Pending(text),
            other => other,
        },
    }
}
