//! What another backend keeps, on a PostgreSQL of the test's own.

#[path = "../../../tests/postgres/server.rs"]
mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::super::Heard;
use super::super::listen::listen;
use super::*;
use server::Postgres;

fn hear(heard: &Receiver<Heard>) -> Heard {
    heard.recv_timeout(Duration::from_secs(60)).expect("a word")
}

/// An order that is made, and seen to be paid.
fn pay(store: &Store, id: &str) {
    store.want(&order(id), OWNER, 1015, Moment(1)).unwrap();
    store.on(&order(id), &Event::Made { at: Moment(1) }).unwrap();
    store.on(&order(id), &paid()).unwrap();
}

// Meant to notice: a commit that tells nobody, or tells of what nobody waits for; a listener that is gone with its connection, or says
// nothing of what it may have missed.
#[test]
fn what_another_backend_keeps_is_heard() {
    let server = Postgres::start("heard");
    let database = Database::Postgres(server.create("heard"));
    let store = || Store::open(&database, Role::Server, TERMS).unwrap();
    let (first, second) = (store(), store());
    let (tell, heard) = channel();
    first.listen(move |order| tell.send(order).unwrap_or_default());
    assert_eq!(hear(&heard), Heard::Any);
    assert!(first.hears() && !second.hears());
    for id in ["abc", "def"] {
        pay(&second, id);
        assert_eq!(hear(&heard), Heard::Order(order(id)));
    }
    // What becomes of the goods is no news to who waits for the payment, and what is no order's id none to anybody.
    second.on(&order("def"), &reported(true)).unwrap();
    let other = "SELECT pg_notify('backend_orders', '?')";
    second.sql.run(sqlx::query(other).execute(second.sql.pool())).unwrap();
    pay(&second, "ghi");
    assert_eq!(hear(&heard), Heard::Order(order("ghi")));
    // Its connection alone breaks, then the server with all of them.
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'";
    second.sql.run(sqlx::query(end).execute(second.sql.pool())).unwrap();
    for (id, restarts) in [("jkl", false), ("mno", true)] {
        if restarts {
            server.restart_at_once();
        }
        // Gone, and there again.
        assert_eq!((hear(&heard), hear(&heard)), (Heard::Any, Heard::Any));
        assert!(first.hears());
        pay(&second, id);
        assert_eq!(hear(&heard), Heard::Order(order(id)));
    }
    // On SQLite nobody else serves.
    let dir = dir("alone");
    let alone = open(&dir, Role::Server);
    alone.listen(|_| panic!("nobody to hear"));
    pay(&alone, "abc");
    assert!(!alone.hears());
    drop(alone);
    fs::remove_dir_all(dir).unwrap();
}

// Meant to notice: a listener that is taken for one that hears because it is connected, as behind a pooler.
#[test]
fn who_is_deaf_is_not_taken_for_one_that_hears() {
    let server = Postgres::start("deaf");
    let store = Store::open(&Database::Postgres(server.create("deaf")), Role::Server, TERMS).unwrap();
    let elsewhere = server.create("elsewhere");
    let hears = Arc::new(AtomicBool::new(false));
    store.sql.spawn(listen(elsewhere, store.sql.pool().clone(), Arc::clone(&hears), |_| {}));
    let connected = "SELECT COUNT(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'";
    let count = || store.sql.run(sqlx::query(connected).fetch_one(store.sql.pool())).unwrap().get::<i64, _>(0);
    while count() == 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_secs(1));
    assert!(!hears.load(Ordering::SeqCst));
}
