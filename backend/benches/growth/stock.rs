//! A store that is as if it had been in use for years.

use backend::book::{Event, Moment, Reading, SeenPayment};
use backend::{Database, add_token};
use sha2::{Digest, Sha256};
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, AssertSqlSafe};

/// Open orders.
pub(crate) const OPEN: u64 = 500;
/// So many orders in one statement.
const AT_ONCE: u64 = 50_000;
/// The first was sold then (in 2023), and the others one second after the other.
const SOLD: u64 = 1_700_000_000_000;
/// The next look at an open order is due then: no duty disturbs.
const LATER: u64 = 4_000_000_000_000;

/// The id of an order.
pub(crate) fn name(kind: &str, n: u64) -> String {
    format!("{kind}-{}", 10_000_000 + n)
}

/// Makes the tables with so many orders that are over; the token whose orders they are.
pub(crate) fn fill(database: &Database, orders: u64) -> String {
    let token = add_token(database, "kiosk-1").expect("a token").to_string();
    let owner: String = Sha256::digest(token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let url = match database {
            Database::Folder(folder) => format!("sqlite://{}", folder.join("backend.sqlite").display()),
            Database::Postgres(url) => url.clone(),
        };
        let pool = AnyPoolOptions::new().max_connections(1).connect(&url).await.expect("the database");
        let is_sqlite = matches!(database, Database::Folder(_));
        if is_sqlite {
            run(&pool, "PRAGMA synchronous = OFF".to_owned()).await;
        }
        let (over, open) = (over(), open());
        for from in (0..orders).step_by(AT_ONCE as usize) {
            insert(&pool, &owner, "kept", [from, orders.min(from + AT_ONCE)], &over).await;
        }
        insert(&pool, &owner, "open", [0, OPEN], &open).await;
        run(&pool, "UPDATE orders SET is_open = 1 WHERE id LIKE 'open-%'".to_owned()).await;
        let due = format!("INSERT INTO duties SELECT id, {LATER}, 0 FROM orders WHERE is_open = 1");
        run(&pool, due).await;
        // PostgreSQL does it by itself after a while, SQLite never.
        run(&pool, if is_sqlite { "PRAGMA wal_checkpoint(TRUNCATE)" } else { "ANALYZE" }.to_owned()).await;
        pool.close().await;
    });
    token
}

/// Adds the orders from one number to another, each with these events.
async fn insert(pool: &AnyPool, owner: &str, kind: &str, [from, to]: [u64; 2], events: &[Event]) {
    let numbers =
        format!("WITH RECURSIVE numbers(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < {to})");
    let id = format!("'{kind}-' || (10000000 + i)");
    let orders = format!(
        "{numbers} INSERT INTO orders (id, owner, amount, n, is_open, people, at, changed)
        SELECT {id}, '{owner}', 1015, {}, 0, 0, {SOLD} + 1000 * CAST(i AS BIGINT), {SOLD} + 1000 * CAST(i AS BIGINT) FROM numbers",
        events.len()
    );
    run(pool, orders).await;
    let bodies = events.iter().zip(1..).map(|(event, n)| {
        let body = serde_json::to_string(event).expect("JSON");
        format!("SELECT {n} AS n, '{body}' AS body")
    });
    let bodies = bodies.collect::<Vec<_>>().join(" UNION ALL ");
    run(
        pool,
        format!(
            "{numbers} INSERT INTO events (order_id, n, form, body)
            SELECT {id}, n, 2, body FROM numbers CROSS JOIN ({bodies}) AS bodies"
        ),
    )
    .await;
}

async fn run(pool: &AnyPool, statement: String) {
    sqlx::query(AssertSqlSafe(statement)).execute(pool).await.expect("the tables");
}

/// A sale that is over: paid, handed out, looked at until nothing more was due.
fn over() -> Vec<Event> {
    const HOUR: u64 = 3_600_000;
    let at = Moment(SOLD);
    let mut events = vec![
        Event::Made { at },
        paid(SOLD + 20_000),
        Event::Claimed { at, payment: 7 },
        Event::Reported { at: Moment(SOLD + 25_000), released: true, payment: None },
    ];
    events.extend([60_000, 120_000, 2 * HOUR, 7 * HOUR, 25 * HOUR, 73 * HOUR].map(|after| paid(SOLD + after)));
    events
}

/// A sale that is paid, and of whose goods nothing was said.
fn open() -> Vec<Event> {
    vec![Event::Made { at: Moment(LATER) }, paid(LATER)]
}

fn paid(at: u64) -> Event {
    let payment = SeenPayment { id: 7, status: "SUCCESS".to_owned(), captured: Some(true), completed: Some(1) };
    Event::Read(Reading {
        at: Moment(at),
        power_on: 1,
        date: Some(at / 1000),
        status: Some("PAID".to_owned()),
        payments: Some(vec![payment]),
        complete: true,
    })
}
