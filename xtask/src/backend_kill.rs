//! `cargo xtask backend-kill`: backends and their database that die, and backends that are upgraded, while kiosks sell.

use std::ffi::OsStr;
use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::command::{cargo, run as run_command};
use crate::{bare_metal, postgres, workspace};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many times a backend is killed; 1000 is the full run
    #[arg(long, default_value_t = 20)]
    kills: u32,
    /// How many kiosks at a time
    #[arg(long, default_value_t = 16)]
    kiosks: u32,
    /// Another seed is another run
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// The `backend` program of the release before: the upgrade is from it to this one [default: from this one to itself with one
    /// more migration]
    #[arg(long, value_name = "PROGRAM")]
    before: Option<PathBuf>,
}

/// Builds the backend, runs it against what kills it, and upgrades it; fails if a request was refused, money or goods went twice or were lost, or the books differ.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if let Some(package) = postgres::missing_package() {
        bail!("the backends share a PostgreSQL; on Debian, as root: {}", bare_metal::install_command(&[package]));
    }
    // Both at once, so that what they share is built once.
    let programs = ["--bin", "backend", "--bin", "backend-kill"];
    run_command(
        cargo(["build", "--locked", "-p", "backend", "-p", "tests"])
            .args(["--features", "tests/backend-kill,backend/next-release"])
            .args(programs),
    )?;
    let program = |name: &str| workspace::target(&format!("debug/{name}"));
    let options = [("--kills", arguments.kills), ("--kiosks", arguments.kiosks), ("--seed", arguments.seed)];
    let options = options.into_iter().flat_map(|(name, number)| [name.to_owned(), number.to_string()]);
    let mut kill = std::process::Command::new(program("backend-kill"));
    kill.arg("--backend").arg(program("backend")).args(options);
    run_command(kill.args(arguments.before.iter().flat_map(|before| [OsStr::new("--before"), before.as_os_str()])))
}
