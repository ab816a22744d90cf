//! Device tokens, of which only hashes are kept.

use core::fmt;
use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use sqlx::Row;
use sqlx::any::AnyRow;
use zeroize::Zeroizing;

use crate::book::{Moment, Owner, Terms, Unreported};
use crate::rules::Way;
use crate::token::{hex, owner_of};

use super::database::{Database, Role};
use super::news::Version;
use super::orders::{Store, number};

/// Tokens kept in memory.
const KEEP: usize = 65_536;
/// Of tools that touch no order.
const TERMS: Terms = Terms { life_ms: 0, first_look_ms: 0, unreported: Unreported::Tell };

/// Why a token was not made.
#[derive(Debug)]
pub enum TokenError {
    /// A name is 1 to 32 of `[A-Za-z0-9_-]`; a shop's may be empty.
    Name,
    /// There is a token of this name, or there was one that is revoked.
    Taken,
    /// No randomness.
    Random,
    /// The database cannot be read or written.
    Io(io::Error),
}

/// A token as it is listed: never the token itself, nor its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceToken {
    /// The device's name.
    pub name: String,
    /// The shop it is in; empty where that was not said.
    pub shop: String,
    /// How it pays.
    pub way: Way,
    /// When the token was made; `None` for those of earlier versions.
    pub made: Option<Moment>,
    /// When it was last used, up to half a minute late; `None`: never.
    pub seen: Option<Moment>,
    /// Since when it is refused.
    pub revoked: Option<Moment>,
}

/// Makes a token, stores its hash under `name` and gives the token out: this once, it is kept nowhere. A running backend takes it at
/// once. Its device pays through the backend and never gets a session of the gateway.
///
/// # Errors
/// [`TokenError`].
pub fn add_token(database: impl Into<Database>, name: &str) -> Result<Zeroizing<String>, TokenError> {
    add_shop_token(database, "", name, Way::Relayed)
}

/// The same for a device that pays at the gateway itself, as one with a card reader must: it gets the session of each of its orders.
///
/// # Errors
/// [`TokenError`].
pub fn add_direct_token(database: impl Into<Database>, name: &str) -> Result<Zeroizing<String>, TokenError> {
    add_shop_token(database, "", name, Way::Direct)
}

/// The same for a device of a shop.
///
/// # Errors
/// [`TokenError`].
pub fn add_shop_token(
    database: impl Into<Database>,
    shop: &str,
    name: &str,
    way: Way,
) -> Result<Zeroizing<String>, TokenError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_name = |name: &str| name.len() <= 32 && name.bytes().all(plain);
    if name.is_empty() || !is_name(name) || !is_name(shop) {
        return Err(TokenError::Name);
    }
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut()).map_err(|_| TokenError::Random)?;
    let token = Zeroizing::new(hex(bytes.as_ref()));
    let store = Store::open(&database.into(), Role::Tool, TERMS)?;
    let query =
        "INSERT INTO tokens (owner, name, is_direct, shop, made) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    let query = sqlx::query(query).bind(owner_of(token.as_bytes()).to_string()).bind(name.to_owned());
    let query = query.bind(i64::from(way == Way::Direct)).bind(shop.to_owned()).bind(now()?);
    match store.sql.run(query.execute(store.sql.pool()))?.rows_affected() {
        0 => Err(TokenError::Taken),
        _ => Ok(token),
    }
}

/// All tokens by name, those that are revoked too.
///
/// # Errors
/// When the database gives no answer.
pub fn tokens(database: impl Into<Database>) -> io::Result<Vec<DeviceToken>> {
    let store = Store::open(&database.into(), Role::Tool, TERMS)?;
    Ok(store.tokens()?.into_iter().map(|(_, token)| token).collect())
}

