//! Orders and their events.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pay_core::model::OrderId;
use pay_core::sale::Millis;
use sqlx::{AnyConnection, AnyPool, Row};

use crate::book::{Effect, Entry, Event, Matter, Moment, Old, Owner, Terms, Unreported};

use super::database::{Database, Role, Sql};
use super::leases::Leases;
use super::news::Version;
use super::tokens::{Tokens, now};

/// Format numbers of an event's body: the first log's, and this book's.
pub(super) const FORM_OLD: i64 = 1;
pub(super) const FORM: i64 = 2;
/// How many orders are in memory before settled ones are dropped: more than a backend has kiosks.
const KEEP: usize = 32_768;
/// How often an event is decided anew when another writer was faster; each time that writer's event was stored.
const ROUNDS: usize = 100;

/// The book and its tables.
pub(crate) struct Store {
    pub(super) sql: Sql,
    terms: Terms,
    known: Mutex<HashMap<OrderId, Kept>>,
    pub(super) tokens: Tokens,
    /// `None`: the leases are in the database.
    pub(super) leases: Option<Leases>,
    /// Whether events of other backends are heard ([`Store::listen`]).
    pub(super) hears: Arc<AtomicBool>,
}

/// An order in memory.
struct Kept {
    known: Known,
    /// The version for which it is complete. `None`: look into the database.
    as_of: Option<Version>,
}

/// An order as this process knows it.
#[derive(Clone)]
pub(crate) struct Known {
    pub(crate) entry: Entry,
    /// Its events so far.
    pub(crate) n: i64,
}

impl Store {
    /// Opens the tables.
    ///
    /// # Errors
    /// When they cannot be read, created or migrated, or another backend serves from this folder.
    pub(crate) fn open(database: &Database, role: Role, terms: Terms) -> io::Result<Self> {
        let leases = (role == Role::Server && matches!(database, Database::Folder(_))).then(Leases::default);
        Ok(Self {
            sql: database.open(role)?,
            terms,
            known: Mutex::default(),
            tokens: Tokens::default(),
            leases,
            hears: Arc::default(),
        })
    }

