//! What is forgotten, and what stays.

use sqlx::{AssertSqlSafe, Row};

use super::*;
use crate::book::SeenRefund;
use crate::store::{ForgetError, Forgotten, forget, revoke_token};

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;
const NOW: Moment = Moment(100 * DAY);

fn sql(store: &Store, statement: impl Into<String>) {
    store.sql.run(sqlx::query(AssertSqlSafe(statement.into())).execute(store.sql.pool())).unwrap();
}

fn count(store: &Store, what: &str) -> i64 {
    let query = AssertSqlSafe(format!("SELECT COUNT(*) FROM {what}"));
    store.sql.run(sqlx::query(query).fetch_one(store.sql.pool())).unwrap().try_get(0).unwrap()
}

/// The gateway shows it paid, at this time.
fn seen(at: u64) -> Event {
    let Event::Read(reading) = paid() else { unreachable!() };
    Event::Read(Reading { at: Moment(at), ..reading })
}

/// A sale to its end: the last look at it is three days after it began.
fn sell(store: &Store, id: &str, released: Option<bool>) {
    let id = order(id);
    store.want(&id, OWNER, 1015, Moment(1)).unwrap();
    store.on(&id, &Event::Made { at: Moment(1) }).unwrap();
    if let Some(released) = released {
        store.on(&id, &reported(released)).unwrap();
    }
    for at in [1_000, 60_000, 2 * HOUR, 7 * HOUR, 25 * HOUR, 73 * HOUR] {
        store.on(&id, &seen(at)).unwrap();
    }
}

/// A sale whose money goes back, as this status says; nothing is due for it any more.
fn send_back(store: &Store, id: &str, status: &str) {
    sell(store, id, Some(false));
    let refund = RefundId::of_payment(&order(id), CfPaymentId::new(7)).to_string();
    let refund = SeenRefund { id: refund, order: id.to_owned(), amount: 1015, status: status.to_owned() };
    store.on(&order(id), &Event::Refunds { list: Vec::new() }).unwrap();
    store.on(&order(id), &Event::Refund(refund.clone())).unwrap();
    store.on(&order(id), &Event::Refunds { list: vec![refund] }).unwrap();
}

// Seen red, each by itself: the checks of `is_quiet`, of `is_over`, of `changed`, of the events' times, of the minimum of days; a rehearsal that
// deletes; rows that stay; an order in memory that is found to be gone by nobody.
#[test]
fn an_order_is_forgotten_once_nothing_more_is_to_come_of_it() {
    let dir = dir("forget");
    let store = open(&dir, Role::Server);
    sell(&store, "over", Some(true));
    send_back(&store, "back", "SUCCESS");
    store.want(&order("never-made"), OWNER, 1015, Moment(1)).unwrap();
    send_back(&store, "refund-on-its-way", "PENDING");
    sell(&store, "unreported", None);
    sell(&store, "looked-at", Some(true));
    store.look(&order("looked-at"), Millis(5)).unwrap();
    sell(&store, "told", Some(true));
    let told = Event::Hinted { at: Moment(74 * HOUR), told: Told::Payment { id: 8, status: "SUCCESS".into() } };
    store.on(&order("told"), &told).unwrap();
    sql(&store, "DELETE FROM duties WHERE order_id = 'told'");
    sell(&store, "news", Some(true));
    store.want(&order("open"), OWNER, 1015, Moment(1)).unwrap();
    store.on(&order("open"), &Event::Made { at: Moment(1) }).unwrap();
    sql(&store, "INSERT INTO forwards VALUES ('over', 'key', 'upi', 'session', 1)");
    assert_eq!(count(&store, "duties WHERE order_id NOT IN ('looked-at', 'open')"), 0, "nothing else is due");

    // Kept by an earlier version: its events say when.
    sql(&store, "UPDATE orders SET changed = 0 WHERE id <> 'news'");
    let forget = |days, is_rehearsal| forget(&dir, days, NOW, is_rehearsal);
    let of = |orders, kept| Forgotten { orders, kept, ..Forgotten::default() };
    assert_eq!(forget(98, true).unwrap(), of(1, 8), "the last look at the others was later");
    sql(&store, format!("UPDATE orders SET changed = {} WHERE id <> 'news'", 4 * DAY));
    assert_eq!(forget(96, true).unwrap(), of(0, 9));
    assert!(matches!(forget(29, false), Err(ForgetError::TooYoung)));
    assert_eq!(forget(30, true).unwrap(), of(3, 6));
    assert_eq!((count(&store, "orders"), count(&store, "forgotten")), (9, 0), "it was a rehearsal");
    assert_eq!(forget(30, false).unwrap(), of(3, 6));
    assert_eq!(forget(30, false).unwrap(), of(0, 6));

    for table in ["events WHERE order_id", "forwards WHERE order_id", "orders WHERE id"] {
        assert_eq!(count(&store, &format!("{table} IN ('over', 'back', 'never-made')")), 0, "{table}");
    }
    // The backend has it in memory: what it hears now is of an order that it does not have.
    assert_eq!(store.on(&order("over"), &told).unwrap(), None);
    assert!(store.known(&order("over")).unwrap().is_none());
    assert_eq!(entry(&store, "news").released(), Some(true));
    drop(store);
    fs::remove_dir_all(dir).unwrap();
}

