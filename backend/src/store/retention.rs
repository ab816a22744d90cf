//! `backend forget`: deletes orders that are over, sessions that are over, and tokens revoked long ago.
//!
//! The id of a forgotten order stays, so that nobody creates an order with this id again: the goods of the first one may be out, and its
//! money refunded.

use core::fmt;
use std::io;

use pay_core::model::OrderId;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use crate::book::{Entry, Event, Moment, Owner, Terms, Unreported};

use super::database::{Database, Role};
use super::orders::{FORM, Known, Store, damaged, number, play, read};

/// The least age in days: ten times as long as the last reading of a settled order, and longer than any known delay of a bank, the gateway
/// or a device.
pub const KEPT_DAYS: u32 = 30;
const DAY_MS: u64 = 24 * 3_600_000;
/// Orders per transaction: backends on SQLite wait for it.
const AT_ONCE: i64 = 100;
/// The terms do not matter for a tool that stores no event.
const TERMS: Terms = Terms { life_ms: 0, first_look_ms: 0, unreported: Unreported::Tell };
/// Revoked before then, and without an order.
const TOKENS: &str = "FROM tokens WHERE revoked > 0 AND revoked < $1 AND NOT EXISTS (
    SELECT id FROM orders WHERE orders.owner = tokens.owner)";

/// Why nothing, or not everything, was deleted.
#[derive(Debug)]
#[allow(clippy::exhaustive_enums)] // there is no other reason
pub enum ForgetError {
    /// Fewer days than [`KEPT_DAYS`].
    TooYoung,
    /// The database cannot be read or written. What was deleted before stays deleted.
    Io(io::Error),
}

/// What was deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Forgotten {
    /// Orders with their events.
    pub orders: u64,
    /// Orders of that age that stay.
    pub kept: u64,
    /// Sessions of people.
    pub sessions: u64,
    /// Revoked tokens, whose names are free again.
    pub tokens: u64,
}

/// Deletes orders that are over and whose last event is older than this many days, sessions that are over, and tokens that were revoked
/// before then and have no order. Backends may run meanwhile. With `is_rehearsal` it only counts; a token then counts only if it has no
/// order now.
///
/// # Errors
/// [`ForgetError`].
pub fn forget(
    database: impl Into<Database>,
    days: u32,
    now: Moment,
    is_rehearsal: bool,
) -> Result<Forgotten, ForgetError> {
    if days < KEPT_DAYS {
        return Err(ForgetError::TooYoung);
    }
    let before = Moment(now.0.saturating_sub(u64::from(days) * DAY_MS));
    let store = Store::open(&database.into(), Role::Tool, TERMS)?;
    let mut forgotten = Forgotten::default();
    let mut page = store.wanted_before(before, None)?;
    while let Some(last) = page.last() {
        let mut over = Vec::new();
        for old in &page {
            if store.is_over(old, before)? {
                over.push(old);
            }
        }
        let next = store.wanted_before(before, Some(last))?;
        let orders = if is_rehearsal { over.len() as u64 } else { store.forget_orders(&over)? };
        forgotten.orders += orders;
        forgotten.kept += (page.len() as u64).saturating_sub(orders);
        page = next;
    }
    forgotten.sessions = if is_rehearsal { store.count_sessions_over(now)? } else { store.forget_sessions(now)? };
    forgotten.tokens = if is_rehearsal { store.count_tokens(before)? } else { store.forget_tokens(before)? };
    Ok(forgotten)
}

/// An old order.
pub(super) struct Old {
    id: String,
    at: i64,
    changed: i64,
    n: i64,
    /// No duty and no matter for a person is stored for it.
    is_quiet: bool,
}

impl Old {
    fn read(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let [at, changed, n] = [row.try_get(1)?, row.try_get(2)?, row.try_get(3)?];
        let todo: [i64; 3] = [row.try_get(4)?, row.try_get(5)?, row.try_get(6)?];
        Ok(Self { id: row.try_get(0)?, at, changed, n, is_quiet: todo == [0; 3] })
    }
}

impl Store {
    /// Orders that were wanted before this time, oldest first, behind this one.
    pub(super) fn wanted_before(&self, before: Moment, after: Option<&Old>) -> io::Result<Vec<Old>> {
        const PAGE: &str = "SELECT id, at, changed, n, is_open, people,
                (SELECT COUNT(*) FROM duties WHERE duties.order_id = orders.id)
            FROM orders WHERE at < $1 AND (at, id) > ($2, $3) ORDER BY at, id LIMIT $4";
        let (at, id) = after.map_or((-1, ""), |old| (old.at, old.id.as_str()));
        let query = sqlx::query(PAGE).bind(number(before.0)?).bind(at).bind(id.to_owned()).bind(AT_ONCE);
        let rows = self.sql.run(query.fetch_all(self.sql.pool()))?;
        rows.iter().map(|row| Old::read(row).map_err(io::Error::other)).collect()
    }

