//! Who does what is due, and when.

use std::io;

use pay_core::model::OrderId;
use pay_core::sale::Millis;
use sqlx::{AnyConnection, Row};

use crate::book::Moment;

use super::orders::{Store, number};

/// A lease is good for so long, in milliseconds: longer than the three calls of one duty, each of which has 10 s. It is taken again for each.
const LEASE_MS: u64 = 35_000;

impl Store {
    /// Takes the order that is due first, if one is: nobody else gets it for the time of the lease.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn take_due(&self, now: Millis) -> io::Result<Option<OrderId>> {
        const POSTGRES: &str = "UPDATE duties SET leased = $1 WHERE order_id = (
            SELECT order_id FROM duties WHERE due <= $2 AND leased <= $2 ORDER BY due LIMIT 1 FOR UPDATE SKIP LOCKED
        ) RETURNING order_id";
        const SQLITE: &str = "UPDATE duties SET leased = $1 WHERE order_id = (
            SELECT order_id FROM duties WHERE due <= $2 AND leased <= $2 ORDER BY due LIMIT 1
        ) RETURNING order_id";
        let query = sqlx::query(if self.sql.is_postgres { POSTGRES } else { SQLITE });
        let query = query.bind(until(now)?).bind(number(now.0)?);
        let Some(row) = self.sql.run(query.fetch_optional(self.sql.pool()))? else { return Ok(None) };
        let id: String = row.try_get(0).map_err(io::Error::other)?;
        OrderId::parse(&id).map(Some).map_err(io::Error::other)
    }

    /// Goes on with an order for the time of another lease.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn keep_lease(&self, order: &OrderId, now: Millis) -> io::Result<()> {
        let query = sqlx::query("UPDATE duties SET leased = $1 WHERE order_id = $2");
        let query = query.bind(until(now)?).bind(order.to_string());
        self.sql.run(query.execute(self.sql.pool())).map(|_| ())
    }

    /// Ends the lease. The order is due at this time, or not at all, unless it has more than `n` events by now: then one of those says when.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn plan(&self, order: &OrderId, n: i64, at: Option<Millis>) -> io::Result<()> {
        self.sql.run(async {
            let mut transaction = self.sql.pool().begin().await?;
            let query = sqlx::query("UPDATE duties SET leased = 0 WHERE order_id = $1").bind(order.to_string());
            // The order first, as everybody: who adds an event has it until the end of its transaction.
            let hold = sqlx::query("UPDATE orders SET n = n WHERE id = $1 AND n = $2").bind(order.to_string()).bind(n);
            let is_last = hold.execute(&mut *transaction).await?.rows_affected() == 1;
            query.execute(&mut *transaction).await?;
            if is_last {
                set(&mut transaction, order, at).await?;
            }
            transaction.commit().await
        })
    }

    /// Has an order looked at.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn look(&self, order: &OrderId, at: Millis) -> io::Result<()> {
        self.sql.run(async {
            let mut connection = self.sql.pool().acquire().await?;
            set(&mut connection, order, Some(at)).await
        })
    }

    /// How many duties are due that nobody is at.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn overdue(&self, now: Moment) -> io::Result<u64> {
        let query = sqlx::query("SELECT COUNT(*) FROM duties WHERE due <= $1 AND leased <= $1").bind(number(now.0)?);
        let row = self.sql.run(query.fetch_one(self.sql.pool()))?;
        let count: i64 = row.try_get(0).map_err(io::Error::other)?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// When something is due that nobody is at.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn next_due(&self, now: Millis) -> io::Result<Option<Millis>> {
        let query = sqlx::query("SELECT due FROM duties WHERE leased <= $1 ORDER BY due LIMIT 1");
        let row = self.sql.run(query.bind(number(now.0)?).fetch_optional(self.sql.pool()))?;
        let Some(row) = row else { return Ok(None) };
        let due: i64 = row.try_get(0).map_err(io::Error::other)?;
        Ok(Some(Millis(u64::try_from(due).unwrap_or(0))))
    }
}

fn until(now: Millis) -> io::Result<i64> {
    number(now.0.saturating_add(LEASE_MS))
}

/// Sets the time and leaves the lease.
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
