//! Imports the files of the first version once: `orders.log`, `words.log` and `tokens`.
//!
//! A line of `orders.log` is a checksum and JSON. An incomplete last line, from a power cut, is dropped. A bad line before it is an error
//! that a person has to look at. Nothing here writes these files.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use pay_core::model::OrderId;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::book::{Entry, Event, Moment, Old, Owner, Terms, Unreported};
use crate::token::hex;

use super::database::{Sql, only};
use super::orders::{EventRow, FORM, FORM_OLD, Known, add, number, play};

const ORDERS: &str = "orders.log";
const WORDS: &str = "words.log";
const TOKENS: &str = "tokens";
/// The format number of the log's later lines.
const LINES: u8 = 2;
/// Duties get their times at the first visit to the order.
const TERMS: Terms = Terms { life_ms: 900_000, first_look_ms: 2_000, unreported: Unreported::Tell };

/// A line of the second format: one of these.
#[derive(Deserialize)]
struct Line {
    v: u8,
    #[serde(flatten)]
    what: What,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum What {
    Wanted { order: String, wanted: String, amount: u64 },
    Event { order: String, what: Event },
    Epoch { device: String, epoch: u64 },
}

/// A line of the first format.
#[derive(Deserialize)]
struct OldLine {
    order: String,
    #[serde(flatten)]
    what: Old,
}

/// A person's word about a duty.
#[derive(Deserialize)]
struct Word {
    order: String,
    matter: String,
    who: String,
    why: String,
}

/// The contents of the files.
#[derive(Default)]
struct Found {
    orders: BTreeMap<OrderId, Order>,
    epochs: BTreeMap<Owner, u64>,
    tokens: Vec<(String, Owner)>,
    /// How many of the events are people's words.
    words: usize,
}

struct Order {
    owner: Owner,
    amount: u64,
    /// Format and body of each event.
    events: Vec<(i64, String)>,
}

/// Imports the files of this folder, if there are any, and renames them.
///
/// # Errors
/// When a file is damaged or open in an older backend, or the database refuses the import. Nothing was imported then.
pub(super) fn files(sql: &Sql, folder: &Path) -> io::Result<()> {
    let bytes = |name| match fs::read(folder.join(name)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    };
    let (tokens, log) = (bytes(TOKENS)?, bytes(ORDERS)?);
    if tokens.is_none() && log.is_none() {
        return Ok(());
    }
    let _lock = log.as_ref().map(|_| only(&folder.join(ORDERS))).transpose()?;
    let mut found = Found::default();
    found.log(log.as_deref().unwrap_or_default())?;
    found.words(&bytes(WORDS)?.unwrap_or_default());
    found.tokens(&String::from_utf8_lossy(&tokens.unwrap_or_default()))?;
    sql.run_long(keep(sql, &found))?;
    for name in [ORDERS, WORDS, TOKENS] {
        let path = folder.join(name);
        if path.exists() {
            fs::rename(&path, folder.join(format!("{name}.imported")))?;
        }
    }
    Ok(())
}

impl Found {
    fn log(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').enumerate().peekable();
        while let Some((at, line)) = lines.next() {
            let json = checked(line);
            if json.is_none() && lines.peek().is_none() {
                break;
            }
            let damaged = || io::Error::other(format!("line {} of {ORDERS} is damaged", at + 1));
            self.line(json.ok_or_else(damaged)?).ok_or_else(damaged)?;
        }
        Ok(())
    }

    /// `None`: the line does not fit the order.
    fn line(&mut self, json: &[u8]) -> Option<()> {
        let Ok(line) = serde_json::from_slice::<Line>(json) else {
            let old: OldLine = serde_json::from_slice(json).ok()?;
            let order = OrderId::parse(&old.order).ok()?;
            if let Old::Wanted { owner, amount } = &old.what {
                return self.want(order, Owner::parse(owner)?, *amount);
            }
            self.orders.get_mut(&order)?.events.push((FORM_OLD, str::from_utf8(json).ok()?.to_owned()));
            return Some(());
        };
        if line.v != LINES {
            return None;
        }
        match line.what {
            What::Wanted { order, wanted, amount } => {
                self.want(OrderId::parse(&order).ok()?, Owner::parse(&wanted)?, amount)?;
            }
            What::Event { order, what } => {
                self.words += usize::from(matches!(what, Event::Person { .. }));
                self.event(&OrderId::parse(&order).ok()?, &what)?;
            }
            What::Epoch { device, epoch } => {
                self.epochs.insert(Owner::parse(&device)?, epoch);
            }
        }
        Some(())
    }

