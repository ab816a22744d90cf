//! `cargo xtask explore`: every state of small worlds.

use anyhow::Result;

use crate::command::{cargo, run as run_command};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The large worlds too: hours, and more memory than 16 GB
    #[arg(long)]
    full: bool,
    /// Count one further, and tell one more age apart: nothing new may come of it
    #[arg(long)]
    raised: bool,
    /// This world alone
    #[arg(value_name = "WORLD")]
    world: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut program = cargo([
        "run",
        "--release",
        "--quiet",
        "--locked",
        "-p",
        "tests",
        "--no-default-features",
        "--features",
        "explore",
        "--bin",
        "explore",
        "--",
    ]);
    program
        .args(arguments.full.then_some("--full"))
        .args(arguments.raised.then_some("--raised"))
        .args(&arguments.world);
    run_command(&mut program)
}
