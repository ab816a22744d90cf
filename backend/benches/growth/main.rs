//! Whether a backend gets slower as orders are kept: the time of a start, a request and an event with few orders and with many.
//!
//! `cargo bench -p backend --bench growth -- [--orders FEW,MANY] [--requests N] [--postgres] [--forget]`. Both stores are measured in turn, so that whatever else the
//! machine does is in both. Each has the same number of open orders: what is kept grows for years, what is open does not.
//! With `--forget` both are forgotten at the end, which takes minutes for a million.
#![forbid(unsafe_code)]

#[path = "../../tests/postgres/server.rs"]
#[allow(dead_code)] // the tests break it
mod server;
mod shop;
mod stock;

use std::time::{Duration, SystemTime};
use std::{env, fs, process};

use backend::book::Moment;
use backend::{Database, forget};
use server::Postgres;
use shop::{Shop, start};
use stock::{OPEN, fill};

/// So many starts of each.
const STARTS: u64 = 7;

/// What was measured of one store, in the order of [`COLUMNS`].
type Times = [Vec<Duration>; 4];

/// A start ends with the first answer.
const COLUMNS: [&str; 4] = ["start", "request, order not in memory", "request, order in memory", "event"];

fn main() {
    let (mut sizes, mut requests, mut is_postgres, mut forgets) = ([1_000, 1_000_000], 1_000, false, false);
    let mut words = env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--orders" => {
                let text = words.next().expect("--orders needs FEW,MANY");
                let (few, many) = text.split_once(',').expect("--orders needs FEW,MANY");
                sizes = [few, many].map(|size| size.parse::<u64>().expect("a number").max(1));
            }
            "--requests" => {
                requests = words.next().and_then(|word| word.parse().ok()).expect("--requests needs a number")
            }
            "--postgres" => is_postgres = true,
            "--forget" => forgets = true,
            // Cargo says so to every benchmark.
            "--bench" => {}
            other => panic!("there is no option {other}"),
        }
    }
    // None is asked for twice.
    let (requests, events) = (u64::min(requests, sizes[0]), u64::min(requests, OPEN));
    let directory = env::temp_dir().join(format!("growth-{}", process::id()));
    let postgres = is_postgres.then(|| Postgres::start("growth"));
    let places = sizes.map(|size| {
        let folder = directory.join(size.to_string());
        fs::create_dir_all(&folder).expect("a folder");
        let url = postgres.as_ref().map(|server| server.create(&format!("growth_{size}")));
        let database = url.map_or_else(|| Database::Folder(folder.clone()), Database::Postgres);
        let (token, took) = timed(|| fill(&database, size));
        eprintln!("{size} orders made in {:.0} s", took.as_secs_f64());
        (folder, database, token)
    });

    let mut times: [Times; 2] = Default::default();
    for _ in 0..STARTS {
        for ((folder, database, token), times) in places.iter().zip(&mut times) {
            let started = || {
                let shop = Shop::new(start(folder, database), token);
                shop.request(0);
                shop
            };
            // Its end is not measured.
            times[0].push(timed(started).1);
        }
    }
    let shops = places.each_ref().map(|(folder, database, token)| Shop::new(start(folder, database), token));
    for n in 1..requests {
        for ((shop, times), size) in shops.iter().zip(&mut times).zip(sizes) {
            // Spread over all of them.
            let order = n * (size / requests);
            times[1].push(timed(|| shop.request(order)).1);
            times[2].push(timed(|| shop.request(order)).1);
        }
    }
    for n in 0..events {
        for (shop, times) in shops.iter().zip(&mut times) {
            times[3].push(timed(|| shop.event(n)).1);
        }
    }
    drop(shops);

    println!("{} orders and {} orders, {OPEN} more open; {requests} requests, {events} events", sizes[0], sizes[1]);
    let [few, many] = &mut times;
    for ((name, few), many) in COLUMNS.iter().zip(few).zip(many) {
        let [few, many] = [few, many].map(|times| [of_hundred(times, 50), of_hundred(times, 99)]);
        let ratio = many[0] / few[0];
        println!(
            "{name:<30} median {:8.3} ms and {:8.3} ms, ratio {ratio:.2}; 99 of 100 within {:8.3} ms and {:8.3} ms",
            few[0], many[0], few[1], many[1]
        );
    }
    for (size, (_, database, _)) in sizes.iter().zip(&places).filter(|_| forgets) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock").as_millis();
        let now = Moment(u64::try_from(now).expect("small"));
        let (forgotten, took) = timed(|| forget(database, 30, now, false).expect("a database"));
        assert_eq!(forgotten.orders, *size, "they are over");
        println!("{size} orders forgotten in {:.1} s", took.as_secs_f64());
    }
    let _ = fs::remove_dir_all(directory);
}

fn timed<T>(run: impl FnOnce() -> T) -> (T, Duration) {
    let since = std::time::Instant::now();
    let done = run();
    (done, since.elapsed())
}

/// So many of a hundred were as fast, in milliseconds.
fn of_hundred(times: &mut [Duration], share: usize) -> f64 {
    times.sort_unstable();
    times[(times.len() - 1) * share / 100].as_secs_f64() * 1000.0
}
