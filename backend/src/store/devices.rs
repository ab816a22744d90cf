//! Devices: their epochs, and when each was last seen.

use std::collections::BTreeMap;
use std::io;

use sqlx::Row;

use crate::book::{Moment, Owner};

use super::orders::{Store, number};

/// Devices per statement.
const AT_ONCE: usize = 100;

impl Store {
    /// The epoch of a device: calls that change something under an older one are refused.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn epoch(&self, owner: Owner) -> io::Result<u64> {
        let query = sqlx::query("SELECT epoch FROM devices WHERE owner = $1").bind(owner.to_string());
        let row = self.sql.run(query.fetch_optional(self.sql.pool()))?;
        let epoch: i64 = row.map_or(Ok(0), |row| row.try_get(0)).map_err(io::Error::other)?;
        Ok(u64::try_from(epoch).unwrap_or(0))
    }

    /// Begins a device's next epoch and returns it.
    ///
    /// # Errors
    /// When it could not be made durable.
    pub(crate) fn raise_epoch(&self, owner: Owner) -> io::Result<u64> {
        let query = "INSERT INTO devices (owner, epoch) VALUES ($1, $2)
            ON CONFLICT (owner) DO UPDATE SET epoch = devices.epoch + 1 RETURNING epoch";
        let query = sqlx::query(query).bind(owner.to_string()).bind(number(1)?);
        let row = self.sql.run(query.fetch_one(self.sql.pool()))?;
        let epoch: i64 = row.try_get(0).map_err(io::Error::other)?;
        Ok(u64::try_from(epoch).unwrap_or(0))
    }

    /// Stores when devices were last seen. All backends write in the order of the hashes, so they cannot deadlock.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn keep_seen(&self, seen: &BTreeMap<Owner, Moment>) -> io::Result<()> {
        let all: Vec<_> = seen.iter().collect();
        for some in all.chunks(AT_ONCE) {
            let values: Vec<String> = (0..some.len()).map(|n| format!("(${}, 0, ${})", 2 * n + 1, 2 * n + 2)).collect();
            let query = format!(
                "INSERT INTO devices (owner, epoch, seen) VALUES {} ON CONFLICT (owner) DO UPDATE SET seen = excluded.seen
                WHERE devices.seen < excluded.seen",
                values.join(", ")
            );
            let mut query = sqlx::query(sqlx::AssertSqlSafe(query));
            for (owner, at) in some {
                query = query.bind(owner.to_string()).bind(number(at.0)?);
            }
            self.sql.run(query.execute(self.sql.pool()))?;
        }
        Ok(())
    }
}
