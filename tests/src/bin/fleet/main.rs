//! A fleet of kiosks that wait: a backend, a sandbox and the kiosks, each a process of its own. Every order is open and waiting before the
//! clock starts; then shoppers pay at random, and what is measured is how long after it each kiosk knows.
//!
//! `fleet [--kiosks N] [--seconds N] [--shopper N] [--lost SHARE] [--seed N] [--postgres]`; the last line is the figures.
#![forbid(unsafe_code)]

#[path = "../soak/dice.rs"]
mod dice;
mod figures;
mod gateway;
mod kiosks;
mod merchant;
mod part;
#[path = "../../../../backend/tests/postgres/server.rs"]
#[allow(dead_code)] // nobody kills this one
mod postgres;

use std::path::PathBuf;
use std::time::Duration;
use std::{env, fs, process, thread};

use figures::Figures;
use part::Part;
use postgres::Postgres;
use serde_json::json;

/// Kiosks of one process: each has two connections, and a process may have 20,000 files open.
const TOGETHER: u32 = 5_000;

#[derive(Clone)]
struct Options {
    kiosks: u32,
    /// Shoppers pay at random over so many seconds.
    seconds: u32,
    /// None pays before so many seconds.
    shopper: u32,
    /// So many of a hundred webhooks never come.
    lost: u32,
    seed: u64,
    /// The backend keeps its book there, else in SQLite.
    postgres: bool,
}

fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    match words.first().map(String::as_str) {
        Some("gateway") => gateway::serve(&words[1]),
        Some("backend") => merchant::serve(&words[1]),
        Some("kiosks") => kiosks::serve(&words[1]),
        _ => {
            let options = options(&words);
            let directory = env::temp_dir().join(format!("fleet-{}", process::id()));
            fs::create_dir_all(&directory).expect("the directory can be made");
            let figures = run(&options, &directory);
            let _ = fs::remove_dir_all(&directory);
            println!("{figures}");
            assert!(figures.is_whole(), "not every kiosk knew of its payment");
        }
    }
}

fn options(words: &[String]) -> Options {
    let mut options = Options { kiosks: 1_000, seconds: 120, shopper: 0, lost: 0, seed: 1, postgres: false };
    let (flags, words): (Vec<_>, Vec<_>) = words.iter().partition(|word| *word == "--postgres");
    options.postgres = !flags.is_empty();
    for pair in words.chunks(2) {
        let [word, value] = pair else { panic!("{} needs a value", pair[0]) };
        let number = || value.parse::<u32>().unwrap_or_else(|_| panic!("{word} needs a number"));
        match word.as_str() {
            "--kiosks" => options.kiosks = number().max(1),
            "--seconds" => options.seconds = number().max(1),
            "--shopper" => options.shopper = number(),
            "--lost" => {
                let share: f64 = value.parse().expect("--lost needs a share");
                options.lost = (share * 100.0).round().clamp(0.0, 100.0) as u32;
            }
            "--seed" => options.seed = number().into(),
            other => panic!("there is no option {other}"),
        }
    }
    options
}

fn run(options: &Options, directory: &PathBuf) -> Figures {
    // An account of this gateway may have 100 lists of payments a minute; a shop of 100 kiosks that sells at this rate fills the half.
    let accounts = options.kiosks.div_ceil(100).max((options.kiosks * 60).div_ceil(options.seconds * 50));
    let (mut gateway, link) =
        Part::start("gateway", &json!({"accounts": accounts, "seed": options.seed, "lost": options.lost}));
    let postgres = options.postgres.then(|| Postgres::start("fleet"));
    let database = postgres.as_ref().map(|postgres| postgres.create("fleet"));
    let words = json!({"link": link, "dir": directory, "accounts": accounts, "database": database});
    let (backend, shop) = Part::start("backend", &words);
    gateway.tell(&json!({"hooks": shop["hooks"]}));
    let mut fleets = Vec::new();
    for first in (0..options.kiosks).step_by(TOGETHER as usize) {
        let count = TOGETHER.min(options.kiosks - first);
        let words = json!({"link": link, "shop": shop, "first": first, "count": count, "seed": options.seed});
        let (fleet, said) = Part::start("kiosks", &words);
        eprintln!("{} kiosks show a code, {} do not", said["shown"], said["failed"]);
        fleets.push(fleet);
    }
    // Each asks first after a pause, and then waits.
    thread::sleep(Duration::from_secs(6));
    gateway.tell(&json!({"seconds": options.seconds, "shopper": options.shopper}));
    let known = fleets.into_iter().flat_map(Part::end).collect();
    let mut paid = gateway.end();
    let count = paid.pop().expect("a count");
    drop(backend);
    Figures::new(options.kiosks, paid, known, &count)
}
