//! Devices: their tokens, of which only hashes are kept, and their lives.

use core::fmt;
use std::io;

use sqlx::Row;
use zeroize::Zeroizing;

use crate::book::{Owner, Terms, Unreported};
use crate::token::{hex, owner_of};

use super::database::{Database, Role};
use super::orders::{Store, number};

/// Why a token was not made.
#[derive(Debug)]
pub enum TokenError {
    /// A name is 1 to 32 of `[A-Za-z0-9_-]`.
    Name,
    /// There is a token of this name.
    Taken,
    /// No randomness.
    Random,
    /// The database cannot be read or written.
    Io(io::Error),
}

/// How a device pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Through the backend, by a name that only its token can use.
    Relayed,
    /// At the gateway, with the gateway's session.
    Direct,
}

/// Makes a token, stores its hash under `name` and gives the token out: this once, it is kept nowhere. A running backend takes it at
/// once. Its device pays through the backend and never gets a session of the gateway.
///
/// # Errors
/// [`TokenError`].
pub fn add_token(database: impl Into<Database>, name: &str) -> Result<Zeroizing<String>, TokenError> {
    add(&database.into(), name, Way::Relayed)
}

/// The same for a device that pays at the gateway itself, as one with a card reader must: it gets the session of each of its orders.
///
/// # Errors
/// [`TokenError`].
pub fn add_direct_token(database: impl Into<Database>, name: &str) -> Result<Zeroizing<String>, TokenError> {
    add(&database.into(), name, Way::Direct)
}

fn add(database: &Database, name: &str, way: Way) -> Result<Zeroizing<String>, TokenError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if name.is_empty() || name.len() > 32 || !name.bytes().all(plain) {
        return Err(TokenError::Name);
    }
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut()).map_err(|_| TokenError::Random)?;
    let token = Zeroizing::new(hex(bytes.as_ref()));
    let terms = Terms { life_ms: 0, first_look_ms: 0, unreported: Unreported::Tell };
    let store = Store::open(database, Role::Tool, terms)?;
    let query = sqlx::query("INSERT INTO tokens (owner, name, is_direct) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING");
    let query = query.bind(owner_of(token.as_bytes()).to_string()).bind(name.to_owned());
    let query = query.bind(i64::from(way == Way::Direct));
    match store.sql.run(query.execute(store.sql.pool()))?.rows_affected() {
        0 => Err(TokenError::Taken),
        _ => Ok(token),
    }
}

impl Store {
    /// How the device with a token of this hash pays; `None`: there is no such token. Found by its hash: how long that takes says something of hashes, and nothing of tokens.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn way(&self, owner: Owner) -> io::Result<Option<Way>> {
        let query = sqlx::query("SELECT is_direct FROM tokens WHERE owner = $1").bind(owner.to_string());
        let Some(row) = self.sql.run(query.fetch_optional(self.sql.pool()))? else { return Ok(None) };
        let is_direct: i64 = row.try_get(0).map_err(io::Error::other)?;
        Ok(Some(if is_direct == 0 { Way::Relayed } else { Way::Direct }))
    }

    /// The epoch of a device: calls of an older one are refused.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn epoch(&self, owner: Owner) -> io::Result<u64> {
        let query = sqlx::query("SELECT epoch FROM devices WHERE owner = $1").bind(owner.to_string());
        let row = self.sql.run(query.fetch_optional(self.sql.pool()))?;
        let epoch: i64 = row.map_or(Ok(0), |row| row.try_get(0)).map_err(io::Error::other)?;
        Ok(u64::try_from(epoch).unwrap_or(0))
    }

    /// Keeps that a device begins a new life; its epoch.
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
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("a token's name is 1 to 32 letters, digits, '-' or '_'"),
            Self::Taken => f.write_str("there is a token of this name"),
            Self::Random => f.write_str("the operating system gives no random bytes"),
            Self::Io(error) => write!(f, "tokens: {error}"),
        }
    }
}

impl core::error::Error for TokenError {}

impl From<io::Error> for TokenError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
