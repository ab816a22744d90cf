//! `pay completions`: what a shell needs to complete the commands and options of this program.

use anyhow::Context;
use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::cli::Cli;
use super::console::Console;
use super::exit::Ending;

pub(super) fn run(console: Console, shell: Shell) -> anyhow::Result<Ending> {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "pay", &mut script);
    console.print("script", core::str::from_utf8(&script).context("the script is not UTF-8")?.trim_end());
    Ok(Ending::Done)
}