    /// Whether the order is over, and nothing has happened to it since.
    fn is_over(&self, old: &Old, before: Moment) -> io::Result<bool> {
        let before = number(before.0)?;
        if old.changed >= before {
            return Ok(false);
        }
        // A device wanted it, and the gateway never showed it: nobody had a session to pay it.
        if old.n == 0 {
            return Ok(old.at > 0);
        }
        if !old.is_quiet {
            return Ok(false);
        }
        let (entry, last) = self.played(&old.id)?;
        let last = last.max(old.at).max(old.changed);
        // The age of an order without any time is unknown.
        Ok(entry.is_some_and(|entry| entry.is_over()) && last > 0 && last < before)
    }

    /// An order by its events, and the last time among them.
    fn played(&self, id: &str) -> io::Result<(Option<Entry>, i64)> {
        let order = OrderId::parse(id).map_err(|_| damaged(id))?;
        let (seen, rows) = self.sql.run(read(self.sql.pool(), &order, None))?;
        let Some((owner, amount)) = seen else { return Ok((None, 0)) };
        let owner = Owner::parse(&owner).ok_or_else(|| damaged(id))?;
        let amount = u64::try_from(amount).map_err(|_| damaged(id))?;
        let mut known = Known { entry: Entry::new(order, owner, amount), n: 0 };
        let mut last = 0;
        for (n, form, body) in rows {
            known = play(known, n, form, &body).ok_or_else(|| damaged(id))?;
            let at = if form == FORM { serde_json::from_str::<Event>(&body)?.at() } else { None };
            last = last.max(number(at.unwrap_or_default().0)?);
        }
        Ok((Some(known.entry), last))
    }

    /// Deletes these orders, except those with new events since they were read.
    pub(super) fn forget_orders(&self, orders: &[&Old]) -> io::Result<u64> {
        if orders.is_empty() {
            return Ok(0);
        }
        self.sql.run(async {
            let mut transaction = self.sql.pool().begin().await?;
            let mut forgotten = 0;
            for old in orders {
                forgotten += u64::from(forget_order(&mut transaction, old).await?);
            }
            transaction.commit().await?;
            Ok(forgotten)
        })
    }

    fn count_tokens(&self, before: Moment) -> io::Result<u64> {
        let query = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) {TOKENS}"));
        let row = self.sql.run(sqlx::query(query).bind(number(before.0)?).fetch_one(self.sql.pool()))?;
        let count: i64 = row.try_get(0).map_err(io::Error::other)?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    fn forget_tokens(&self, before: Moment) -> io::Result<u64> {
        let devices = sqlx::AssertSqlSafe(format!("DELETE FROM devices WHERE owner IN (SELECT owner {TOKENS})"));
        let tokens = sqlx::AssertSqlSafe(format!("DELETE {TOKENS}"));
        let before = number(before.0)?;
        self.sql.run(async {
            let mut transaction = self.sql.pool().begin().await?;
            sqlx::query(devices).bind(before).execute(&mut *transaction).await?;
            let gone = sqlx::query(tokens).bind(before).execute(&mut *transaction).await?.rows_affected();
            transaction.commit().await?;
            Ok(gone)
        })
    }
}

/// `false`: it has a new event, or something is to be done about it; it stays.
async fn forget_order(connection: &mut AnyConnection, old: &Old) -> Result<bool, sqlx::Error> {
    const ROWS: [&str; 5] = [
        "DELETE FROM duties WHERE order_id = $1",
        "DELETE FROM forwards WHERE order_id = $1",
        "DELETE FROM events WHERE order_id = $1",
        "DELETE FROM orders WHERE id = $1",
        "INSERT INTO forgotten (id) VALUES ($1) ON CONFLICT DO NOTHING",
    ];
    // Lock the order first, as all writers do: a writer of an event waits, and then finds it gone.
    let hold = "UPDATE orders SET n = n WHERE id = $1 AND n = $2
        AND NOT EXISTS (SELECT order_id FROM duties WHERE duties.order_id = orders.id)";
    let hold = sqlx::query(hold).bind(old.id.clone()).bind(old.n);
    if hold.execute(&mut *connection).await?.rows_affected() != 1 {
        return Ok(false);
    }
    for statement in ROWS {
        sqlx::query(statement).bind(old.id.clone()).execute(&mut *connection).await?;
    }
    Ok(true)
}

impl fmt::Display for ForgetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooYoung => write!(
                f,
                "--older-than is at least {KEPT_DAYS}: until then a bank, the gateway or a device may come back to an order"
            ),
            Self::Io(error) => write!(f, "forgetting: {error}"),
        }
    }
}

impl core::error::Error for ForgetError {}

impl From<io::Error> for ForgetError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
