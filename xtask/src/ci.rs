//! `cargo xtask ci`: everything that has to be green, with the time each part took.

use std::time::Instant;

use anyhow::{Result, bail};

use crate::{backend_kill, bare_metal, boards, codec, explore, fuzz, lint, mutants, no_std, size, soak, sweep, test};

/// Runs the parts one after the other, all of them: whoever mends one wants to know of the next.
pub(crate) fn run() -> Result<()> {
    let mut report = Vec::new();
    let mut failures = Vec::new();
    let mut part = |name: &str, run: &dyn Fn() -> Result<()>| {
        println!("=== {name}");
        let start = Instant::now();
        if let Err(error) = run() {
            println!("=== {name} failed: {error:#}");
            failures.push(format!("{name}: {error:#}"));
        }
        report.push(format!("{name} {} s", start.elapsed().as_secs()));
        println!("=== so far: {}", report.join(", "));
    };
    part("test", &|| test::run(&test::Arguments { install: true }));
    part("sweep", &|| sweep::run(&sweep::Arguments::default()));
    part("explore", &|| explore::run(&explore::Arguments::default()));
    part("no-std", &no_std::run);
    part("lint", &|| {
        if !bare_metal::has_debian_clippy() {
            bare_metal::install(&["rust-web-clippy"])?;
        }
        lint::run()
    });
    part("boards", &boards::run);
    part("size", &|| size::run(&size::Arguments { write: false }));
    part("codec", &|| codec::run(&codec::Arguments { write: false, install: true }));
    part("soak", &|| soak::run(&soak::Arguments { sales: 400, kiosks: 100, seed: 1 }));
    part("backend-kill", &|| backend_kill::run(&backend_kill::Arguments { kills: 20, kiosks: 16, seed: 1 }));
    part("mutants", &mutants::run_drawn);
    part("fuzz", &|| fuzz::run(&fuzz::Arguments { seconds: 10, install: true }));
    if !failures.is_empty() {
        bail!("{} ({})", failures.join("; "), report.join(", "));
    }
    println!("=== ci: all green: {}", report.join(", "));
    Ok(())
}
