//! What others keep in the same PostgreSQL, heard as it is kept: `NOTIFY` with the order's id, in the transaction of the event.

use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pay_core::model::OrderId;
use sqlx::AnyConnection;
use sqlx::postgres::PgListener;

use super::Store;

const CHANNEL: &str = "backend_orders";
/// Before it is tried again where there is no connection.
const PAUSE: Duration = Duration::from_secs(1);

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
    pub(crate) fn listen(&self, heard: impl Fn(Heard) + Send + 'static) {
        let Some(url) = self.sql.postgres() else { return };
        self.sql.spawn(listen(url.to_owned(), Arc::clone(&self.hears), heard));
    }

    /// What others keep is heard at once.
    pub(crate) fn hears(&self) -> bool {
        self.hears.load(Ordering::SeqCst)
    }
}

async fn listen(url: String, hears: Arc<AtomicBool>, heard: impl Fn(Heard)) {
    loop {
        // A pooler that hands one connection to many lets nobody listen: those who wait look themselves then.
        if let Ok(mut listener) = PgListener::connect(&url).await
            && listener.listen(CHANNEL).await.is_ok()
        {
            hears.store(true, Ordering::SeqCst);
            heard(Heard::Any);
            while let Ok(told) = listener.try_recv().await {
                let order = told.map(|told| OrderId::parse(told.payload()));
                heard(match order {
                    Some(Ok(order)) => Heard::Order(order),
                    // The connection was lost, and is there again; or somebody else uses the channel.
                    _ => Heard::Any,
                });
            }
            hears.store(false, Ordering::SeqCst);
            heard(Heard::Any);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Tells who listens, once the transaction is committed.
pub(super) async fn tell(connection: &mut AnyConnection, order: &OrderId) -> Result<(), sqlx::Error> {
    if connection.backend_name() == "PostgreSQL" {
        let tell = sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(order.to_string());
        tell.execute(connection).await?;
    }
    Ok(())
}
