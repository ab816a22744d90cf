//! Waiting, and Ctrl-C, which ends it in good order.

use core::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use core::time::Duration;
use std::io::{Write, stderr};
use std::thread;

use anyhow::anyhow;
use pay_core::sale::Millis;

use super::console::Console;
use super::entropy::now;
use super::exit::{self, Ending};

static INTERRUPTS: AtomicU8 = AtomicU8::new(0);
/// The terminal's echo is off: the program must not end before the prompt does.
static PROMPTING: AtomicBool = AtomicBool::new(false);

/// Somebody looks at `INTERRUPTS`.
static IN_ORDER: AtomicBool = AtomicBool::new(false);
/// Something was sent that can change something.
static ACTED: AtomicBool = AtomicBool::new(false);

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

/// From now on somebody looks at interrupts in their own time: a till, which ends its waiting in good order.
pub(super) fn wait_in_order() {
    IN_ORDER.store(true, Ordering::Relaxed);
}

/// A call leaves that can change something.
pub(super) fn acting() {
    ACTED.store(true, Ordering::Relaxed);
}

/// A till was at work, or such a call has left.
pub(super) fn may_have_acted() -> bool {
    IN_ORDER.load(Ordering::Relaxed) || ACTED.load(Ordering::Relaxed)
}

/// From now on Ctrl-C, or SIGTERM, ends the program: in good order where a till waits, there and then elsewhere. A second one ends it
/// in any case.
pub(super) fn watch_interrupts(console: Console) -> anyhow::Result<()> {
    let set = ctrlc::set_handler(move || {
        let again = INTERRUPTS.fetch_add(1, Ordering::Relaxed) > 0;
        let in_order = IN_ORDER.load(Ordering::Relaxed);
        if PROMPTING.load(Ordering::Relaxed) {
            let _ = writeln!(stderr(), "Press Enter to stop.");
        } else if in_order && !again {
            // The till ends its waiting.
        } else if in_order || ACTED.load(Ordering::Relaxed) {
            exit::stop(console, Ending::Unknown("Stopped in the middle of a call: the outcome is unknown.".into()));
        } else {
            exit::stop(console, Ending::NotSent("Stopped: nothing was sent that could change anything.".into()));
        }
    });
    set.map_err(|_| anyhow!("Ctrl-C cannot be watched for"))
}