/// Has a token refused from now on, by every backend on this database. Its orders stay, and so does its name, until
/// [`forget`](super::forget) finds it without an order. `false`: there is no such token, or it is revoked already.
///
/// # Errors
/// When it cannot be kept.
pub fn revoke_token(database: impl Into<Database>, name: &str) -> io::Result<bool> {
    let store = Store::open(&database.into(), Role::Tool, TERMS)?;
    let query = sqlx::query("UPDATE tokens SET revoked = $1 WHERE name = $2 AND revoked = 0");
    let query = query.bind(now()?).bind(name.to_owned());
    Ok(store.sql.run(query.execute(store.sql.pool()))?.rows_affected() == 1)
}

/// How devices pay, as far as this process knows. Tokens that are not there are looked for each time.
#[derive(Default)]
pub(super) struct Ways(Mutex<HashMap<Owner, (Way, Version)>>);

impl Ways {
    fn of(&self, owner: Owner, as_of: Version) -> Option<Way> {
        let ways = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ways.get(&owner).filter(|(_, kept)| *kept == as_of).map(|(way, _)| *way)
    }

    fn put(&self, owner: Owner, way: Way, as_of: Version) {
        let mut ways = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ways.len() >= KEEP {
            ways.clear();
        }
        ways.insert(owner, (way, as_of));
    }
}

impl Store {
    /// How the device with a token of this hash pays; `None`: there is no such token, or it is revoked. Found by its hash: how long that takes says something of hashes, and nothing of tokens.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn way(&self, owner: Owner) -> io::Result<Option<Way>> {
        let as_of = self.sql.version()?;
        if let Some(way) = as_of.and_then(|as_of| self.ways.of(owner, as_of)) {
            return Ok(Some(way));
        }
        let query = sqlx::query("SELECT is_direct FROM tokens WHERE owner = $1 AND revoked = 0");
        let query = query.bind(owner.to_string());
        let Some(row) = self.sql.run(query.fetch_optional(self.sql.pool()))? else { return Ok(None) };
        let way = way_of(&row, 0).map_err(io::Error::other)?;
        if let Some(as_of) = as_of {
            self.ways.put(owner, way, as_of);
        }
        Ok(Some(way))
    }

    /// All tokens by name, each with its hash.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn tokens(&self) -> io::Result<Vec<(Owner, DeviceToken)>> {
        const ALL: &str = "SELECT tokens.owner, name, shop, is_direct, made, COALESCE(seen, 0), revoked
            FROM tokens LEFT JOIN devices ON devices.owner = tokens.owner ORDER BY name";
        let rows = self.sql.run(sqlx::query(ALL).fetch_all(self.sql.pool()))?;
        rows.iter().map(|row| read(row).map_err(io::Error::other)).collect()
    }
}

fn read(row: &AnyRow) -> Result<(Owner, DeviceToken), sqlx::Error> {
    let owner: String = row.try_get(0)?;
    let owner = Owner::parse(&owner).ok_or(sqlx::Error::RowNotFound)?;
    let time = |at: usize| -> Result<Option<Moment>, sqlx::Error> {
        Ok(u64::try_from(row.try_get::<i64, _>(at)?).ok().filter(|ms| *ms > 0).map(Moment))
    };
    let token = DeviceToken {
        name: row.try_get(1)?,
        shop: row.try_get(2)?,
        way: way_of(row, 3)?,
        made: time(4)?,
        seen: time(5)?,
        revoked: time(6)?,
    };
    Ok((owner, token))
}

fn way_of(row: &AnyRow, at: usize) -> Result<Way, sqlx::Error> {
    let is_direct: i64 = row.try_get(at)?;
    Ok(if is_direct == 0 { Way::Relayed } else { Way::Direct })
}

/// The clock on the wall, for people.
pub(super) fn now() -> io::Result<i64> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    number(u64::try_from(now.as_millis()).unwrap_or(0))
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("the name of a token or a shop is 1 to 32 letters, digits, '-' or '_'"),
            Self::Taken => f.write_str("there is a token of this name, or there was one that is revoked"),
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
