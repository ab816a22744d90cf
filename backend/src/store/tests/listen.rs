//! What another backend keeps, on a PostgreSQL of the test's own.

#[path = "../../../tests/postgres/server.rs"]
#[allow(dead_code)] // others end it and start it again
mod server;

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::super::Heard;
use super::*;
use server::Postgres;

fn hear(heard: &Receiver<Heard>) -> Heard {
    heard.recv_timeout(Duration::from_secs(60)).expect("a word")
}

// Meant to notice: a commit that tells nobody; a listener that is gone with its connection, or says nothing of what it may have missed.
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
        second.want(&order(id), OWNER, 1015, Moment(1)).unwrap();
        second.on(&order(id), &Event::Made { at: Moment(1) }).unwrap();
        assert_eq!(hear(&heard), Heard::Order(order(id)));
    }
    // Nothing that is news, nothing to hear: the next is of the report.
    second.on(&order("abc"), &Event::Made { at: Moment(1) }).unwrap();
    second.on(&order("def"), &reported(true)).unwrap();
    assert_eq!(hear(&heard), Heard::Order(order("def")));
    // Its connection alone breaks, and is there again at once.
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'";
    second.sql.run(sqlx::query(end).execute(second.sql.pool())).unwrap();
    assert_eq!(hear(&heard), Heard::Any);
    second.on(&order("def"), &paid()).unwrap();
    assert_eq!(hear(&heard), Heard::Order(order("def")));
    // So do all, and for a while there is none.
    server.restart_at_once();
    assert_eq!(hear(&heard), Heard::Any);
    while !first.hears() {
        assert_eq!(hear(&heard), Heard::Any);
    }
    second.on(&order("abc"), &reported(true)).unwrap();
    while hear(&heard) != Heard::Order(order("abc")) {}
    // On SQLite nobody else serves.
    let dir = dir("alone");
    let alone = open(&dir, Role::Server);
    alone.listen(|_| panic!("nobody to hear"));
    alone.want(&order("abc"), OWNER, 1015, Moment(1)).unwrap();
    alone.on(&order("abc"), &Event::Made { at: Moment(1) }).unwrap();
    assert!(!alone.hears());
    drop(alone);
    fs::remove_dir_all(dir).unwrap();
}
