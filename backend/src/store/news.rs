//! Tells whether another process has written to the SQLite file.

use core::time::Duration;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use sqlx::{AnyPool, Row};

use super::database::Sql;

/// How long a look counts. `backend done`, or a revoked token, takes effect up to this much later.
pub(super) const PAUSE: Duration = Duration::from_millis(25);

/// Watches the SQLite file for writes of commands. While there are none, the backend's memory is complete, and thousands of waiting kiosks
/// cost no access to the database.
#[derive(Default)]
pub(super) struct News {
    /// Connections so far: the versions of two connections cannot be compared.
    connections: Arc<AtomicU64>,
    last: Mutex<(Version, Option<Instant>)>,
}

/// A version of the file's contents. It changes whenever another process has written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Version {
    connection: u64,
    data: i64,
}

impl News {
    /// Counts a new connection.
    pub(super) fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.connections)
    }

    /// The version now, or up to [`PAUSE`] ago.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(super) fn version(&self, sql: &Sql, pool: &AnyPool) -> io::Result<Version> {
        {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            if last.1.is_some_and(|at| at.elapsed() < PAUSE) {
                return Ok(last.0);
            }
            // One thread looks for all.
            last.1 = Some(Instant::now());
        }
        // It changes with commits of other connections, not with this one's.
        let seen = sql.run(sqlx::query("PRAGMA data_version").fetch_one(pool));
        let seen = seen.and_then(|row| row.try_get(0).map_err(io::Error::other));
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match seen {
            Ok(data) => last.0 = Version { connection: self.connections.load(Ordering::Relaxed), data },
            Err(error) => {
                last.1 = None;
                return Err(error);
            }
        }
        Ok(last.0)
    }
}
