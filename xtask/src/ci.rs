//! `cargo xtask ci`: everything that has to be green, with the time each part took.
//!
//! The tests run first, what is measured runs last, alone. Between them two lanes run side by side: what is built for bare metal has a
//! directory of its own, and links in one thread; what is built for the host waits for much of its time.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::{bare_metal, workspace};

const TESTS: [&str; 1] = ["test --install"];
const HOST: [&str; 6] = [
    "sweep",
    "explore",
    "lint",
    "backend-kill --kills 20 --kiosks 16",
    "mutants --draw 20",
    "fuzz --seconds 10 --install",
];
/// And the soak, which mostly waits: this lane is the shorter one.
const BARE_METAL: [&str; 3] = ["no-std", "boards", "soak --sales 400 --kiosks 100"];
const MEASURED: [&str; 2] = ["size", "codec --install"];

/// Runs all parts: whoever mends one wants to know of the next.
pub(crate) fn run() -> Result<()> {
    if !bare_metal::has_debian_clippy() {
        bare_metal::install(&["rust-web-clippy"])?;
    }
    // Building the tests builds this program anew, too.
    let this = workspace::target("ci-xtask");
    std::fs::copy(std::env::current_exe()?, &this).with_context(|| format!("{} cannot be written", this.display()))?;
    let report = Report { this, so_far: Mutex::default() };
    report.lane(&TESTS)?;
    thread::scope(|scope| {
        let lanes = [&HOST[..], &BARE_METAL].map(|parts| scope.spawn(|| report.lane(parts)));
        lanes.into_iter().try_for_each(|lane| lane.join().expect("a lane does not panic"))
    })?;
    report.lane(&MEASURED)?;
    report.end()
}

/// What came of the parts so far.
struct Report {
    this: PathBuf,
    so_far: Mutex<SoFar>,
}

#[derive(Default)]
struct SoFar {
    took: Vec<String>,
    failed: Vec<&'static str>,
}

impl Report {
    /// Runs parts one after the other. Each is what one would type, and is shown at its end, whole.
    fn lane(&self, parts: &[&'static str]) -> Result<()> {
        for part in parts {
            let name = part.split(' ').next().unwrap_or(part);
            let path = workspace::target(&format!("ci-{name}.log"));
            let log = std::fs::File::create(&path).with_context(|| format!("{} cannot be written", path.display()))?;
            let mut program = Command::new(&self.this);
            program.args(part.split(' ')).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
            let begun = Instant::now();
            let status = program.status().with_context(|| format!("{part} cannot be started"))?;
            let seconds = begun.elapsed().as_secs();
            let said = String::from_utf8_lossy(&std::fs::read(&path)?).into_owned();
            let mut so_far = self.so_far.lock().unwrap_or_else(PoisonError::into_inner);
            so_far.took.push(format!("{name} {seconds} s"));
            println!("=== {part}\n{said}");
            if !status.success() {
                so_far.failed.push(name);
                println!("=== {name} failed: {status}");
            }
            println!("=== so far: {}", so_far.took.join(", "));
        }
        Ok(())
    }

    fn end(self) -> Result<()> {
        let SoFar { took, failed } = self.so_far.into_inner().unwrap_or_else(PoisonError::into_inner);
        ensure!(failed.is_empty(), "failed: {} ({})", failed.join(", "), took.join(", "));
        println!("=== ci: all green: {}", took.join(", "));
        Ok(())
    }
}
