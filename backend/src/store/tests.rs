#[cfg(feature = "postgres-tests")]
mod listen;
mod retention;
mod told;

use std::fs;
use std::path::{Path, PathBuf};

use pay_core::model::{CfPaymentId, OrderId, RefundId};
use pay_core::sale::Millis;
use sha2::{Digest, Sha256};

use sqlx::{AssertSqlSafe, Row};
use zeroize::Zeroizing;

use super::database::{Database, Outdated, Role};
use super::orders::{EventRow, FORM, keep};
use super::{Known, Store, add_account_token, add_token, add_word};
use crate::book::{Effect, Entry, Event, Moment, Owner, Reading, SeenPayment, Terms, Told, Unreported};
use crate::rules::Way;
use crate::token::{hex, owner_of};

const TERMS: Terms = Terms { life_ms: 900_000, first_look_ms: 2_000, unreported: Unreported::Tell };
const OWNER: Owner = Owner::new([7; 32]);

fn dir(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("backend-store-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&dir);
    dir
}

fn open(dir: &Path, role: Role) -> Store {
    Store::open(&Database::from(dir), role, TERMS).unwrap()
}

fn order(id: &str) -> OrderId {
    OrderId::parse(id).unwrap()
}

fn entry(store: &Store, id: &str) -> Entry {
    store.known(&order(id)).unwrap().expect("the order").entry
}

fn reported(released: bool) -> Event {
    Event::Reported { at: Moment(2), released, payment: None }
}

/// A payment that succeeded, seen.
fn paid() -> Event {
    let seen = SeenPayment { id: 7, status: "SUCCESS".into(), captured: None, completed: None };
    let status = Some("PAID".to_owned());
    Event::Read(Reading { at: Moment(3), power_on: 1, date: None, status, payments: Some(vec![seen]), complete: true })
}

// Meant to notice: a state in memory that is not updated; two decisions on one state; an order wanted twice.
#[test]
fn two_processes_decide_on_what_both_have_kept() {
    let dir = dir("two");
    let (first, second) = (open(&dir, Role::Server), open(&dir, Role::Tool));
    first.want(&order("abc"), OWNER, 1015, Moment(1)).unwrap();
    assert_eq!(*second.want(&order("abc"), Owner::new([8; 32]), 1, Moment(1)).unwrap().unwrap().owner(), OWNER);
    first.on(&order("abc"), &Event::Made { at: Moment(1) }).unwrap();
    assert_eq!(second.on(&order("abc"), &reported(false)).unwrap(), Some(Effect::News { conflict: false }));
    let conflict = first.on(&order("abc"), &reported(true)).unwrap();
    assert!(
        matches!(conflict, Some(Effect::News { conflict: true } | Effect::Pace { conflict: true })),
        "{conflict:?}"
    );
    assert_eq!(entry(&first, "abc").released(), Some(false));
    assert_eq!(first.on(&order("none"), &reported(true)).unwrap(), None);
    drop(second);
    assert!(Store::open(&Database::from(dir.as_path()), Role::Server, TERMS).is_err(), "two backends in one folder");
    drop(first);
    assert_eq!(entry(&open(&dir, Role::Server), "abc").released(), Some(false));
    fs::remove_dir_all(dir).unwrap();
}

// Meant to notice: an id stored without its event (time alone might then refund goods that are out); an existing order that counts as
// found.
#[test]
fn an_order_is_found_with_its_event_or_not_at_all() {
    let dir = dir("found");
    let store = open(&dir, Role::Server);
    let rename = |from: &str, to: &str| {
        let rename = format!("ALTER TABLE {from} RENAME TO {to}");
        store.sql.run(sqlx::query(AssertSqlSafe(rename)).execute(store.sql.pool())).unwrap();
    };
    rename("events", "gone");
    assert!(store.find(&order("abc"), OWNER, 1015, Moment(1)).is_err());
    rename("gone", "events");
    assert!(store.known(&order("abc")).unwrap().is_none());
    let (found, is_new) = store.find(&order("abc"), OWNER, 1015, Moment(1)).unwrap().unwrap();
    assert!(is_new && found.is_made());
    assert_eq!(found.due(TERMS), entry(&store, "abc").due(TERMS));
    assert!(store.next_due(Millis(1)).unwrap().is_some(), "it is looked at");
    let (found, is_new) = store.find(&order("abc"), Owner::new([8; 32]), 1, Moment(2)).unwrap().unwrap();
    assert_eq!((*found.owner(), is_new), (OWNER, false));
    store.want(&order("wanted"), OWNER, 1015, Moment(1)).unwrap();
    let (wanted, is_new) = store.find(&order("wanted"), OWNER, 1015, Moment(2)).unwrap().unwrap();
    assert!(!is_new && !wanted.is_made(), "somebody creates it");
    drop(store);
    fs::remove_dir_all(dir).unwrap();
}

// Meant to notice: a backend of the release before that no longer starts after a migration; one that starts although a later release
// declared the tables incompatible.
#[test]
fn a_later_release_leaves_the_tables_open_to_this_one_or_says_so() {
    let dir = dir("later");
    let sql = |statements: &str| {
        let store = open(&dir, Role::Tool);
        let statements = AssertSqlSafe(statements.to_owned());
        store.sql.run(sqlx::raw_sql(statements).execute(store.sql.pool())).unwrap();
    };
    let look = || Database::from(dir.as_path()).look().unwrap().outdated;
    drop(open(&dir, Role::Server));
    assert_eq!(look(), None);
    sql("ALTER TABLE orders ADD COLUMN later TEXT NOT NULL DEFAULT '';
        INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (99, 'later', TRUE, x'00', 0)");
    assert_eq!(look(), Some(Outdated::Newer));
    let store = open(&dir, Role::Server);
    store.want(&order("abc"), OWNER, 1015, Moment(1)).unwrap();
    drop(store);
    assert_eq!(*entry(&open(&dir, Role::Server), "abc").owner(), OWNER);
    sql("UPDATE compatibility SET oldest = 99");
    assert_eq!(look(), Some(Outdated::Closed));
    let error = Store::open(&Database::from(dir.as_path()), Role::Server, TERMS).err().unwrap();
    assert_eq!(error.to_string(), Outdated::Closed.text());
    fs::remove_dir_all(dir).unwrap();
}

// Meant to notice: a device with a revoked token counted to another account, so that its orders are handled with wrong keys; an earlier
// release that may start although there is an account that it does not know.
#[test]
fn a_device_stays_with_its_account_and_earlier_programs_stay_out() {
    let dir = dir("accounts");
    let oldest = || -> i64 {
        let store = open(&dir, Role::Tool);
        let row = store.sql.run(sqlx::query("SELECT oldest FROM compatibility").fetch_one(store.sql.pool())).unwrap();
        row.try_get(0).unwrap()
    };
    let owner = |token: Zeroizing<String>| owner_of(token.as_bytes());
    let first = owner(add_token(&dir, "kiosk-1").unwrap());
    assert!(oldest() < super::schema::ACCOUNTS);
    let add = |account: &str, name: &str| add_account_token(&dir, account, "", name, Way::Relayed);
    let second = owner(add("north", "kiosk-2").unwrap());
    assert_eq!(oldest(), super::schema::ACCOUNTS);
    assert!(add("north", "kiosk-2").is_err() && add("", "kiosk-3").is_err() && add("a/b", "kiosk-3").is_err());
    assert!(super::revoke_token(&dir, "kiosk-2").unwrap());
    let store = open(&dir, Role::Server);
    for _ in 0..2 {
        let accounts = [first, second, OWNER].map(|owner| store.account(owner).unwrap().to_string());
        assert_eq!(accounts, ["merchant", "north", "merchant"]);
    }
    assert_eq!(store.device(second).unwrap(), None);
    let account = store.device(first).unwrap().unwrap().account;
    assert_eq!(*account, *"merchant");
    fs::remove_dir_all(dir).unwrap();
}

// Meant to notice: an access to the database for each question of a waiting kiosk; another process's write, or a revoked token, never
// noticed; this backend's own write taken for another's; memory trusted although others may write at any time.
#[test]
fn what_is_known_is_looked_up_again_once_somebody_else_has_written() {
    let dir = dir("news");
    let server = open(&dir, Role::Server);
    let token = add_token(&dir, "kiosk-1").unwrap();
    let owner = owner_of(token.as_bytes());
    for id in ["abc", "other"] {
        server.want(&order(id), owner, 1015, Moment(1)).unwrap();
    }
    std::thread::sleep(super::news::PAUSE * 2);
    let rename = |from: &str, to: &str| {
        let rename = format!("ALTER TABLE {from} RENAME TO {to}");
        server.sql.run(sqlx::query(AssertSqlSafe(rename)).execute(server.sql.pool())).unwrap();
    };
    assert!(server.known(&order("abc")).unwrap().is_some() && server.device(owner).unwrap().is_some());
    server.on(&order("abc"), &Event::Made { at: Moment(1) }).unwrap();
    // Nothing can be read, and nothing has to be: this backend's own writes do not change that.
    rename("events", "gone");
    rename("tokens", "away");
    std::thread::sleep(super::news::PAUSE * 2);
    assert_eq!(server.known(&order("abc")).unwrap().map(|known| known.n), Some(1));
    assert!(server.device(owner).unwrap().is_some());
    rename("gone", "events");
    rename("away", "tokens");

    let tool = open(&dir, Role::Tool);
    tool.on(&order("abc"), &reported(false)).unwrap();
    assert!(super::revoke_token(&dir, "kiosk-1").unwrap());
    std::thread::sleep(super::news::PAUSE * 2);
    assert_eq!((entry(&server, "abc").released(), server.device(owner).unwrap()), (Some(false), None));

    // A command looks each time: a backend may write at any moment.
    assert_eq!(tool.known(&order("abc")).unwrap().map(|known| known.n), Some(2));
    server.on(&order("abc"), &paid()).unwrap();
    assert_eq!(tool.known(&order("abc")).unwrap().map(|known| known.n), Some(3));
    drop((server, tool));
    fs::remove_dir_all(dir).unwrap();
}

// Mutant: `AND n = $5` that lets older counts pass.
#[test]
fn who_decided_on_fewer_events_changes_nothing() {
    let dir = dir("stale");
    let store = open(&dir, Role::Server);
    store.want(&order("abc"), OWNER, 1015, Moment(1)).unwrap();
    let Known { mut entry, n } = store.known(&order("abc")).unwrap().unwrap();
    store.on(&order("abc"), &reported(false)).unwrap();
    entry.on(&reported(true));
    let body = serde_json::to_string(&reported(true)).unwrap();
    let row = EventRow { order: &order("abc"), n: n + 1, form: FORM, body: &body, tells: false };
    assert!(!store.sql.run(keep(store.sql.pool(), &row, &entry, TERMS)).unwrap());
    assert_eq!(entry_of(&store), Some(false));
    drop(store);
    fs::remove_dir_all(dir).unwrap();
}

fn entry_of(store: &Store) -> Option<bool> {
    entry(store, "abc").released()
}

// Meant to notice: two reports that contradict each other, both taken.
#[test]
fn one_report_stands_however_many_come_at_once() {
    let dir = dir("race");
    let stores = [open(&dir, Role::Server), open(&dir, Role::Tool)];
    stores[0].want(&order("abc"), OWNER, 1015, Moment(1)).unwrap();
    stores[0].on(&order("abc"), &Event::Made { at: Moment(1) }).unwrap();
    let taken: Vec<bool> = std::thread::scope(|scope| {
        let report = |n: usize| {
            let (store, released) = (&stores[n % 2], n.is_multiple_of(3));
            scope.spawn(move || {
                let effect = store.on(&order("abc"), &reported(released)).unwrap();
                matches!(effect, Some(Effect::News { conflict: false } | Effect::Pace { conflict: false }))
                    .then_some(released)
            })
        };
        let threads: Vec<_> = (0..8).map(report).collect();
        threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
    });
    let stands = entry_of(&stores[0]).unwrap();
    assert!(!taken.is_empty() && taken.iter().all(|taken| *taken == stands), "{taken:?}");
    drop(stores);
    fs::remove_dir_all(dir).unwrap();
}

// Meant to notice: a duty leased twice; one lost because an older plan overwrites it; a lease that never ends; a leased duty that hides the
// others; a plan that is not stored.
#[test]
fn a_duty_is_leased_to_one_and_its_time_follows_from_the_last_event() {
    // Two processes, by the database; then two threads of the one that serves from a folder, by its memory.
    let dir = dir("duties");
    duties_of(&open(&dir, Role::Tool), &open(&dir, Role::Tool));
    assert_eq!(open(&dir, Role::Server).take_due(Millis(70_001)).unwrap(), Some(order("abc")), "after a start");
    fs::remove_dir_all(&dir).unwrap();
    let server = open(&dir, Role::Server);
    duties_of(&server, &server);
    server.want(&order("other"), OWNER, 1015, Moment(1)).unwrap();
    server.look(&order("other"), Millis(71_000)).unwrap();
    assert_eq!(server.overdue(Moment(70_001)).unwrap(), 0, "somebody is at it");
    assert_eq!(server.next_due(Millis(70_001)).unwrap(), Some(Millis(71_000)), "behind the one that is leased");
    assert_eq!(server.take_due(Millis(71_000)).unwrap(), Some(order("other")));
    assert_eq!(server.next_due(Millis(71_000)).unwrap(), None);
    drop(server);
    assert_eq!(open(&dir, Role::Server).take_due(Millis(70_001)).unwrap(), Some(order("abc")), "after a start");
    fs::remove_dir_all(dir).unwrap();
}

fn duties_of(first: &Store, second: &Store) {
    first.want(&order("abc"), OWNER, 1015, Moment(1)).unwrap();
    first.on(&order("abc"), &Event::Made { at: Moment(1) }).unwrap();
    first.on(&order("abc"), &reported(false)).unwrap();
    assert_eq!(first.take_due(Millis(1)).unwrap(), None, "not yet");
    assert_eq!(first.next_due(Millis(1)).unwrap(), Some(Millis(2)));
    assert_eq!(second.take_due(Millis(10)).unwrap(), Some(order("abc")));
    assert_eq!(first.take_due(Millis(10)).unwrap(), None, "somebody is at it");
    let Known { n, .. } = second.known(&order("abc")).unwrap().unwrap();
    first.on(&order("abc"), &paid()).unwrap();
    second.plan(&order("abc"), n, None).unwrap();
    assert_eq!(first.take_due(Millis(11)).unwrap(), Some(order("abc")), "a refund is due");
    assert_eq!(second.take_due(Millis(35_011)).unwrap(), Some(order("abc")), "who had it is gone");
    let Known { n, .. } = second.known(&order("abc")).unwrap().unwrap();
    second.plan(&order("abc"), n, Some(Millis(70_000))).unwrap();
    assert_eq!(first.take_due(Millis(69_999)).unwrap(), None);
    assert_eq!(first.take_due(Millis(70_000)).unwrap(), Some(order("abc")));
}

// P4. Meant to notice: an event in the book that could not be stored.
#[test]
fn what_cannot_be_kept_did_not_happen() {
    let dir = dir("full");
    let store = open(&dir, Role::Server);
    store.want(&order("abc"), OWNER, 1015, Moment(1)).unwrap();
    // As with a full disk.
    let refuse = "CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'full'); END";
    store.sql.run(sqlx::query(refuse).execute(store.sql.pool())).unwrap();
    assert!(store.on(&order("abc"), &reported(true)).is_err());
    assert_eq!(entry(&store, "abc").released(), None);
    assert_eq!(store.next_due(Millis(0)).unwrap(), None, "half of a transaction");
    store.sql.run(sqlx::query("DROP TRIGGER full").execute(store.sql.pool())).unwrap();
    assert_eq!(store.on(&order("abc"), &reported(true)).unwrap(), Some(Effect::News { conflict: false }));
    drop(store);
    fs::remove_dir_all(dir).unwrap();
}

fn line(json: &str) -> String {
    format!("{} {json}\n", hex(&Sha256::digest(json.as_bytes())[..4]))
}

/// A folder of the first version: both kinds of lines, a word that is in the log, one that is not, an epoch, a token.
fn old_folder(dir: &Path) -> Vec<u8> {
    fs::create_dir_all(dir).unwrap();
    let log = [
        format!(r#"{{"order":"abc","event":"wanted","owner":"{OWNER}","amount":1015}}"#),
        r#"{"order":"abc","event":"made"}"#.to_owned(),
        r#"{"order":"abc","event":"reported","released":true}"#.to_owned(),
        format!(r#"{{"v":2,"order":"def","wanted":"{OWNER}","amount":900}}"#),
        r#"{"v":2,"order":"def","what":{"event":"made","at":5}}"#.to_owned(),
        r#"{"v":2,"order":"def","what":{"event":"person","at":6,"matter":"look","who":"a","why":"b"}}"#.to_owned(),
        format!(r#"{{"v":2,"device":"{OWNER}","epoch":3}}"#),
    ];
    let log: String = log.iter().map(|json| line(json)).collect();
    fs::write(dir.join("orders.log"), &log).unwrap();
    let word = |matter: &str| format!(r#"{{"order":"def","matter":"{matter}","who":"a","why":"b"}}"#);
    fs::write(dir.join("words.log"), format!("{}\n{}\n", word("look"), word("unreported"))).unwrap();
    fs::write(dir.join("tokens"), format!("kiosk-1 {}\n", owner_of(b"token"))).unwrap();
    log.into_bytes()
}

// Meant to notice: old lines refused; a person's word imported twice; epochs or tokens not imported; files imported twice.
#[test]
fn the_files_of_the_first_form_are_taken_over_once() {
    let dir = dir("import");
    old_folder(&dir);
    let store = open(&dir, Role::Server);
    assert_eq!(entry(&store, "abc").released(), Some(true));
    assert_eq!((entry(&store, "def").amount(), store.known(&order("def")).unwrap().unwrap().n), (900, 3));
    assert_eq!(store.epoch(OWNER).unwrap(), 3);
    assert_eq!(store.device(owner_of(b"token")).unwrap().map(|device| device.way), Some(Way::Direct), "as before");
    assert_eq!(store.device(OWNER).unwrap(), None);
    assert_eq!(store.raise_epoch(OWNER).unwrap(), 4);
    assert_eq!(store.open_orders(OWNER).unwrap(), [order("abc"), order("def")]);
    assert!(store.take_due(Millis(u64::MAX / 4)).unwrap().is_some(), "they are looked at");
    drop(store);
    assert!(!dir.join("orders.log").exists() && dir.join("orders.log.imported").exists());
    // As if the files had not been renamed before the power went.
    old_folder(&dir);
    assert_eq!(open(&dir, Role::Server).epoch(OWNER).unwrap(), 4);
    assert!(!dir.join("words.log").exists() && !dir.join("tokens").exists());
    fs::remove_dir_all(dir).unwrap();
}

// Meant to notice: skipping every line that cannot be read forgets a report in the middle of the file; the checksum not compared.
#[test]
fn a_torn_last_line_is_dropped_and_damage_before_it_is_an_error() {
    let dir = dir("damaged");
    let log = old_folder(&dir);
    for at in (0..log.len() - 1).step_by(7) {
        let mut damaged = log.clone();
        damaged[at] ^= 1;
        fs::write(dir.join("orders.log"), &damaged).unwrap();
        let last = log[..log.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap();
        let opened = Store::open(&Database::from(dir.as_path()), Role::Server, TERMS);
        if at < last {
            assert!(opened.is_err(), "{at}");
        } else {
            assert_eq!(opened.unwrap().epoch(OWNER).unwrap(), 0, "{at}");
            break;
        }
    }
    fs::remove_dir_all(dir).unwrap();
}

// Meant to notice: a token with a name in use; a word about an unknown order reported as stored; a word that no backend learns of.
#[test]
fn people_and_tokens_come_from_beside() {
    let dir = dir("beside");
    let store = open(&dir, Role::Server);
    let token = add_token(&dir, "kiosk-1").unwrap();
    assert_eq!(
        store.device(owner_of(token.as_bytes())).unwrap().map(|device| device.way),
        Some(Way::Relayed),
        "at once"
    );
    assert!(add_token(&dir, "kiosk-1").is_err() && add_token(&dir, "a b").is_err());
    store.want(&order("abc"), OWNER, 1015, Moment(1)).unwrap();
    store.on(&order("abc"), &Event::Made { at: Moment(1) }).unwrap();
    store.on(&order("abc"), &paid()).unwrap();
    let later = Moment(TERMS.life_ms * 100);
    let names = |store: &Store| {
        let matters = store.matters(later).unwrap();
        matters.into_iter().map(|(_, matter)| matter.name()).collect::<Vec<_>>()
    };
    assert_eq!(names(&store), ["unreported"]);
    let say = |id: &str| add_word(&dir, TERMS, later, &order(id), ["unreported", "asha", "seen"]).unwrap();
    assert!(say("abc") && !say("def"));
    assert_eq!(names(&store), [""; 0]);
    drop(store);
    fs::remove_dir_all(dir).unwrap();
}
