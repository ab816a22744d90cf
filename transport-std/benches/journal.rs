//! Whether a journal with many sales that are over is as quick as an empty one: `cargo bench -p transport-std --bench journal [SALES]`.
//!
//! It opens both in turn as a program does at its start, then stores sales in both in turn, and prints medians and their ratio.

use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{env, fs};

use pay_core::drive::journal::blocking::Journal as _;
use pay_core::model::method::Upi;
use pay_core::model::{
    Amount, ApiVersion, Currency, Environment, IdempotencyKey, OpenOrder, OrderId, OrderPay, PaymentSessionId,
    UnixSeconds,
};
use pay_core::sale::{Buffers, Millis, Policy, Record, Sale, Setup, Step};
use redb::{Database, TableDefinition};
use transport_std::FileJournal;

/// Starts, and sales, of each.
const TIMES: usize = 41;

fn main() {
    let sales = env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(100_000);
    let folder = env::temp_dir().join(format!("journal-bench-{}", std::process::id()));
    let paths = [0, sales].map(|sales| made(&folder.join(sales.to_string()), sales));
    let first = paths.each_ref().map(|path| timed(|| drop(FileJournal::open(path).expect("a journal"))));
    println!("first start after they were made: {:.1} ms and {:.1} ms", first[0], first[1]);
    let starts = in_turn(|which, _| {
        let mut journal = FileJournal::open(&paths[which]).expect("a journal");
        assert_eq!(journal.next_open(None).expect("a look"), None);
    });
    report("start", sales, starts);
    let mut journals = paths.each_ref().map(|path| FileJournal::open(path).expect("a journal"));
    let commits = in_turn(|which, n| {
        let open = record(&format!("new-{n}"), u32::MAX - u32::try_from(n).expect("few"));
        journals[which].store(&open).expect("room");
        journals[which].store(&closed(open)).expect("room");
    });
    report("a sale's two commits", sales, commits);
    drop(journals);
    let _ = fs::remove_dir_all(&folder);
}

fn timed(mut what: impl FnMut()) -> f64 {
    let start = Instant::now();
    what();
    start.elapsed().as_secs_f64() * 1e3
}

/// The median of each.
fn in_turn(mut what: impl FnMut(usize, usize)) -> [f64; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for n in 0..TIMES {
        for (which, times) in times.iter_mut().enumerate() {
            times.push(timed(|| what(which, n)));
        }
    }
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[TIMES / 2]
    })
}

fn report(what: &str, sales: u32, [empty, full]: [f64; 2]) {
    println!(
        "{what}: median {empty:.2} ms with no sale that is over, {full:.2} ms with {sales}, ratio {:.2}",
        full / empty
    );
}

/// A journal with so many sales that are over, written as `FileJournal` lays it out, in one transaction.
fn made(folder: &Path, sales: u32) -> PathBuf {
    fs::create_dir_all(folder).expect("a folder");
    let path = folder.join("journal.redb");
    drop(FileJournal::open(&path).expect("a journal"));
    let database = Database::open(&path).expect("its database");
    let writing = database.begin_write().expect("a transaction");
    {
        let mut records = writing.open_table(TableDefinition::<&str, &[u8]>::new("records")).expect("a table");
        let mut keys = writing.open_table(TableDefinition::<&str, &str>::new("keys")).expect("a table");
        for number in 0..sales {
            let record = closed(record(&format!("order-{number:07}"), number));
            let id = record.order_id.as_str();
            records.insert(id, record.to_image().as_slice()).expect("room");
            for attempt in record.attempts() {
                keys.insert(attempt.key.as_str(), id).expect("room");
            }
        }
    }
    writing.commit().expect("a commit");
    path
}

/// A sale with one attempt.
fn record(order_id: &str, number: u32) -> Record {
    let session = PaymentSessionId::parse("session_1").expect("a session");
    let order = OpenOrder {
        order_id: OrderId::parse(order_id).expect("an id"),
        amount: Amount::from_minor(1_015).expect("an amount"),
        currency: Currency::inr(),
        session: session.clone(),
    };
    let setup = Setup {
        environment: Environment::Sandbox,
        api_version: ApiVersion::default(),
        policy: Policy::session_only(),
        seed: [7; 16],
    };
    let mut sale = Sale::new(order, setup).with_created(UnixSeconds(1_700_000_000 + u64::from(number)));
    let key = IdempotencyKey::from_time(u64::from(number), [9; 10]);
    with_buffers(|buffers| {
        sale.pay(&OrderPay::new(session, Upi::link()), key, Millis(0), buffers).expect("an attempt");
        committed(&mut sale, buffers)
    })
}

/// The record that follows, once a person has said that it was paid.
fn closed(record: Record) -> Record {
    let mut sale = Sale::resume(record, Policy::session_only(), [7; 16], Millis(0));
    sale.attest(true).expect("a word");
    with_buffers(|buffers| committed(&mut sale, buffers))
}

fn committed(sale: &mut Sale, buffers: &mut Buffers<'_>) -> Record {
    let Ok(Step::Commit(_, record)) = sale.step(Millis(0), buffers) else { panic!("no commit") };
    record.clone()
}

fn with_buffers<T>(what: impl FnOnce(&mut Buffers<'_>) -> T) -> T {
    let (mut tx, mut rx) = (vec![0; 2048], vec![0; 4096]);
    what(&mut Buffers { tx: &mut tx, rx: &mut rx })
}
