//! A rolling upgrade while kiosks sell and webhooks come: one backend after the other becomes the next release, which brings a migration.
//! One of the release before dies and starts again on the new tables, and one goes back to the release before.

use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pay_core::till::Heard;

use crate::backends::{BACKENDS, Backends, Release};

/// So long a backend has to answer as many as it must, on a machine ten times slower.
const PATIENCE: Duration = Duration::from_secs(300);
/// What each backend must have answered before the next one is touched: devices, and webhooks.
const DEVICES: u64 = 60;
const HOOKS: u64 = 2;
/// A kiosk has a connection to sell and one to ask; each may break once with the backend it leads to.
const LOST_OF_ONE_KIOSK: usize = 2;

/// How a backend comes down.
enum How {
    Stopped,
    Killed,
}

/// Which backend, how it comes down, and what it comes up as.
const STEPS: [(usize, How, Release); 5] = [
    (0, How::Stopped, Release::Next),
    (1, How::Killed, Release::Old),
    (1, How::Stopped, Release::Next),
    // And back.
    (0, How::Stopped, Release::Old),
    (0, How::Stopped, Release::Next),
];

/// What kiosks heard while backends were replaced.
#[derive(Default)]
pub struct Ears {
    is_on: AtomicBool,
    refused: Mutex<Vec<String>>,
    lost: AtomicUsize,
}

impl Ears {
    /// A kiosk heard this.
    pub fn note(&self, heard: &Heard<'_>) {
        if !self.is_on.load(Ordering::Relaxed) {
            return;
        }
        match heard.result {
            Ok(429 | 500..) => self.refused.lock().expect("no panic").push(format!("{heard:?}")),
            Ok(_) => {}
            Err(_) => {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Replaces both, and goes back and forth once; what it cost.
///
/// # Errors
/// A request was refused, more connections broke than led to the backend that went down, or nothing was migrated.
pub fn roll(backends: &mut Backends, database: &str, ears: &Ears, kiosks: u32) -> Result<String, String> {
    let (begin, before, mut lost) = (Instant::now(), migrations(database)?, 0);
    // Of the time before, in which their database may have died.
    let mut refusals: [u64; BACKENDS] = core::array::from_fn(|n| refusals(&backends.counted(n)));
    ears.is_on.store(true, Ordering::Relaxed);
    for (n, how, release) in STEPS {
        match how {
            How::Stopped => backends.stop(n),
            How::Killed => backends.kill(n),
        }
        backends.start(n, release);
        refusals[n] = 0;
        serves(backends, n, &refusals)?;
        let (unanswered, most) = (ears.lost.swap(0, Ordering::Relaxed), kiosks as usize * LOST_OF_ONE_KIOSK);
        if unanswered > most {
            return Err(format!(
                "{unanswered} requests got no answer while one backend was replaced, more than {most}"
            ));
        }
        lost += unanswered;
    }
    ears.is_on.store(false, Ordering::Relaxed);
    let refused = ears.refused.lock().expect("no panic");
    if let Some(first) = refused.first() {
        return Err(format!("{} requests were refused while backends were replaced: {first}", refused.len()));
    }
    if migrations(database)? <= before {
        return Err("the next release has brought no migration".to_owned());
    }
    Ok(format!(
        "{} backends replaced in {} s: none of the kiosks' requests refused, {lost} to a backend that went down",
        STEPS.len(),
        begin.elapsed().as_secs()
    ))
}

/// How many migrations the database has had.
fn migrations(database: &str) -> Result<u64, String> {
    let query = "SELECT COUNT(*) FROM _sqlx_migrations WHERE success";
    let shown = Command::new("psql").args([database, "--no-psqlrc", "-At", "-c", query]).output();
    let shown = String::from_utf8(shown.map_err(|error| format!("psql: {error}"))?.stdout);
    shown.ok().and_then(|count| count.trim().parse().ok()).ok_or_else(|| "the migrations cannot be counted".to_owned())
}

/// Waits until a backend has served devices and webhooks since its start, while none refuses any.
fn serves(backends: &Backends, n: usize, refused: &[u64; BACKENDS]) -> Result<(), String> {
    let end = Instant::now() + PATIENCE;
    loop {
        for (n, before) in refused.iter().enumerate() {
            let text = backends.counted(n);
            if refusals(&text) > *before {
                let count = refusals(&text) - before;
                return Err(format!("backend {n} refused {count} requests while backends were replaced"));
            }
        }
        let text = backends.counted(n);
        let answered = |door: &str| {
            answers(&text).filter(|(of, status, _)| *of == door && *status == 200).map(|answer| answer.2).sum::<u64>()
        };
        if answered("devices") >= DEVICES && answered("hooks") >= HOOKS {
            return Ok(());
        }
        if Instant::now() > end {
            return Err(format!("backend {n} was started and serves nobody: {text}"));
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// How many answers had a device or the gateway come again.
fn refusals(text: &str) -> u64 {
    let is_ours = |door| matches!(door, "devices" | "hooks");
    answers(text)
        .filter(|(door, status, _)| is_ours(door) && matches!(status, 429 | 500..))
        .map(|answer| answer.2)
        .sum()
}

/// Door, status and number of the answers among a backend's figures.
fn answers(text: &str) -> impl Iterator<Item = (&str, u16, u64)> {
    text.lines().filter_map(|line| {
        let (door, rest) = line.strip_prefix("backend_requests_total{door=\"")?.split_once("\",status=\"")?;
        let (status, count) = rest.split_once("\"} ")?;
        Some((door, status.parse().ok()?, count.parse().ok()?))
    })
}
