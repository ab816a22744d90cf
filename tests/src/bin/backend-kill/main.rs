//! Backends that are killed, and their database with them, while kiosks sell: two backends on one PostgreSQL, each the program that ships,
//! the sandbox with webhooks to either, and tills that fall over from one backend to the other. At the end the sandbox's books, the
//! backends' book and what the kiosks were told and did are compared. Before that both backends are upgraded, one after the other, to a
//! release that brings a migration.
//!
//! `backend-kill --backend PROGRAM [--before PROGRAM] [--kills N] [--kiosks N] [--seed N]`; the last line is the figures, or what was wrong.
#![forbid(unsafe_code)]

mod backends;
mod book;
mod compare;
#[path = "../soak/dice.rs"]
mod dice;
mod hooks;
mod kiosk;
mod network;
#[path = "../../../../backend/tests/postgres/server.rs"]
mod postgres;
mod roll;
mod shopper;
mod street;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

use backends::{BACKENDS, Backends, Programs, Release};
use dice::Dice;
use postgres::Postgres;
use roll::Ears;
use sandbox::{ApiVersion, Config, Hook, HookFamily, Rules, Server};
use street::Street;

/// So long the backends have for their duties once nothing dies any more: longer than a lease, which has to run out where its backend died.
const PATIENCE: Duration = Duration::from_secs(150);
/// What is equal must stay so.
const STAYS: Duration = Duration::from_secs(5);
/// A webhook that nobody took comes again after so long, counted from the call before.
const AGAIN: [Duration; 3] = [Duration::from_secs(130), Duration::from_secs(610), Duration::from_secs(1810)];

struct Options {
    backend: PathBuf,
    before: Option<PathBuf>,
    kills: u32,
    kiosks: u32,
    seed: u64,
}

fn main() {
    let options = options();
    let folder = env::temp_dir().join(format!("backend-kill-{}", process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    match run(&options, &folder) {
        Ok(figures) => {
            let _ = fs::remove_dir_all(&folder);
            println!("{figures}; books equal");
        }
        Err(error) => {
            eprintln!("error: {error}\nthe backends' notices are in {}", folder.display());
            process::exit(1);
        }
    }
}

fn options() -> Options {
    let mut options = Options { backend: PathBuf::new(), before: None, kills: 20, kiosks: 16, seed: 1 };
    let words: Vec<String> = env::args().skip(1).collect();
    for pair in words.chunks(2) {
        let [word, value] = pair else { panic!("{} needs a value", pair[0]) };
        let number = || value.parse::<u32>().unwrap_or_else(|_| panic!("{word} needs a number"));
        match word.as_str() {
            "--backend" => options.backend = PathBuf::from(value),
            "--before" => options.before = Some(PathBuf::from(value)),
            "--kills" => options.kills = number(),
            "--kiosks" => options.kiosks = number().max(1),
            "--seed" => options.seed = number().into(),
            other => panic!("there is no option {other}"),
        }
    }
    assert!(options.backend.is_file(), "--backend must name the backend's program");
    options
}

/// Sells, kills, and compares.
fn run(options: &Options, folder: &Path) -> Result<String, String> {
    let rules = Rules { terminate_after_ms: 40, ..Rules::default() };
    let server = Server::start(Config { rules, seed: Some(options.seed), ..Config::default() }).expect("a sandbox");
    let street = Street::new(server);
    let postgres = Postgres::start("kills");
    let database = postgres.create("kills");
    let programs = Programs { this: options.backend.clone(), before: options.before.clone() };
    let mut backends = Backends::new(programs, folder, street.gateway(), &database);
    let hooks = hooks::forward(backends.hooks());
    let hook = Hook { version: ApiVersion::V2025_01_01, family: HookFamily::Webhook };
    let url = format!("http://{hooks}/hooks/cashfree/merchant");
    street.gateway().send_webhooks(&url, hook).expect("a URL on this machine");
    (0..BACKENDS).for_each(|n| backends.start(n, Release::Old));

    let (begin, over) = (Instant::now(), AtomicBool::new(false));
    let ears = Ears::default();
    let (told, restarts, rolled) = thread::scope(|scope| {
        let kiosk = |number| {
            let kiosk = kiosk::Kiosk::new(number, options.seed, &street, &backends);
            let (over, ears) = (&over, &ears);
            scope.spawn(move || kiosk.sell_until(over, ears))
        };
        let kiosks: Vec<_> = (0..options.kiosks).map(kiosk).collect();
        // Also where a backend does not start, and this panics.
        let over = Over(&over);
        let restarts = kill(options, &mut backends, &postgres);
        eprintln!("nothing dies any more, after {} s; the backends are upgraded", begin.elapsed().as_secs());
        let rolled = roll::roll(&mut backends, &database, &ears, options.kiosks);
        drop(over);
        let said = rolled.as_ref().map_or_else(String::clone, |_| "nothing is replaced any more".to_owned());
        eprintln!("{said}, after {} s", begin.elapsed().as_secs());
        let told: Vec<_> = kiosks.into_iter().map(|kiosk| kiosk.join().expect("a kiosk")).collect();
        (told, restarts, rolled)
    });
    let rolled = rolled?;
    street.empty();
    eprintln!("all is sold after {} s; the books are compared", begin.elapsed().as_secs());

    let (mut again, end) = (AGAIN.iter(), Instant::now() + PATIENCE);
    let mut pause = Duration::ZERO;
    let figures = loop {
        match book::read(&database).and_then(|book| compare::all(&told, &book, &street)) {
            Ok(figures) if pause == STAYS => break figures,
            Ok(_) => pause = STAYS,
            Err(error) if Instant::now() > end => return Err(error),
            Err(_) => {
                // Only time brings on what is not equal yet, the gateway's among it.
                again.next().into_iter().for_each(|time| street.gateway().skip(*time));
                pause = Duration::from_secs(4);
            }
        }
        thread::sleep(pause);
    };
    Ok(format!("{} kills of backends, {restarts} restarts of PostgreSQL, {rolled}; {figures}", options.kills))
}

/// Ends the selling when it is dropped.
struct Over<'o>(&'o AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Kills backends at moments that are in step with nothing, and in one time of five the database too; how often that was.
fn kill(options: &Options, backends: &mut Backends, postgres: &Postgres) -> u32 {
    let mut dice = Dice(options.seed ^ 0x6b69_6c6c);
    let (mut kills, mut restarts) = (0, 0);
    while kills < options.kills {
        thread::sleep(Duration::from_millis(100 + dice.below(900)));
        let first = dice.below(BACKENDS as u64) as usize;
        let count = if kills + 1 < options.kills && dice.below(6) == 0 { BACKENDS } else { 1 };
        let killed = (0..count).map(|at| (first + at) % BACKENDS);
        killed.clone().for_each(|n| backends.kill(n));
        if dice.below(5) == 0 {
            postgres.restart_at_once();
            restarts += 1;
        } else {
            thread::sleep(Duration::from_millis(dice.below(400)));
        }
        killed.for_each(|n| backends.start(n, Release::Old));
        kills += count as u32;
        if kills / 50 > (kills - count as u32) / 50 {
            eprintln!("{kills} kills");
        }
    }
    restarts
}