// Seen red: `want` without its look at what is forgotten. The order would be paid, and refunded or handed out, once more.
#[test]
fn nobody_gets_an_order_of_a_forgotten_id() {
    let dir = dir("forgotten");
    let (store, other) = (open(&dir, Role::Server), open(&dir, Role::Tool));
    sell(&store, "abc", Some(true));
    assert!(other.known(&order("abc")).unwrap().is_some());
    sql(&store, format!("UPDATE orders SET changed = {}", 4 * DAY));
    assert_eq!(forget(&dir, 30, NOW, false).unwrap().orders, 1);
    for store in [&store, &other, &open(&dir, Role::Tool)] {
        assert!(store.want(&order("abc"), OWNER, 1015, NOW).unwrap().is_none());
        assert!(store.known(&order("abc")).unwrap().is_none());
    }
    assert_eq!(count(&store, "orders"), 0);
    drop((store, other));
    fs::remove_dir_all(dir).unwrap();
}

// Seen red: `AND n = $2` left out.
#[test]
fn what_happens_while_it_is_forgotten_keeps_the_order() {
    let dir = dir("forget-late");
    let store = open(&dir, Role::Server);
    sell(&store, "abc", Some(true));
    let orders = store.wanted_before(NOW, None).unwrap();
    let event = Event::Person { at: NOW, matter: "note".into(), who: "asha".into(), why: "a complaint".into() };
    store.on(&order("abc"), &event).unwrap();
    assert_eq!(store.forget_orders(&orders.iter().collect::<Vec<_>>()).unwrap(), 0);
    let orders = store.wanted_before(NOW, None).unwrap();
    store.look(&order("abc"), Millis(5)).unwrap();
    assert_eq!(store.forget_orders(&orders.iter().collect::<Vec<_>>()).unwrap(), 0, "it is to be looked at");
    assert_eq!(entry(&store, "abc").released(), Some(true));
    drop(store);
    fs::remove_dir_all(dir).unwrap();
}

// Seen red: a session that is in use forgotten; a token that is not revoked, was revoked just now, or whose orders are there.
#[test]
fn sessions_and_revoked_tokens_are_forgotten() {
    let dir = dir("forget-people");
    let store = open(&dir, Role::Server);
    for name in ["long-ago", "just-now", "in-use", "with-orders"] {
        add_token(&dir, name).unwrap();
    }
    for name in ["long-ago", "just-now", "with-orders"] {
        assert!(revoke_token(&dir, name).unwrap());
    }
    sql(&store, "UPDATE tokens SET revoked = 5 WHERE name IN ('long-ago', 'with-orders')");
    sql(&store, format!("UPDATE tokens SET owner = '{OWNER}' WHERE name = 'with-orders'"));
    sql(&store, "INSERT INTO devices (owner, epoch) SELECT owner, 3 FROM tokens");
    store.want(&order("abc"), OWNER, 1015, Moment(1)).unwrap();
    store.on(&order("abc"), &Event::Made { at: Moment(1) }).unwrap();
    store.begin_session("in-use", "asha", NOW).unwrap();
    sql(&store, format!("INSERT INTO sessions VALUES ('idle', 'asha', {}, 5)", NOW.0 + HOUR));
    sql(&store, format!("INSERT INTO sessions VALUES ('ended', 'asha', 5, {})", NOW.0));

    for is_rehearsal in [true, false] {
        let forgotten = forget(&dir, 30, NOW, is_rehearsal).unwrap();
        assert_eq!((forgotten.orders, forgotten.sessions, forgotten.tokens), (0, 2, 1), "{is_rehearsal}");
    }
    let names: Vec<_> = store.tokens().unwrap().into_iter().map(|(_, token)| token.name).collect();
    assert_eq!((names, count(&store, "devices")), (vec!["in-use".into(), "just-now".into(), "with-orders".into()], 3));
    assert_eq!(store.session("in-use", NOW).unwrap().as_deref(), Some("asha"));
    assert!(add_token(&dir, "long-ago").is_ok(), "its name is free");
    drop(store);
    fs::remove_dir_all(dir).unwrap();
}