    /// Whether other processes may store events here.
    pub(crate) fn is_shared(&self) -> bool {
        self.sql.postgres().is_some()
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub(crate) fn answers(&self) -> io::Result<()> {
        // Read a table: SQLite answers `SELECT 1` without reading its file.
        self.sql.run(sqlx::query("SELECT n FROM orders LIMIT 1").execute(self.sql.pool())).map(|_| ())
    }

    /// Stores that a device wants an order. Returns the order with this id, which may be another device's. `None`: an order with this id
    /// was forgotten.
    ///
    /// # Errors
    /// When it could not be made durable.
    pub(crate) fn want(&self, order: &OrderId, owner: Owner, amount: u64, at: Moment) -> io::Result<Option<Entry>> {
        Ok(self.insert(Entry::new(order.clone(), owner, amount), at, None)?.map(|(entry, _)| entry))
    }

    /// Stores an order that only the gateway knew together with [`Event::Found`]: both or neither. Returns the order with this id, and
    /// whether it is new; `None` as for [`Store::want`].
    ///
    /// # Errors
    /// When it could not be made durable.
    pub(crate) fn find(
        &self,
        order: &OrderId,
        owner: Owner,
        amount: u64,
        at: Moment,
    ) -> io::Result<Option<(Entry, bool)>> {
        self.insert(Entry::new(order.clone(), owner, amount), at, Some(&Event::Found { at }))
    }

    /// Stores an order that does not exist yet, with its first event.
    fn insert(&self, mut entry: Entry, at: Moment, first: Option<&Event>) -> io::Result<Option<(Entry, bool)>> {
        let order = &entry.order().clone();
        let insert = "INSERT INTO orders (id, owner, amount, n, is_open, people, at) VALUES ($1, $2, $3, 0, 1, 0, $4)
            ON CONFLICT (id) DO NOTHING";
        let insert = sqlx::query(insert).bind(order.to_string()).bind(entry.owner().to_string());
        let insert = insert.bind(number(entry.amount())?).bind(number(at.0)?);
        let first = first.map(|event| {
            entry.on(event);
            serde_json::to_string(event)
        });
        let first = first.transpose()?;
        let forgotten = sqlx::query("SELECT id FROM forgotten WHERE id = $1").bind(order.to_string());
        let is_new = self.sql.run(async {
            let mut transaction = self.sql.pool().begin().await?;
            // The insert waits for a `forget` of this id; the check afterwards sees it.
            let is_new = insert.execute(&mut *transaction).await?.rows_affected() == 1;
            if forgotten.fetch_optional(&mut *transaction).await?.is_some() {
                return Ok(None);
            }
            if let Some(body) = first.as_deref().filter(|_| is_new) {
                let row = EventRow { order, n: 1, form: FORM, body, tells: false };
                if !add(&mut transaction, &row, &entry, self.terms).await? {
                    return Err(sqlx::Error::Protocol("an order without events has some".into()));
                }
            }
            transaction.commit().await?;
            Ok(Some(is_new))
        })?;
        let Some(is_new) = is_new else {
            self.lock().remove(order);
            return Ok(None);
        };
        let known = self.known(order)?.ok_or_else(|| io::Error::other("an order that was kept is gone"))?;
        Ok(Some((known.entry, is_new)))
    }

    /// Applies an event, and stores it if it changes something. `None`: there is no such order.
    ///
    /// # Errors
    /// When storing it failed. It may be stored nevertheless: repeating the event is safe.
    pub(crate) fn on(&self, order: &OrderId, event: &Event) -> io::Result<Option<Effect>> {
        for _ in 0..ROUNDS {
            let Some(Known { mut entry, n }) = self.known(order)? else { return Ok(None) };
            let before = entry.news();
            let effect = entry.on(event);
            let is_word = matches!(event, Event::Person { .. });
            let keeps = is_word || matches!(effect, Effect::News { .. });
            if keeps {
                let body = serde_json::to_string(event)?;
                let tells = entry.news() != before;
                let row = EventRow { order, n: n + 1, form: FORM, body: &body, tells };
                if !self.sql.run(keep(self.sql.pool(), &row, &entry, self.terms))? {
                    // Another writer was first: decide again, on its event too. Or the order was forgotten.
                    self.lock().remove(order);
                    continue;
                }
            }
            if effect != Effect::ReadFirst {
                self.put(order, Known { entry, n: n + i64::from(keeps) }, n, None);
            }
            return Ok(Some(effect));
        }
        Err(io::Error::other("an order changed too often while one event was decided"))
    }

    /// The orders of a device that it may still have something to do about.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn open_orders(&self, owner: Owner) -> io::Result<Vec<OrderId>> {
        let query = sqlx::query("SELECT id FROM orders WHERE owner = $1 AND is_open = 1 ORDER BY id");
        self.ids(self.sql.run(query.bind(owner.to_string()).fetch_all(self.sql.pool()))?)
    }

    /// What people have to do now.
    ///
    /// # Errors
    /// When the database gives no answer.
    pub(crate) fn matters(&self, now: Moment) -> io::Result<Vec<(OrderId, Matter)>> {
        let query = sqlx::query("SELECT id FROM orders WHERE people = 1 ORDER BY id");
        let mut matters = Vec::new();
        for order in self.ids(self.sql.run(query.fetch_all(self.sql.pool()))?)? {
            let known = self.known(&order)?;
            let found = known.iter().flat_map(|known| known.entry.matters(self.terms, Millis(now.0)));
            matters.extend(found.map(|matter| (order.clone(), matter)));
        }
        Ok(matters)
    }

