//! Device tokens. Only their hashes are stored.

use core::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use sqlx::Row;
use sqlx::any::AnyRow;
use zeroize::Zeroizing;

use crate::account::{MERCHANT, is_name};
use crate::book::{Moment, Owner, Terms, Unreported};
use crate::recent::Recent;
use crate::rules::Way;
use crate::token::{hex, owner_of};

use super::database::{Database, Role};
use super::news::Version;
use super::orders::{Store, number};
use super::schema::ACCOUNTS;

/// How many tokens are in memory at least.
const KEEP: usize = 32_768;
/// The terms do not matter for tools that change no order.
const TERMS: Terms = Terms { life_ms: 0, first_look_ms: 0, unreported: Unreported::Tell };

/// The accounts of devices with a valid token, and of orders that are not settled.
pub(super) const ACCOUNTS_IN_USE: &str = "SELECT DISTINCT account FROM tokens WHERE revoked = 0 OR EXISTS (
    SELECT id FROM orders WHERE orders.owner = tokens.owner AND is_open = 1) ORDER BY account";

/// Why a token was not made.
#[derive(Debug)]
pub enum TokenError {
    /// A name of a device or an account is 1 to 32 of `[A-Za-z0-9_-]`; a shop's may be empty.
    Name,
    /// There is a token with this name, perhaps a revoked one.
    Taken,
    /// The operating system gave no random bytes.
    Random,
    /// The database cannot be read or written.
    Io(io::Error),
}

/// A device that may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) way: Way,
    /// The account that it sells for.
    pub(crate) account: Arc<str>,
    /// The shop it is in; empty where that was not said.
    pub(crate) shop: Arc<str>,
}

/// A token in the list, without the token itself and its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceToken {
    /// The device's name.
    pub name: String,
    /// The shop it is in; empty if none was given.
    pub shop: String,
    /// The merchant's account that it sells for.
    pub account: String,
    /// How it pays.
    pub way: Way,
    /// When the token was made; `None` for those of earlier versions.
    pub made: Option<Moment>,
    /// When it was last used, up to half a minute late; `None`: never.
    pub seen: Option<Moment>,
    /// When it was revoked.
    pub revoked: Option<Moment>,
}

/// Creates a token, stores its hash under `name` and returns the token, which is stored nowhere. Running backends accept it at once. Its
/// device pays through the backend and never gets a session of the gateway.
///
/// # Errors
/// [`TokenError`].
pub fn add_token(database: impl Into<Database>, name: &str) -> Result<Zeroizing<String>, TokenError> {
    add_shop_token(database, "", name, Way::Relayed)
}

/// The same for a device that pays directly at the gateway, as one with a card reader must: it gets the sessions of its orders.
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
    add_account_token(database, MERCHANT, shop, name, way)
}

/// The same for a device that sells for this account: one of [`Config::accounts`](crate::Config::accounts), or [`MERCHANT`]. After the
/// first token of an account other than [`MERCHANT`], releases that know only one account no longer start on this database.
///
/// # Errors
/// [`TokenError`].
pub fn add_account_token(
    database: impl Into<Database>,
    account: &str,
    shop: &str,
    name: &str,
    way: Way,
) -> Result<Zeroizing<String>, TokenError> {
    if !is_name(name) || !is_name(account) || !(shop.is_empty() || is_name(shop)) {
        return Err(TokenError::Name);
    }
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut()).map_err(|_| TokenError::Random)?;
    let token = Zeroizing::new(hex(bytes.as_ref()));
    let store = Store::open(&database.into(), Role::Tool, TERMS)?;
    let insert = "INSERT INTO tokens (owner, name, is_direct, shop, made, account) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT DO NOTHING";
    let insert = sqlx::query(insert).bind(owner_of(token.as_bytes()).to_string()).bind(name.to_owned());
    let insert = insert.bind(i64::from(way == Way::Direct)).bind(shop.to_owned()).bind(now()?).bind(account.to_owned());
    // A release that knows only one account would sell for this device with another account's keys.
    let close = sqlx::query("UPDATE compatibility SET oldest = $1 WHERE oldest < $1").bind(ACCOUNTS);
    let is_new = store.sql.run(async {
        let mut transaction = store.sql.pool().begin().await?;
        let is_new = insert.execute(&mut *transaction).await?.rows_affected() == 1;
        if is_new && account != MERCHANT {
            close.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(is_new)
    })?;
    if is_new { Ok(token) } else { Err(TokenError::Taken) }
}

