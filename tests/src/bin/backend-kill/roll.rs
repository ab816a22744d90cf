//! A rolling upgrade while kiosks sell and webhooks come: one backend after the other becomes the next release, which brings a migration.
//! One of the release before dies and starts again on the new tables, and one goes back to the release before.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pay_core::till::Heard;

use crate::backends::{BACKENDS, Backends, Release};

/// So long a backend has to answer as many as it must, on a machine ten times slower.
const PATIENCE: Duration = Duration::from_secs(300);
/// What each backend must have answered before the next one is touched: devices, and webhooks.
const DEVICES: u64 = 60;
const HOOKS: u64 = 2;
/// A kiosk has a connection to sell and one to ask; each may break once with the backend it leads to, and be opened to one that is gone.
const LOST_OF_ONE_KIOSK: usize = 4;

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
    lost: Mutex<usize>,
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
            Err(_) => *self.lost.lock().expect("no panic") += 1,
        }
    }
}

/// Replaces both, and goes back and forth once; what it cost.
///
/// # Errors
/// A request was refused, or more connections broke than the backends had that went down.
pub fn roll(backends: &mut Backends, ears: &Ears, kiosks: u32) -> Result<String, String> {
    let begin = Instant::now();
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
        serves(backends, n)?;
        for (n, before) in refusals.iter().enumerate() {
            let text = backends.counted(n);
            if self::refusals(&text) != *before {
                return Err(format!("backend {n} refused requests while backends were replaced: {text}"));
            }
        }
    }
    ears.is_on.store(false, Ordering::Relaxed);
    let refused = ears.refused.lock().expect("no panic");
    if let Some(first) = refused.first() {
        return Err(format!("{} requests were refused while backends were replaced: {first}", refused.len()));
    }
    let (lost, most) = (*ears.lost.lock().expect("no panic"), kiosks as usize * LOST_OF_ONE_KIOSK * STEPS.len());
    if lost > most {
        return Err(format!("{lost} requests got no answer while backends were replaced, more than {most}"));
    }
    Ok(format!(
        "{} backends replaced in {} s: none of the kiosks' requests refused, {lost} to a backend that went down",
        STEPS.len(),
        begin.elapsed().as_secs()
    ))
}

/// Waits until a backend has served devices and webhooks since its start.
fn serves(backends: &Backends, n: usize) -> Result<(), String> {
    let end = Instant::now() + PATIENCE;
    loop {
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