    fn ids(&self, rows: Vec<sqlx::any::AnyRow>) -> io::Result<Vec<OrderId>> {
        let id = |row: sqlx::any::AnyRow| {
            let id: String = row.try_get(0).map_err(io::Error::other)?;
            OrderId::parse(&id).map_err(|_| damaged(&id))
        };
        rows.into_iter().map(id).collect()
    }

    /// The present state of an order.
    ///
    /// # Errors
    /// When the database gives no answer, or holds something that this version cannot read.
    pub(crate) fn known(&self, order: &OrderId) -> io::Result<Option<Known>> {
        let as_of = self.sql.version()?;
        let known = self.lock().get(order).map(|kept| (kept.known.clone(), kept.as_of));
        if let Some((known, kept)) = &known
            && as_of.is_some()
            && as_of == *kept
        {
            return Ok(Some(known.clone()));
        }
        let known = known.map(|(known, _)| known);
        let (seen, rows) = self.sql.run(read(self.sql.pool(), order, known.as_ref().map(|known| known.n)))?;
        let is_new = known.is_none();
        let known = match (known, seen) {
            (Some(known), _) => known,
            (None, Some((owner, amount))) => {
                let owner = Owner::parse(&owner).ok_or_else(|| damaged(order.as_str()))?;
                let amount = u64::try_from(amount).map_err(|_| damaged(order.as_str()))?;
                Known { entry: Entry::new(order.clone(), owner, amount), n: 0 }
            }
            (None, None) => return Ok(None),
        };
        let (before, mut known) = (known.n, known);
        for (n, form, body) in rows {
            known = play(known, n, form, &body).ok_or_else(|| damaged(order.as_str()))?;
        }
        if is_new || known.n > before || as_of.is_some() {
            self.put(order, known.clone(), before, as_of);
        }
        Ok(Some(known))
    }

