//! No child of a test runs without a limit: a program that hangs fails its test, and says what it had said.

use core::time::Duration;
use std::io::Read;
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::Instant;

/// Far more than any command needs here, on a slow machine, too.
pub const LIMIT: Duration = Duration::from_secs(120);

/// What a child printed, and how it ended.
pub struct Finished {
    pub status: ExitStatus,
    pub out: String,
    pub err: String,
}

/// Waits for the end, no longer than [`LIMIT`].
pub fn finish(mut child: Child) -> Finished {
    let (out, err) = (child.stdout.take(), child.stderr.take());
    drop(child.stdin.take());
    let (out, err) = (thread::spawn(|| text(out)), thread::spawn(|| text(err)));
    let end = Instant::now() + LIMIT;
    let (status, late) = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break (status, false);
        }
        if Instant::now() >= end {
            child.kill().unwrap();
            break (child.wait().unwrap(), true);
        }
        thread::sleep(Duration::from_millis(2));
    };
    let (out, err) = (out.join().unwrap(), err.join().unwrap());
    assert!(!late, "no end after {LIMIT:?}: {out}{err}");
    Finished { status, out, err }
}

fn text(from: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut from) = from {
        from.read_to_end(&mut bytes).unwrap();
    }
    String::from_utf8(bytes).unwrap()
}
