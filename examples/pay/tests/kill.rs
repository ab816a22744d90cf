//! `kill -9` of `pay` at any time, then `pay journal resume`, then a look into the sandbox's books: no order is charged
//! twice and keeps it, nothing that the journal acknowledged is lost, and what is reported is what the books say.
//!
//! 200 kills; `PAY_KILLS=5000` for more. The sandbox lives in this process, so its books outlast every kill.
#![cfg(unix)]

#[path = "limit/mod.rs"]
mod limit;
mod kill {
    pub mod books;
    pub mod trial;
}

use core::sync::atomic::{AtomicU32, Ordering};
use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs, thread};

use sandbox::{Config, Rules, Server, SessionKeys};
use transport_std::FileJournal;

use kill::books;
use kill::trial::{METHODS, Trial, Worker};

/// Side by side: more than there are processors, since most of a trial is waiting.
const WORKERS: u32 = 8;

// Mutants: a `FileJournal::store` that answers without its commit (an order with a payment has no record); a `journal
// resume` that takes the first pause for the end (what is reported is not what the books say).
#[test]
fn killed_at_any_time_it_charges_once_and_knows_it() {
    let kills: u32 = env::var("PAY_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(200);
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kill-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let (next, done) = (AtomicU32::new(0), AtomicU32::new(0));
    let sums: Vec<_> = thread::scope(|scope| {
        let work = |number: u32| {
            let (directory, next, done) = (&directory, &next, &done);
            let more = move || (done.load(Ordering::Relaxed) < kills).then(|| next.fetch_add(1, Ordering::Relaxed));
            scope.spawn(move || run(&directory.join(number.to_string()), number, more, done))
        };
        let workers: Vec<_> = (0..WORKERS).map(work).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let mut sum = BTreeMap::new();
    for (word, count) in sums.into_iter().flatten() {
        *sum.entry(word).or_insert(0) += count;
    }
    println!("{} sales: {sum:?}", next.into_inner());
    // All that this is about did happen.
    for word in ["killed", "paid", "not_paid", "no record", "killed again"] {
        assert!(sum.contains_key(word), "{word}: {sum:?}");
    }
    fs::remove_dir_all(&directory).unwrap();
}

/// Trials one after the other, all in one journal, against one sandbox.
fn run(directory: &Path, number: u32, more: impl Fn() -> Option<u32>, done: &AtomicU32) -> BTreeMap<&'static str, u32> {
    fs::create_dir_all(directory).unwrap();
    // Customers who pay at once, after a while, when the sale may be over, or never; keys that count and keys that do not.
    let rules = Rules {
        settle_after_ms: [Some(0), Some(60), Some(400), Some(1_500), None][number as usize % 5],
        session_keys: if number.is_multiple_of(2) { SessionKeys::Honoured } else { SessionKeys::Ignored },
        terminate_after_ms: 50,
        ..Rules::default()
    };
    let server = Server::start(Config { rules, seed: Some(number.into()), ..Config::default() }).unwrap();
    let worker = Worker::new(directory, &server);
    let mut sum = BTreeMap::new();
    let mut count = |word| *sum.entry(word).or_insert(0_u32) += 1;
    let mut settled = Vec::new();
    while let Some(index) = more() {
        let trial = Trial::new(index);
        let session = worker.order(&trial);
        let killed = worker.pay_and_kill(&trial, &session);
        done.fetch_add(killed.into(), Ordering::Relaxed);
        count(if killed { "killed" } else { "ended first" });
        if trial.kill_again.is_some() && worker.resume_and_kill(&trial) {
            count("killed again");
        }
        let record = worker.bring_to_an_end(&trial);
        count(books::compare(&server, &trial, record.as_ref()));
        settled.extend(record);
    }
    // One more look at everything: no later kill has taken anything back.
    let journal = FileJournal::open(worker.journal()).unwrap();
    let entries = journal.entries(false).unwrap();
    let found: BTreeMap<_, _> = entries.into_iter().map(|entry| (entry.order_id, entry.record.unwrap())).collect();
    assert_eq!(found.len(), settled.len());
    for record in settled {
        assert_eq!(found.get(&record.order_id), Some(&record));
    }
    sum
}

#[test]
fn every_method_takes_part() {
    let mut methods: Vec<_> = (0..200).map(|index| Trial::new(index).method).collect();
    methods.sort_unstable();
    methods.dedup();
    assert_eq!(methods.len(), METHODS.len());
}
