//! `cargo xtask ci`: everything that has to be green, with the time each part took.

use std::time::Instant;

use anyhow::{Context, Result};

use crate::{bare_metal, boards, fuzz, lint, no_std, size, test};

/// Runs the parts one after the other; the first that fails ends it.
pub(crate) fn run() -> Result<()> {
    let report = [
        part("test", || test::run(&test::Arguments { install: true }))?,
        part("no-std", no_std::run)?,
        part("lint", || {
            if !bare_metal::has_debian_clippy() {
                bare_metal::install(&["rust-web-clippy"])?;
            }
            lint::run()
        })?,
        part("boards", boards::run)?,
        part("size", || size::run(&size::Arguments { write: false }))?,
        part("fuzz", || fuzz::run(&fuzz::Arguments { seconds: 20, install: true }))?,
    ];
    println!("=== ci: all green: {}", report.join(", "));
    Ok(())
}

/// Runs one part; the answer is its line of the report.
fn part(name: &str, run: impl FnOnce() -> Result<()>) -> Result<String> {
    println!("=== {name}");
    let start = Instant::now();
    run().with_context(|| format!("ci: {name}"))?;
    Ok(format!("{name} {} s", start.elapsed().as_secs()))
}
