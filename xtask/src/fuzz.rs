//! `cargo xtask fuzz`: each fuzz target for a number of seconds.

use std::process::Command;

use anyhow::{Result, bail, ensure};

use crate::command::{cargo, output, run as run_command, skip, succeeds};
use crate::workspace;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Seconds for each target
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Install cargo-fuzz if it is missing
    #[arg(long)]
    install: bool,
}

/// Builds and runs all targets; the first crash ends it.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if !succeeds(Command::new("rustc").args(["+nightly", "--version"])) {
        skip("fuzzing", "no nightly toolchain");
        return Ok(());
    }
    if !succeeds(&mut cargo(["+nightly", "fuzz", "--version"])) {
        if !arguments.install {
            bail!("cargo-fuzz is missing: `cargo install cargo-fuzz --locked`, or add --install");
        }
        run_command(&mut cargo(["install", "cargo-fuzz", "--locked"]))?;
    }
    let list = output(&mut cargo(["+nightly", "fuzz", "list"]))?;
    ensure!(!list.trim().is_empty(), "fuzz/ has no targets");
    run_command(&mut cargo(["+nightly", "fuzz", "build"]))?;
    for target in list.lines() {
        fuzz(target, arguments.seconds)?;
    }
    println!("fuzz: {} targets, {} s each, no crash", list.lines().count(), arguments.seconds);
    Ok(())
}

fn fuzz(target: &str, seconds: u32) -> Result<()> {
    let found = workspace::root().join("fuzz/corpus").join(target);
    std::fs::create_dir_all(&found)?;
    let mut command = cargo(["+nightly", "fuzz", "run", target]);
    // What is found is written to the first directory; the kept examples are only read.
    command.arg(found);
    let kept = workspace::root().join("fuzz/seeds").join(target);
    if kept.exists() {
        command.arg(kept);
    }
    run_command(command.args(["--", "-timeout=10", &format!("-max_total_time={seconds}")]))
}
