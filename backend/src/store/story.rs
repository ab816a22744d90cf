//! Orders for people: lists, and the history of one order.

use std::collections::BTreeMap;
use std::io;

use pay_core::model::OrderId;
use sqlx::Row;

use crate::book::{Event, Moment, Old, Owner};

use super::orders::{FORM, FORM_OLD, Store, number};

/// The longest list of orders.
pub(crate) const ORDERS: usize = 50;
/// The greatest number of events shown of one order.
const EVENTS: i64 = 500;

/// A row of a list, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) order: OrderId,
    /// When a device wanted it; `None` for orders of an earlier version.
    pub(crate) at: Option<Moment>,
}

/// An event of either format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Happened {
    Old(Old),
    Event(Event),
}

impl Store {
    /// The orders that follow this one in the list (newest first), of one device or of all.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn list(&self, owner: Option<Owner>, before: Option<&Listed>) -> io::Result<Vec<Listed>> {
        const ALL: &str = "SELECT id, at FROM orders WHERE at < $1 OR (at = $1 AND id < $2)
            ORDER BY at DESC, id DESC LIMIT $3";
        const OF_ONE: &str = "SELECT id, at FROM orders WHERE owner = $4 AND (at < $1 OR (at = $1 AND id < $2))
            ORDER BY at DESC, id DESC LIMIT $3";
        let (at, id) = match before {
            Some(before) => (number(before.at.map_or(0, |at| at.0))?, before.order.to_string()),
            None => (i64::MAX, String::new()),
        };
        let query = sqlx::query(if owner.is_some() { OF_ONE } else { ALL }).bind(at).bind(id);
        let query = query.bind(i64::try_from(ORDERS).unwrap_or(i64::MAX));
        let query = if let Some(owner) = owner { query.bind(owner.to_string()) } else { query };
        let rows = self.sql.run(query.fetch_all(self.sql.pool()))?;
        let listed = |row: &sqlx::any::AnyRow| {
            let (id, at): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
            let order = OrderId::parse(&id).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
            Ok(Listed { order, at: moment(at) })
        };
        rows.iter().map(|row| listed(row).map_err(|error: sqlx::Error| io::Error::other(error))).collect()
    }

    /// When a device wanted this order.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn wanted_at(&self, order: &OrderId) -> io::Result<Option<Moment>> {
        let query = sqlx::query("SELECT at FROM orders WHERE id = $1").bind(order.to_string());
        let row = self.sql.run(query.fetch_optional(self.sql.pool()))?;
        let at: i64 = row.map_or(Ok(0), |row| row.try_get(0)).map_err(io::Error::other)?;
        Ok(moment(at))
    }

    /// The events of an order, oldest first.
    ///
    /// # Errors
    /// When the database gives no answer, or holds something that this version cannot read.
    pub(crate) fn story(&self, order: &OrderId) -> io::Result<Vec<Happened>> {
        let query = sqlx::query("SELECT form, body FROM events WHERE order_id = $1 ORDER BY n LIMIT $2");
        let rows = self.sql.run(query.bind(order.to_string()).bind(EVENTS).fetch_all(self.sql.pool()))?;
        let happened = |row: &sqlx::any::AnyRow| {
            let (form, body): (i64, String) = (row.try_get(0).ok()?, row.try_get(1).ok()?);
            match form {
                FORM_OLD => serde_json::from_str(&body).ok().map(Happened::Old),
                FORM => serde_json::from_str(&body).ok().map(Happened::Event),
                _ => None,
            }
        };
        let damaged = || io::Error::other(format!("an event of order {order} cannot be read by this version"));
        rows.iter().map(|row| happened(row).ok_or_else(damaged)).collect()
    }

    /// How many orders of each device are not settled.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn open_counts(&self) -> io::Result<BTreeMap<Owner, u64>> {
        let query = sqlx::query("SELECT owner, COUNT(*) FROM orders WHERE is_open = 1 GROUP BY owner");
        let rows = self.sql.run(query.fetch_all(self.sql.pool()))?;
        let count = |row: &sqlx::any::AnyRow| {
            let (owner, count): (String, i64) = (row.try_get(0).ok()?, row.try_get(1).ok()?);
            Some((Owner::parse(&owner)?, u64::try_from(count).ok()?))
        };
        Ok(rows.iter().filter_map(count).collect())
    }
}

fn moment(at: i64) -> Option<Moment> {
    u64::try_from(at).ok().filter(|ms| *ms > 0).map(Moment)
}
