//! `cargo xtask sweep` and `cargo xtask proof`: payments, cut everywhere.

use std::process::Command;

use anyhow::Result;

use crate::command::{cargo, run as run_command};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Play this one schedule and tell it step by step
    #[arg(long, value_name = "ID")]
    only: Option<String>,
}

#[derive(clap::Args)]
pub(crate) struct ProofArguments {
    /// All of it: nearly twenty million schedules, one to three hours
    #[arg(long)]
    full: bool,
}

/// Sweeps as much as every build does, or plays one schedule.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let only = arguments.only.iter().flat_map(|id| ["--only", id.as_str()]);
    run_command(program().args(only))
}

/// Sweeps the reduced form.
pub(crate) fn quick() -> Result<()> {
    run_command(program().arg("--quick"))
}

/// Sweeps, and says so in full where that is asked for.
pub(crate) fn prove(arguments: &ProofArguments) -> Result<()> {
    run_command(program().args(arguments.full.then_some("--full")))
}

fn program() -> Command {
    cargo(["run", "--release", "--quiet", "--locked", "-p", "tests", "--features", "sweep", "--bin", "sweep", "--"])
}