/// All tokens by name, revoked ones too.
///
/// # Errors
/// When the database gives no answer.
pub fn tokens(database: impl Into<Database>) -> io::Result<Vec<DeviceToken>> {
    let store = Store::open(&database.into(), Role::Tool, TERMS)?;
    Ok(store.tokens()?.into_iter().map(|(_, token)| token).collect())
}

/// Revokes a token: every backend on this database refuses it from now on. Its orders and its name stay until [`forget`](super::forget)
/// finds it without an order. `false`: there is no such token, or it was revoked before.
///
/// # Errors
/// When it cannot be kept.
pub fn revoke_token(database: impl Into<Database>, name: &str) -> io::Result<bool> {
    let store = Store::open(&database.into(), Role::Tool, TERMS)?;
    let query = sqlx::query("UPDATE tokens SET revoked = $1 WHERE name = $2 AND revoked = 0");
    let query = query.bind(now()?).bind(name.to_owned());
    Ok(store.sql.run(query.execute(store.sql.pool()))?.rows_affected() == 1)
}

/// The tokens that this process knows. Unknown ones are looked up each time.
#[derive(Default)]
pub(super) struct Tokens {
    devices: Mutex<Recent<Owner, (Device, Version), KEEP>>,
    /// Each device's account, which never changes.
    accounts: Mutex<Recent<Owner, Arc<str>, KEEP>>,
}

impl Tokens {
    fn device(&self, owner: Owner, as_of: Version) -> Option<Device> {
        let devices = self.devices.lock().unwrap_or_else(PoisonError::into_inner);
        devices.get(&owner).filter(|(_, kept)| *kept == as_of).map(|(device, _)| device.clone())
    }

    fn put(&self, owner: Owner, device: Device, as_of: Version) {
        self.devices.lock().unwrap_or_else(PoisonError::into_inner).put(owner, (device, as_of));
    }

    fn accounts(&self) -> MutexGuard<'_, Recent<Owner, Arc<str>, KEEP>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// The device whose token has this hash. `None`: there is no such token, or it is revoked. The time of the look-up reveals something
    /// about hashes, and nothing about tokens.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn device(&self, owner: Owner) -> io::Result<Option<Device>> {
        let as_of = self.sql.version()?;
        if let Some(device) = as_of.and_then(|as_of| self.tokens.device(owner, as_of)) {
            return Ok(Some(device));
        }
        let query = sqlx::query("SELECT is_direct, account, shop FROM tokens WHERE owner = $1 AND revoked = 0");
        let query = query.bind(owner.to_string());
        let Some(row) = self.sql.run(query.fetch_optional(self.sql.pool()))? else { return Ok(None) };
        let account: String = row.try_get(1).map_err(io::Error::other)?;
        let shop: String = row.try_get(2).map_err(io::Error::other)?;
        let way = way_of(&row, 0).map_err(io::Error::other)?;
        let device = Device { way, account: account.into(), shop: shop.into() };
        if let Some(as_of) = as_of {
            self.tokens.put(owner, device.clone(), as_of);
        }
        Ok(Some(device))
    }

    /// The account that a device sells for, or sold for: its token may be revoked. If the token was deleted, it is [`MERCHANT`].
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn account(&self, owner: Owner) -> io::Result<Arc<str>> {
        if let Some(account) = self.tokens.accounts().get(&owner) {
            return Ok(Arc::clone(account));
        }
        let query = sqlx::query("SELECT account FROM tokens WHERE owner = $1").bind(owner.to_string());
        let Some(row) = self.sql.run(query.fetch_optional(self.sql.pool()))? else { return Ok(MERCHANT.into()) };
        let account: String = row.try_get(0).map_err(io::Error::other)?;
        let account: Arc<str> = account.into();
        self.tokens.accounts().put(owner, Arc::clone(&account));
        Ok(account)
    }

    /// All tokens by name, each with its hash.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn tokens(&self) -> io::Result<Vec<(Owner, DeviceToken)>> {
        const ALL: &str = "SELECT tokens.owner, name, shop, is_direct, made, COALESCE(seen, 0), revoked, account
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
        account: row.try_get(7)?,
    };
    Ok((owner, token))
}

fn way_of(row: &AnyRow, at: usize) -> Result<Way, sqlx::Error> {
    let is_direct: i64 = row.try_get(at)?;
    Ok(if is_direct == 0 { Way::Relayed } else { Way::Direct })
}

/// The wall clock, for people.
pub(super) fn now() -> io::Result<i64> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    number(u64::try_from(now.as_millis()).unwrap_or(0))
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => {
                f.write_str("the name of a token, a shop or an account is 1 to 32 letters, digits, '-' or '_'")
            }
            Self::Taken => f.write_str("there is a token of this name, perhaps a revoked one: `backend token list` shows them; choose another name"),
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
