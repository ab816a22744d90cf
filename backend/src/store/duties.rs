//! When duties are due, and which backend does them.

use std::io;

use pay_core::model::OrderId;
use pay_core::sale::Millis;
use sqlx::{AnyConnection, Row};

use crate::book::Moment;

use super::orders::{Store, number};

/// How long a lease lasts, in milliseconds: longer than the three calls of one duty, which take up to 10 s each. It is renewed for each
/// duty.
const LEASE_MS: u64 = 35_000;

impl Store {
    /// Leases the order that is due first, if any: no other backend gets it meanwhile.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn take_due(&self, now: Millis) -> io::Result<Option<OrderId>> {
        if let Some(leases) = &self.leases {
            let due = self.first(leases.count(now))?;
            let due = due.into_iter().filter(|(at, _)| *at <= now).map(|(_, order)| order).collect();
            return Ok(leases.take(due, now, until(now)));
        }
        const POSTGRES: &str = "UPDATE duties SET leased = $1 WHERE order_id = (
            SELECT order_id FROM duties WHERE due <= $2 AND leased <= $2 ORDER BY due LIMIT 1 FOR UPDATE SKIP LOCKED
        ) RETURNING order_id";
        const SQLITE: &str = "UPDATE duties SET leased = $1 WHERE order_id = (
            SELECT order_id FROM duties WHERE due <= $2 AND leased <= $2 ORDER BY due LIMIT 1
        ) RETURNING order_id";
        let query = sqlx::query(if self.sql.postgres().is_some() { POSTGRES } else { SQLITE });
        let query = query.bind(number(until(now).0)?).bind(number(now.0)?);
        let Some(row) = self.sql.run(query.fetch_optional(self.sql.pool()))? else { return Ok(None) };
        let id: String = row.try_get(0).map_err(io::Error::other)?;
        OrderId::parse(&id).map(Some).map_err(io::Error::other)
    }

    /// Renews the lease of an order.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn keep_lease(&self, order: &OrderId, now: Millis) -> io::Result<()> {
        if let Some(leases) = &self.leases {
            leases.keep(order, until(now));
            return Ok(());
        }
        let query = sqlx::query("UPDATE duties SET leased = $1 WHERE order_id = $2");
        let query = query.bind(number(until(now).0)?).bind(order.to_string());
        self.sql.run(query.execute(self.sql.pool())).map(|_| ())
    }

    /// Ends the lease. The order is due at this time, or not at all. If it has more than `n` events by now, the time that those set stays.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn plan(&self, order: &OrderId, n: i64, at: Option<Millis>) -> io::Result<()> {
        if let Some(leases) = &self.leases {
            // Usually the last event has set this time already.
            let planned = self.is_planned(order, n, at)?;
            let done = if planned { Ok(()) } else { self.plan_anew(order, n, at) };
            leases.end(order);
            return done;
        }
        self.plan_anew(order, n, at)
    }

    /// Whether the order has `n` events and its duty this time.
    fn is_planned(&self, order: &OrderId, n: i64, at: Option<Millis>) -> io::Result<bool> {
        const PLAN: &str =
            "SELECT n, COALESCE(due, -1) FROM orders LEFT JOIN duties ON duties.order_id = orders.id WHERE id = $1";
        let query = sqlx::query(PLAN).bind(order.to_string());
        let Some(row) = self.sql.run(query.fetch_optional(self.sql.pool()))? else { return Ok(false) };
        let plan: (i64, i64) = (row.try_get(0).map_err(io::Error::other)?, row.try_get(1).map_err(io::Error::other)?);
        Ok(plan == (n, at.map_or(-1, |at| i64::try_from(at.0).unwrap_or(i64::MAX))))
    }

    fn plan_anew(&self, order: &OrderId, n: i64, at: Option<Millis>) -> io::Result<()> {
        self.sql.run(async {
            let mut transaction = self.sql.pool().begin().await?;
            let query = sqlx::query("UPDATE duties SET leased = 0 WHERE order_id = $1").bind(order.to_string());
            // Lock the order first, as all writers do: a writer of an event holds it until its transaction ends.
            let hold = sqlx::query("UPDATE orders SET n = n WHERE id = $1 AND n = $2").bind(order.to_string()).bind(n);
            let is_last = hold.execute(&mut *transaction).await?.rows_affected() == 1;
            query.execute(&mut *transaction).await?;
            if is_last {
                set(&mut transaction, order, at).await?;
            }
            transaction.commit().await
        })
    }

    /// Makes an order due.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn look(&self, order: &OrderId, at: Millis) -> io::Result<()> {
        self.sql.run(async {
            let mut connection = self.sql.pool().acquire().await?;
            set(&mut connection, order, Some(at)).await
        })
    }

    /// How many duties are due and not leased.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn overdue(&self, now: Moment) -> io::Result<u64> {
        let query = sqlx::query("SELECT COUNT(*) FROM duties WHERE due <= $1 AND leased <= $1").bind(number(now.0)?);
        let row = self.sql.run(query.fetch_one(self.sql.pool()))?;
        let count: i64 = row.try_get(0).map_err(io::Error::other)?;
        let taken = self.leases.as_ref().map_or(0, |leases| leases.count(Millis(now.0)));
        Ok(u64::try_from(count).unwrap_or(0).saturating_sub(taken as u64))
    }

    /// The duties that are due first: one more than `many`.
    fn first(&self, many: usize) -> io::Result<Vec<(Millis, OrderId)>> {
        let most = i64::try_from(many).unwrap_or(i64::MAX).saturating_add(1);
        let query = sqlx::query("SELECT due, order_id FROM duties ORDER BY due LIMIT $1").bind(most);
        let due = |row: &sqlx::any::AnyRow| {
            let (due, id): (i64, String) = (row.try_get(0).ok()?, row.try_get(1).ok()?);
            Some((Millis(u64::try_from(due).unwrap_or(0)), OrderId::parse(&id).ok()?))
        };
        let rows = self.sql.run(query.fetch_all(self.sql.pool()))?;
        rows.iter().map(|row| due(row).ok_or_else(|| io::Error::other("a duty cannot be read"))).collect()
    }

    /// When the next duty that is not leased is due.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn next_due(&self, now: Millis) -> io::Result<Option<Millis>> {
        if let Some(leases) = &self.leases {
            let due = self.first(leases.count(now))?;
            return Ok(due.into_iter().find(|(_, order)| leases.is_free(order, now)).map(|(at, _)| at));
        }
        let query = sqlx::query("SELECT due FROM duties WHERE leased <= $1 ORDER BY due LIMIT 1");
        let row = self.sql.run(query.bind(number(now.0)?).fetch_optional(self.sql.pool()))?;
        let Some(row) = row else { return Ok(None) };
        let due: i64 = row.try_get(0).map_err(io::Error::other)?;
        Ok(Some(Millis(u64::try_from(due).unwrap_or(0))))
    }
}

fn until(now: Millis) -> Millis {
    Millis(now.0.saturating_add(LEASE_MS))
}

/// Sets the time, and keeps the lease.
pub(super) async fn set(
    connection: &mut AnyConnection,
    order: &OrderId,
    at: Option<Millis>,
) -> Result<(), sqlx::Error> {
    let query = match at {
        Some(at) => sqlx::query(
            "INSERT INTO duties (order_id, due, leased) VALUES ($1, $2, 0)
            ON CONFLICT (order_id) DO UPDATE SET due = excluded.due",
        )
        .bind(order.to_string())
        .bind(i64::try_from(at.0).unwrap_or(i64::MAX)),
        None => sqlx::query("DELETE FROM duties WHERE order_id = $1").bind(order.to_string()),
    };
    query.execute(connection).await.map(|_| ())
}