    fn want(&mut self, order: OrderId, owner: Owner, amount: u64) -> Option<()> {
        let is_new = !self.orders.contains_key(&order);
        is_new.then(|| self.orders.insert(order, Order { owner, amount, events: Vec::new() })).map(|_| ())
    }

    fn event(&mut self, order: &OrderId, event: &Event) -> Option<()> {
        self.orders.get_mut(order)?.events.push((FORM, serde_json::to_string(event).ok()?));
        Some(())
    }

    /// People's words that the log does not have yet. The first line that cannot be read ends them.
    fn words(&mut self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let words = text.lines().skip(self.words).map_while(|line| serde_json::from_str::<Word>(line).ok());
        for Word { order, matter, who, why } in words {
            if let Ok(order) = OrderId::parse(&order) {
                let _ = self.event(&order, &Event::Person { at: Moment(0), matter, who, why });
            }
        }
    }

    fn tokens(&mut self, text: &str) -> io::Result<()> {
        for (at, line) in text.lines().enumerate() {
            let pair = line.split_once(' ').and_then(|(name, hash)| Some((name.to_owned(), Owner::parse(hash)?)));
            let damaged = || io::Error::other(format!("line {} of {TOKENS} is not a name and a hash", at + 1));
            self.tokens.push(pair.ok_or_else(damaged)?);
        }
        Ok(())
    }
}

/// Stores everything in one transaction, and only once: if a start was cut off before the files were renamed, the next one finds them
/// imported.
async fn keep(sql: &Sql, found: &Found) -> Result<(), sqlx::Error> {
    let mut transaction = sql.pool().begin().await?;
    let first = sqlx::query("INSERT INTO imports (name) VALUES ($1) ON CONFLICT DO NOTHING").bind(ORDERS);
    if first.execute(&mut *transaction).await?.rows_affected() == 0 {
        return Ok(());
    }
    let unfit = |error: io::Error| sqlx::Error::Io(error);
    for (id, order) in &found.orders {
        let query = "INSERT INTO orders (id, owner, amount, n, is_open, people) VALUES ($1, $2, $3, 0, 1, 0)";
        let query = sqlx::query(query).bind(id.to_string()).bind(order.owner.to_string());
        query.bind(number(order.amount).map_err(unfit)?).execute(&mut *transaction).await?;
        let mut known = Known { entry: Entry::new(id.clone(), order.owner, order.amount), n: 0 };
        for (form, body) in &order.events {
            let n = known.n + 1;
            let damaged = || unfit(io::Error::other(format!("order {id} of {ORDERS} is damaged")));
            known = play(known, n, *form, body).ok_or_else(damaged)?;
            let row = EventRow { order: id, n, form: *form, body, tells: false };
            add(&mut transaction, &row, &known.entry, TERMS).await?;
        }
    }
    for (owner, epoch) in &found.epochs {
        let query = sqlx::query("INSERT INTO devices (owner, epoch) VALUES ($1, $2)").bind(owner.to_string());
        query.bind(number(*epoch).map_err(unfit)?).execute(&mut *transaction).await?;
    }
    for (name, owner) in &found.tokens {
        let query = sqlx::query("INSERT INTO tokens (owner, name) VALUES ($1, $2) ON CONFLICT DO NOTHING");
        query.bind(owner.to_string()).bind(name.clone()).execute(&mut *transaction).await?;
    }
    transaction.commit().await
}

fn checked(line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_suffix(b"\n")?;
    let (sum, json) = line.split_at_checked(8)?;
    let json = json.strip_prefix(b" ")?;
    (hex(&Sha256::digest(json)[..4]).as_bytes() == sum).then_some(json)
}
