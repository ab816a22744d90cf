//! Waiting, and Ctrl-C, which ends it in good order.

use core::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use core::time::Duration;
use std::{process, thread};

use anyhow::bail;
use pay_core::sale::Millis;

use super::entropy::now;

static INTERRUPTS: AtomicU8 = AtomicU8::new(0);
/// The terminal's echo is off: the program must not end before the prompt does.
static PROMPTING: AtomicBool = AtomicBool::new(false);

/// Ctrl-C was pressed.
pub(super) fn is_interrupted() -> bool {
    INTERRUPTS.load(Ordering::Relaxed) > 0
}

/// Sleeps, but not through an interrupt.
pub(super) fn sleep_until(at: Millis) {
    while !is_interrupted() {
        match at.since(now()) {
            0 => return,
            left => thread::sleep(Duration::from_millis(left.min(50))),
        }
    }
}

/// Asks a person something with the terminal's echo off.
pub(super) fn prompting<T>(ask: impl FnOnce() -> T) -> T {
    PROMPTING.store(true, Ordering::Relaxed);
    let answer = ask();
    PROMPTING.store(false, Ordering::Relaxed);
    answer
}

/// From now on the first Ctrl-C, or SIGTERM, ends the waiting in good order; the second ends the program, with the outcome unknown.
pub(super) fn watch_interrupts() -> anyhow::Result<()> {
    let set = ctrlc::set_handler(|| {
        let again = INTERRUPTS.fetch_add(1, Ordering::Relaxed) > 0;
        if PROMPTING.load(Ordering::Relaxed) {
            eprintln!("Press Enter to stop.");
        } else if again {
            eprintln!("Stopped in the middle of a call: the outcome is unknown.");
            process::exit(3);
        }
    });
    match set {
        Ok(()) | Err(ctrlc::Error::MultipleHandlers) => Ok(()),
        Err(_) => bail!("Ctrl-C cannot be watched for"),
    }
}
