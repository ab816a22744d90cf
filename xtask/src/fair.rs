//! `cargo xtask fair`: more sales than the accounts can carry, and every shop's part of them.

use std::path::Path;

use anyhow::Result;

use crate::command::{cargo, run as run_command};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many kiosks sell
    #[arg(long, default_value_t = 100_000)]
    kiosks: u32,
    /// In how many shops
    #[arg(long, default_value_t = 1_000)]
    shops: u32,
    /// How long the peak lasts, in minutes
    #[arg(long, default_value_t = 30)]
    minutes: u32,
    /// Another seed is another run
    #[arg(long, default_value_t = 1)]
    seed: u32,
}

/// Builds it for speed and runs it; fails if a target is missed. The last line but the test's own is the figures.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { kiosks, shops, minutes, seed } = arguments;
    let test = ["test", "--release", "--quiet", "--locked", "-p", "backend", "--lib", "--"];
    let mut program = cargo(test);
    program.args(["fair::as_asked", "--exact", "--ignored", "--nocapture"]);
    for (name, number) in [("KIOSKS", kiosks), ("SHOPS", shops), ("MINUTES", minutes), ("SEED", seed)] {
        program.env(format!("FAIR_{name}"), number.to_string());
    }
    // Virtual time does not wait for a disk.
    let memory = Path::new("/dev/shm");
    if std::env::var_os("TMPDIR").is_none() && memory.is_dir() {
        program.env("TMPDIR", memory);
    }
    run_command(&mut program)
}
