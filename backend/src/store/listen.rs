//! Learns of events that other backends store in the same PostgreSQL: `NOTIFY` with the order's id, in the event's transaction.

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
/// The pause before connecting again.
const PAUSE: Duration = Duration::from_secs(1);
/// After this time without a notification it sends one to itself.
const SILENCE: Duration = Duration::from_secs(10);
/// If it does not receive that within this time, it is deaf: the connection is dead, or a pooler shares it.
const ECHO: Duration = Duration::from_secs(5);

/// Which orders have new events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// This order.
    Order(OrderId),
    /// Any order: for a while nobody listened.
    Any,
}

impl Store {
    /// Calls `heard` for each order that gets an event, until the store is dropped. `heard` must not block. Does nothing on SQLite, where
    /// no other backend serves.
    pub(crate) fn listen(&self, heard: impl Fn(Heard) + Send + Sync + 'static) {
        let Some(url) = self.sql.postgres() else { return };
        self.sql.spawn(listen(url.to_owned(), self.sql.pool().clone(), Arc::clone(&self.hears), heard));
    }

    /// Whether events of other backends are heard at once.
    pub(crate) fn hears(&self) -> bool {
        self.hears.load(Ordering::SeqCst)
    }
}

pub(super) async fn listen(url: String, pool: AnyPool, hears: Arc<AtomicBool>, heard: impl Fn(Heard) + Sync) {
    loop {
        // While this does not work, waiting requests poll the database.
        if let Ok(mut listener) = PgListener::connect(&url).await {
            // Reconnecting takes up to half a minute, and meanwhile it would seem to listen.
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

/// Returns when the connection is lost or deaf.
async fn hear(listener: &mut PgListener, pool: &AnyPool, hears: &AtomicBool, heard: &(impl Fn(Heard) + Sync)) {
    // No order can have this id.
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
                    // A look now sees everything stored before.
                    heard(Heard::Any);
                }
                // Other users of the database may send anything here.
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

/// Notifies the listeners once the transaction is committed.
pub(super) async fn tell(connection: &mut AnyConnection, order: &OrderId) -> Result<(), sqlx::Error> {
    if connection.backend_name() == "PostgreSQL" {
        notify(connection, order.as_str()).await?;
    }
    Ok(())
}
