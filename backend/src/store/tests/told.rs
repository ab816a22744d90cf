//! Orders with all that happened to them, part by part.

use sqlx::AssertSqlSafe;

use super::*;
use crate::store::{Happened, revoke_token};

/// So many orders, each with two events: three are wanted in each millisecond from 1,000 on.
fn fill(store: &Store, count: u64) {
    let made = r#"{"event":"made","at":1}"#;
    let closing = r#"{"event":"closing","at":2}"#;
    let all = format!("WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n + 1 < {count})");
    for statement in [
        format!(
            "{all} INSERT INTO orders (id, owner, amount, n, is_open, people, at)
            SELECT 'till-' || n, '{OWNER}', 1015, 2, 1, 0, 1000 + n / 3 FROM n"
        ),
        format!("{all} INSERT INTO events (order_id, n, form, body) SELECT 'till-' || n, 1, 2, '{made}' FROM n"),
        format!("{all} INSERT INTO events (order_id, n, form, body) SELECT 'till-' || n, 2, 2, '{closing}' FROM n"),
    ] {
        store.sql.run_long(sqlx::query(AssertSqlSafe(statement)).execute(store.sql.pool())).unwrap();
    }
}

// Meant to notice: an order between two parts that is in neither, or in both; one wanted outside of the time; an event of another order.
#[test]
fn every_order_of_a_time_is_told_once() {
    const COUNT: u64 = 1_700;
    let dir = dir("told");
    let store = open(&dir, Role::Tool);
    fill(&store, COUNT);
    for wanted in [(0, u64::from(u32::MAX)), (1_000, 1_566), (1_100, 1_433), (1_566, 9_000), (0, 999), (9_000, 9_999)] {
        let (mut ids, mut after): (Vec<String>, Option<(u64, String)>) = (Vec::new(), None);
        loop {
            let part = store.told_between(wanted, after.as_ref().map(|(at, id)| (*at, id.as_str()))).unwrap();
            let Some(last) = part.last() else { break };
            after = Some((last.at, last.order.to_string()));
            for told in &part {
                let names = told.happened.iter().map(|happened| match happened {
                    Happened::Event(Event::Made { .. }) => "made",
                    Happened::Event(Event::Closing { .. }) => "closing",
                    _ => "other",
                });
                assert_eq!(names.collect::<Vec<_>>(), ["made", "closing"]);
                assert_eq!((told.owner, told.amount), (OWNER, 1015));
            }
            ids.extend(part.iter().map(|told| told.order.to_string()));
        }
        let is_wanted = |n: &u64| (wanted.0..=wanted.1).contains(&(1_000 + n / 3));
        let mut all: Vec<String> = (0..COUNT).filter(is_wanted).map(|n| format!("till-{n}")).collect();
        ids.sort();
        all.sort();
        assert_eq!(ids, all, "{wanted:?}");
    }
    let one = store.told(&order("till-7")).unwrap().expect("the order");
    assert_eq!((one.at, one.happened.len()), (1_002, 2));
    assert!(store.told(&order("till-1700")).unwrap().is_none());
    drop(store);
    fs::remove_dir_all(dir).unwrap();
}

// Meant to notice: an order of a device whose token was revoked that nobody knows for ours.
#[test]
fn a_device_stays_known_after_its_token_was_revoked() {
    let dir = dir("owners");
    let store = open(&dir, Role::Tool);
    let tokens = ["kiosk-1", "kiosk-2"].map(|name| add_token(&dir, name).unwrap());
    assert!(revoke_token(&dir, "kiosk-1").unwrap());
    let mut want = tokens.map(|token| owner_of(token.as_bytes()));
    let mut owners = store.owners().unwrap();
    owners.sort();
    want.sort();
    assert_eq!(owners, want);
    drop(store);
    fs::remove_dir_all(dir).unwrap();
}