    /// Stores in memory the order's state after the events behind `from`, unless more is known by now. `as_of` is the version for which it
    /// is complete; `None` keeps the version of the state before.
    fn put(&self, order: &OrderId, next: Known, from: i64, as_of: Option<Version>) {
        let mut known = self.lock();
        let other = known.get(order);
        if other.is_some_and(|other| other.known.n > from && other.known.n >= next.n) {
            return;
        }
        let as_of = as_of.or_else(|| other.and_then(|other| other.as_of));
        if known.len() >= KEEP && other.is_none() {
            known.retain(|_, other| other.known.entry.is_open());
            if known.len() >= KEEP {
                known.clear();
            }
        }
        known.insert(order.clone(), Kept { known: next, as_of });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OrderId, Kept>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A row of `events`.
pub(super) struct EventRow<'e> {
    pub(super) order: &'e OrderId,
    pub(super) n: i64,
    pub(super) form: i64,
    pub(super) body: &'e str,
    /// Waiting devices learn of it.
    pub(super) tells: bool,
}

/// Reads owner and amount, if they are unknown, and then the new events.
pub(super) type Read = (Option<(String, i64)>, Vec<(i64, i64, String)>);

pub(super) async fn read(pool: &AnyPool, order: &OrderId, known: Option<i64>) -> Result<Read, sqlx::Error> {
    let mut seen = None;
    if known.is_none() {
        let query = sqlx::query("SELECT owner, amount FROM orders WHERE id = $1").bind(order.to_string());
        let Some(row) = query.fetch_optional(pool).await? else { return Ok((None, Vec::new())) };
        seen = Some((row.try_get(0)?, row.try_get(1)?));
    }
    let query = sqlx::query("SELECT n, form, body FROM events WHERE order_id = $1 AND n > $2 ORDER BY n");
    let rows = query.bind(order.to_string()).bind(known.unwrap_or(0)).fetch_all(pool).await?;
    let row = |row: &sqlx::any::AnyRow| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
    Ok((seen, rows.iter().map(row).collect::<Result<_, sqlx::Error>>()?))
}

/// The order after its next event. `None`: the row does not fit the order.
pub(super) fn play(mut known: Known, n: i64, form: i64, body: &str) -> Option<Known> {
    if n != known.n + 1 {
        return None;
    }
    match form {
        FORM_OLD => known.entry.on_old(&serde_json::from_str::<Old>(body).ok()?),
        FORM => {
            known.entry.on(&serde_json::from_str::<Event>(body).ok()?);
        }
        _ => return None,
    }
    known.n = n;
    Some(known)
}

/// Stores an event and what follows from it. `false`: the order has other events by now, and nothing was stored.
pub(super) async fn keep(pool: &AnyPool, row: &EventRow<'_>, next: &Entry, terms: Terms) -> Result<bool, sqlx::Error> {
    let mut transaction = pool.begin().await?;
    let is_next = add(&mut transaction, row, next, terms).await?;
    if is_next {
        transaction.commit().await?;
    }
    Ok(is_next)
}

/// The part of [`keep`] inside a transaction.
pub(super) async fn add(
    connection: &mut AnyConnection,
    row: &EventRow<'_>,
    next: &Entry,
    terms: Terms,
) -> Result<bool, sqlx::Error> {
    let update = "UPDATE orders SET n = $1, changed = $6, is_open = $2, people = $3 WHERE id = $4 AND n = $5";
    let update = sqlx::query(update)
        .bind(row.n)
        .bind(i64::from(next.is_open()))
        .bind(i64::from(may_need_people(next, terms)))
        .bind(row.order.to_string())
        .bind(row.n - 1)
        .bind(now().map_err(sqlx::Error::Io)?);
    if update.execute(&mut *connection).await?.rows_affected() != 1 {
        return Ok(false);
    }
    let insert = sqlx::query("INSERT INTO events (order_id, n, form, body) VALUES ($1, $2, $3, $4)");
    let insert = insert.bind(row.order.to_string()).bind(row.n).bind(row.form).bind(row.body.to_owned());
    insert.execute(&mut *connection).await?;
    super::duties::set(connection, row.order, next.due(terms).map(|(at, _)| at)).await?;
    if row.tells {
        super::listen::tell(connection, row.order).await?;
    }
    Ok(true)
}

/// Whether the order may need a person at any time, if nothing else happens.
fn may_need_people(entry: &Entry, terms: Terms) -> bool {
    !entry.matters(Terms { unreported: Unreported::Tell, ..terms }, Millis(u64::MAX)).is_empty()
}

pub(super) fn number(value: u64) -> io::Result<i64> {
    i64::try_from(value).map_err(|_| io::Error::other("a number is too large for the database"))
}

pub(super) fn damaged(order: &str) -> io::Error {
    io::Error::other(format!("the rows of order {order} cannot be read by this version"))
}

/// Records that a person's duty is done, or with `look` that an order is to be read again. A running backend learns of it within seconds.
/// `false`: there is no such order.
///
/// # Errors
/// When it cannot be stored.
pub fn add_word(
    database: impl Into<Database>,
    terms: Terms,
    now: Moment,
    order: &OrderId,
    [matter, who, why]: [&str; 3],
) -> io::Result<bool> {
    let store = Store::open(&database.into(), Role::Tool, terms)?;
    let event = Event::Person { at: now, matter: matter.into(), who: who.into(), why: why.into() };
    let is_there = store.on(order, &event)?.is_some();
    if is_there {
        // Make the order due: a backend reads it and plans by its own terms.
        store.look(order, Millis(now.0))?;
    }
    Ok(is_there)
}

/// What people have to do now: order and duty. Backends may run meanwhile.
///
/// # Errors
/// When the database gives no answer.
pub fn listed(database: impl Into<Database>, terms: Terms, now: Moment) -> io::Result<Vec<(OrderId, Matter)>> {
    Store::open(&database.into(), Role::Tool, terms)?.matters(now)
}
