//! What others keep in the same PostgreSQL, heard as it is kept: `NOTIFY` with the order's id, in the transaction of the event.

use core::time::Duration;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pay_core::model::OrderId;
use sqlx::postgres::PgListener;
use sqlx::{Any, AnyConnection, AnyPool, Executor};
use tokio::time::timeout;

use super::Store;

const CHANNEL: &str = "backend_orders";
/// Before it is tried again where there is no connection.
const PAUSE: Duration = Duration::from_secs(1);
/// After so long without a word it says one to itself.
const SILENCE: Duration = Duration::from_secs(10);
/// Who does not hear that within so long is deaf: its connection is dead, or a pooler lends it to others.
const ECHO: Duration = Duration::from_secs(5);

/// Of which orders something was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Of this one.
    Order(OrderId),
    /// Of any: for a while nobody listened.
    Any,
}

impl Store {
    /// Calls `heard` for each order of which anybody keeps something, from a thread that may not block, until the store is dropped. Does
    /// nothing on SQLite, where nobody else serves.
    pub(crate) fn listen(&self, heard: impl Fn(Heard) + Send + Sync + 'static) {
        let Some(url) = self.sql.postgres() else { return };
        self.sql.spawn(listen(url.to_owned(), self.sql.pool().clone(), Arc::clone(&self.hears), heard));
    }

    /// What others keep is heard at once.
    pub(crate) fn hears(&self) -> bool {
        self.hears.load(Ordering::SeqCst)
    }
}

pub(super) async fn listen(url: String, pool: AnyPool, hears: Arc<AtomicBool>, heard: impl Fn(Heard) + Sync) {
    loop {
        // While nobody hears, those who wait look themselves.
        if let Ok(mut listener) = PgListener::connect(&url).await {
            // It would try for half a minute, and be taken for one that hears.
            listener.eager_reconnect(false);
            if listener.listen(CHANNEL).await.is_ok() {
                hear(&mut listener, &pool, &hears, &heard).await;
            }
            if hears.swap(false, Ordering::SeqCst) {
                heard(Heard::Any);
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Until the connection is lost, or deaf.
async fn hear(listener: &mut PgListener, pool: &AnyPool, hears: &AtomicBool, heard: &(impl Fn(Heard) + Sync)) {
    // No order has such an id.
    let mine = format!("!{:016x}", RandomState::new().build_hasher().finish());
    let mut silent = true;
    loop {
        if silent && notify(pool, &mine).await.is_err() {
            return;
        }
        match timeout(if silent { ECHO } else { SILENCE }, listener.try_recv()).await {
            Ok(Ok(Some(told))) => {
                silent = false;
                if !hears.swap(true, Ordering::SeqCst) {
                    // What was kept before is seen by who looks now.
                    heard(Heard::Any);
                }
                // Others of the database may say anything here.
                if let Ok(order) = OrderId::parse(told.payload()) {
                    heard(Heard::Order(order));
                }
            }
            Err(_) if !silent => silent = true,
            Ok(Ok(None) | Err(_)) | Err(_) => return,
        }
    }
}

async fn notify<'c>(connection: impl Executor<'c, Database = Any>, word: &str) -> Result<(), sqlx::Error> {
    let tell = sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(word.to_owned());
    tell.execute(connection).await.map(drop)
}

/// Tells who listens, once the transaction is committed.
pub(super) async fn tell(connection: &mut AnyConnection, order: &OrderId) -> Result<(), sqlx::Error> {
    if connection.backend_name() == "PostgreSQL" {
        notify(connection, order.as_str()).await?;
    }
    Ok(())
}
