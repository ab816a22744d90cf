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
    "soak --sales 400 --kiosks 100",
    "fuzz --seconds 10 --install",
];
/// And the mutants, which are built in a directory of their own too.
const BARE_METAL: [&str; 3] = ["no-std", "boards", "mutants --draw 16"];
const MEASURED: [&str; 2] = ["size", "codec --install"];

/// So many lines of each part that failed are shown again at the end.
const LAST_LINES: usize = 40;

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
    failed: Vec<Failed>,
}

/// A part that is not green, and all that it said.
struct Failed {
    name: &'static str,
    said: String,
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
                println!("=== {name} failed: {status}");
                so_far.failed.push(Failed { name, said });
            }
            println!("=== so far: {}", so_far.took.join(", "));
        }
        Ok(())
    }

    fn end(self) -> Result<()> {
        let SoFar { took, failed } = self.so_far.into_inner().unwrap_or_else(PoisonError::into_inner);
        let names: Vec<_> = failed.iter().map(|part| part.name).collect();
        // Whoever sees only the end of the output sees this.
        print!("{}", failed.iter().map(again).collect::<String>());
        ensure!(failed.is_empty(), "failed: {} ({})", names.join(", "), took.join(", "));
        println!("=== ci: all green: {}", took.join(", "));
        Ok(())
    }
}

/// The last lines of a part that failed, under a heading.
fn again(part: &Failed) -> String {
    let lines: Vec<_> = part.said.trim_end().lines().collect();
    let left_out = lines.len().saturating_sub(LAST_LINES);
    let path = workspace::target(&format!("ci-{}.log", part.name));
    let mut text = format!("=== {} failed; its last lines (all {}: {})\n", part.name, lines.len(), path.display());
    for line in lines.iter().skip(left_out) {
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Meant to notice: the first lines shown, not the last; one line too few; a short output that is cut.
    #[test]
    fn the_last_lines_of_a_failed_part_are_shown_again() {
        let said: String = (1..=100).map(|n| format!("line {n}\n")).collect();
        let text = again(&Failed { name: "mutants", said });
        let lines: Vec<_> = text.lines().collect();
        assert!(
            lines[0].starts_with("=== mutants failed; its last lines (all 100: ")
                && lines[0].contains("ci-mutants.log"),
            "{text}"
        );
        assert_eq!((lines.len(), lines[1], lines[LAST_LINES]), (LAST_LINES + 1, "line 61", "line 100"));

        let text = again(&Failed { name: "lint", said: "error: no\n\n".to_owned() });
        assert!(text.ends_with(")\nerror: no\n"), "{text}");
        assert_eq!(again(&Failed { name: "lint", said: String::new() }).lines().count(), 1);
    }
}
