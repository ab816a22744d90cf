//! Orders with their events, for a comparison of the whole book with the gateway. They are not cached.

use std::collections::HashMap;
use std::io;

use pay_core::model::OrderId;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::book::Owner;

use super::orders::{FORM, FORM_OLD, Store, damaged, number};
use super::story::Happened;

/// Orders read at once.
const AT_ONCE: i64 = 500;

/// An order and its events, oldest first.
pub(crate) struct Told {
    pub(crate) order: OrderId,
    pub(crate) owner: Owner,
    pub(crate) amount: u64,
    /// When it was wanted, in milliseconds.
    pub(crate) at: u64,
    pub(crate) happened: Vec<Happened>,
}

impl Store {
    /// The next orders that were wanted between these times (milliseconds), behind the one with this time and id; empty after the last.
    ///
    /// # Errors
    /// When the database gives no answer, or holds something that this version cannot read.
    pub(crate) fn told_between(&self, wanted: (u64, u64), after: Option<(u64, &str)>) -> io::Result<Vec<Told>> {
        const ORDERS: &str = "SELECT id, owner, amount, at FROM orders
            WHERE at >= $1 AND at <= $2 AND (at, id) > ($3, $4) ORDER BY at, id LIMIT $5";
        const EVENTS: &str = "SELECT events.order_id, events.form, events.body
            FROM orders JOIN events ON events.order_id = orders.id
            WHERE orders.at >= $1 AND (orders.at, orders.id) > ($2, $3) AND (orders.at, orders.id) <= ($4, $5)
            ORDER BY events.order_id, events.n";
        let from = number(wanted.0)?;
        let (at, id) = match after {
            Some((at, id)) => (number(at)?, id.to_owned()),
            None => (-1, String::new()),
        };
        let query = sqlx::query(ORDERS).bind(from).bind(number(wanted.1)?).bind(at).bind(id.clone()).bind(AT_ONCE);
        let rows = self.sql.run(query.fetch_all(self.sql.pool()))?;
        let mut orders = rows.iter().map(told).collect::<io::Result<Vec<_>>>()?;
        let Some(last) = orders.last() else { return Ok(orders) };
        let query = sqlx::query(EVENTS).bind(from).bind(at).bind(id).bind(number(last.at)?);
        let query = query.bind(last.order.to_string());
        let rows = self.sql.run(query.fetch_all(self.sql.pool()))?;
        let mut events: HashMap<String, Vec<Happened>> = HashMap::new();
        for row in &rows {
            let order: String = row.try_get(0).map_err(io::Error::other)?;
            let event = happened(row, 1).ok_or_else(|| damaged(&order))?;
            events.entry(order).or_default().push(event);
        }
        for told in &mut orders {
            told.happened = events.remove(told.order.as_str()).unwrap_or_default();
        }
        Ok(orders)
    }

    /// An order. `None`: there is none with this id.
    ///
    /// # Errors
    /// The same.
    pub(crate) fn told(&self, order: &OrderId) -> io::Result<Option<Told>> {
        let query = sqlx::query("SELECT id, owner, amount, at FROM orders WHERE id = $1").bind(order.to_string());
        let Some(row) = self.sql.run(query.fetch_optional(self.sql.pool()))? else { return Ok(None) };
        let mut told = told(&row)?;
        let query = sqlx::query("SELECT form, body FROM events WHERE order_id = $1 ORDER BY n").bind(order.to_string());
        let rows = self.sql.run(query.fetch_all(self.sql.pool()))?;
        let events = rows.iter().map(|row| happened(row, 0).ok_or_else(|| damaged(order.as_str())));
        told.happened = events.collect::<io::Result<_>>()?;
        Ok(Some(told))
    }

    /// Whether an order with this id existed and was forgotten.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn is_forgotten(&self, order: &OrderId) -> io::Result<bool> {
        let query = sqlx::query("SELECT id FROM forgotten WHERE id = $1").bind(order.to_string());
        Ok(self.sql.run(query.fetch_optional(self.sql.pool()))?.is_some())
    }

    /// The hashes of all tokens, revoked ones too.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn owners(&self) -> io::Result<Vec<Owner>> {
        let rows = self.sql.run(sqlx::query("SELECT owner FROM tokens").fetch_all(self.sql.pool()))?;
        let owner = |row: &AnyRow| Owner::parse(&row.try_get::<String, _>(0).ok()?);
        Ok(rows.iter().filter_map(owner).collect())
    }
}

fn told(row: &AnyRow) -> io::Result<Told> {
    let id: String = row.try_get(0).map_err(io::Error::other)?;
    let told = || {
        let (owner, amount, at): (String, i64, i64) =
            (row.try_get(1).ok()?, row.try_get(2).ok()?, row.try_get(3).ok()?);
        Some(Told {
            order: OrderId::parse(&id).ok()?,
            owner: Owner::parse(&owner)?,
            amount: u64::try_from(amount).ok()?,
            at: u64::try_from(at).ok()?,
            happened: Vec::new(),
        })
    };
    told().ok_or_else(|| damaged(&id))
}

fn happened(row: &AnyRow, at: usize) -> Option<Happened> {
    let (form, body): (i64, String) = (row.try_get(at).ok()?, row.try_get(at + 1).ok()?);
    match form {
        FORM_OLD => serde_json::from_str(&body).ok().map(Happened::Old),
        FORM => serde_json::from_str(&body).ok().map(Happened::Event),
        _ => None,
    }
}
