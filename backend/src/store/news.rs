//! Whether somebody else has written.

use core::time::Duration;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use sqlx::{AnyPool, Row};

use super::database::Sql;

/// So long nobody looks again: a word of `backend done`, or a token that is revoked, counts after that.
pub(super) const PAUSE: Duration = Duration::from_millis(25);

/// What others have written in the file of the only backend that serves from it. While it stays the same, what this backend knows is all there
/// is, and thousands of waiting kiosks cost no visit to the database.
#[derive(Default)]
pub(super) struct News {
    /// Connections so far: versions of two connections cannot be compared.
    connections: Arc<AtomicU64>,
    last: Mutex<(Version, Option<Instant>)>,
}

/// As of when something is known; another one whenever somebody else has written.
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

    /// As of now, or [`PAUSE`] ago.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(super) fn version(&self, sql: &Sql, pool: &AnyPool) -> io::Result<Version> {
        {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            if last.1.is_some_and(|at| at.elapsed() < PAUSE) {
                return Ok(last.0);
            }
            // One looks for all.
            last.1 = Some(Instant::now());
        }
        // It changes with what other connections commit, and not with this one's.
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
