//! The people who may sign in at the page, and their sessions. Only hashes of both secrets are stored.

use core::fmt;
use std::io;

use sqlx::Row;

use crate::book::{Moment, Terms, Unreported};
use crate::password;

use super::database::{Database, Role};
use super::orders::{Store, number};
use super::tokens::now;

/// The terms do not matter for tools that change no order.
const TERMS: Terms = Terms { life_ms: 0, first_look_ms: 0, unreported: Unreported::Tell };
/// A session ends after the first time in any case, and after the second without a request.
const LIFE_MS: u64 = 8 * 3_600_000;
const IDLE_MS: u64 = 3_600_000;
/// The least time between two writes of a session's last use.
const NOTED_MS: u64 = 60_000;

/// Why a person was not added.
#[derive(Debug)]
pub enum PersonError {
    /// A name is 1 to 64 of `[A-Za-z0-9._@+-]`.
    Name,
    /// The password is shorter than [`PASSWORD_MIN`](crate::PASSWORD_MIN) characters, or longer than 1024 bytes.
    Password,
    /// There is a person with this name.
    Taken,
    /// The operating system gave no random bytes.
    Random,
    /// The database cannot be read or written.
    Io(io::Error),
}

/// Whether this is a valid name of a person.
pub(crate) fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._@+-".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(plain)
}

/// Adds a person who may sign in at the page. Only a hash of the password is stored (Argon2id).
///
/// # Errors
/// [`PersonError`].
pub fn add_person(database: impl Into<Database>, name: &str, password: &str) -> Result<(), PersonError> {
    if !is_name(name) {
        return Err(PersonError::Name);
    }
    if password.chars().count() < password::MIN || password.len() > password::MAX {
        return Err(PersonError::Password);
    }
    let hash = password::hash(password).ok_or(PersonError::Random)?;
    let store = Store::open(&database.into(), Role::Tool, TERMS)?;
    let query = "INSERT INTO people (name, password_hash, made) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    let query = sqlx::query(query).bind(name.to_owned()).bind(hash).bind(now()?);
    match store.sql.run(query.execute(store.sql.pool()))?.rows_affected() {
        0 => Err(PersonError::Taken),
        _ => Ok(()),
    }
}

/// Removes a person, and ends their sessions at once. `false`: there is no such person.
///
/// # Errors
/// When it cannot be kept.
pub fn remove_person(database: impl Into<Database>, name: &str) -> io::Result<bool> {
    let store = Store::open(&database.into(), Role::Tool, TERMS)?;
    let of = |query: &'static str| sqlx::query(query).bind(name.to_owned());
    store.sql.run(async {
        let mut transaction = store.sql.pool().begin().await?;
        let gone = of("DELETE FROM people WHERE name = $1").execute(&mut *transaction).await?.rows_affected();
        of("DELETE FROM sessions WHERE person = $1").execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(gone == 1)
    })
}

/// The people who may sign in, by name.
///
/// # Errors
/// When the database gives no answer.
pub fn people(database: impl Into<Database>) -> io::Result<Vec<String>> {
    let store = Store::open(&database.into(), Role::Tool, TERMS)?;
    let rows = store.sql.run(sqlx::query("SELECT name FROM people ORDER BY name").fetch_all(store.sql.pool()))?;
    rows.iter().map(|row| row.try_get(0).map_err(io::Error::other)).collect()
}

impl Store {
    /// The hash of a person's password; `None`: there is no such person.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn password_hash(&self, name: &str) -> io::Result<Option<String>> {
        let query = sqlx::query("SELECT password_hash FROM people WHERE name = $1").bind(name.to_owned());
        let row = self.sql.run(query.fetch_optional(self.sql.pool()))?;
        row.map(|row| row.try_get(0).map_err(io::Error::other)).transpose()
    }

    /// Stores a new session by its hash, and deletes those that are over.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub(crate) fn begin_session(&self, hash: &str, person: &str, at: Moment) -> io::Result<()> {
        self.forget_sessions(at)?;
        let begin = sqlx::query("INSERT INTO sessions (hash, person, until, seen) VALUES ($1, $2, $3, $4)");
        let begin = begin.bind(hash.to_owned()).bind(person.to_owned());
        let begin = begin.bind(number(at.0.saturating_add(LIFE_MS))?).bind(number(at.0)?);
        self.sql.run(begin.execute(self.sql.pool())).map(|_| ())
    }

    /// Deletes the sessions that are over. Returns how many.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(super) fn forget_sessions(&self, at: Moment) -> io::Result<u64> {
        let over = sqlx::query("DELETE FROM sessions WHERE until < $1 OR seen < $2");
        let over = over.bind(number(at.0)?).bind(number(at.0.saturating_sub(IDLE_MS))?);
        Ok(self.sql.run(over.execute(self.sql.pool()))?.rows_affected())
    }

    /// How many sessions are over.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(super) fn count_sessions_over(&self, at: Moment) -> io::Result<u64> {
        let over = sqlx::query("SELECT COUNT(*) FROM sessions WHERE until < $1 OR seen < $2");
        let over = over.bind(number(at.0)?).bind(number(at.0.saturating_sub(IDLE_MS))?);
        let row = self.sql.run(over.fetch_one(self.sql.pool()))?;
        let count: i64 = row.try_get(0).map_err(io::Error::other)?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// The person of this session, if it is not over.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn session(&self, hash: &str, at: Moment) -> io::Result<Option<String>> {
        let query = sqlx::query("SELECT person, seen FROM sessions WHERE hash = $1 AND until >= $2 AND seen >= $3");
        let query = query.bind(hash.to_owned()).bind(number(at.0)?).bind(number(at.0.saturating_sub(IDLE_MS))?);
        let Some(row) = self.sql.run(query.fetch_optional(self.sql.pool()))? else { return Ok(None) };
        let seen: i64 = row.try_get(1).map_err(io::Error::other)?;
        if u64::try_from(seen).unwrap_or(0).saturating_add(NOTED_MS) < at.0 {
            let note = sqlx::query("UPDATE sessions SET seen = $1 WHERE hash = $2 AND seen < $1");
            let note = note.bind(number(at.0)?).bind(hash.to_owned());
            self.sql.run(note.execute(self.sql.pool()))?;
        }
        row.try_get(0).map(Some).map_err(io::Error::other)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub(crate) fn end_session(&self, hash: &str) -> io::Result<()> {
        let query = sqlx::query("DELETE FROM sessions WHERE hash = $1").bind(hash.to_owned());
        self.sql.run(query.execute(self.sql.pool())).map(|_| ())
    }
}

impl fmt::Display for PersonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("a person's name is 1 to 64 letters, digits or any of ._@+-"),
            Self::Password => write!(f, "a password has {} characters at least", password::MIN),
            Self::Taken => f.write_str("there is a person of this name: remove them first"),
            Self::Random => f.write_str("the operating system gives no random bytes"),
            Self::Io(error) => write!(f, "people: {error}"),
        }
    }
}

impl core::error::Error for PersonError {}

impl From<io::Error> for PersonError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
