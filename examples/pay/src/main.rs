//! A till for the desktop: pays orders of the gateway through `pay-core`, or of a sandbox that it brings along.
#![forbid(unsafe_code)]

mod action;
mod bench;
mod card_input;
mod cli;
mod completions;
mod console;
mod counter;
mod demo;
mod doctor;
mod ear;
mod entropy;
mod exit;
mod gateway;
mod input;
mod inspect;
mod journal;
mod man;
mod merchant;
mod method;
mod order;
mod otp;
mod patience;
mod qr;
mod receipt;
mod recover;
mod refund;
mod resume;
mod sandbox_server;
mod simulate;
mod status;
mod till;
mod verdict;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command, OrderCommand};
use console::Console;
use exit::Ending;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return exit::usage(&error),
    };
    let console = Console::new(cli.json);
    exit::finish(console, exit::caught(|| run(console, &cli.command)))
}

fn run(console: Console, command: &Command) -> anyhow::Result<Ending> {
    // A sandbox runs until it is stopped: that is no accident.
    if !matches!(command, Command::Sandbox(_)) {
        patience::watch_interrupts(console)?;
    }
    match command {
        Command::Demo(args) => demo::run(console, args),
        Command::Sandbox(args) => sandbox_server::run(console, args),
        Command::Order(OrderCommand::Create(args)) => order::create(console, args),
        Command::Order(OrderCommand::Pay(args)) => order::pay(console, args),
        Command::Journal(command) => journal::run(console, command),
        Command::Otp(args) => otp::run(console, args),
        Command::Status(args) => status::run(console, args),
        Command::Refund(args) => refund::run(console, args),
        Command::Simulate(args) => simulate::run(console, args),
        Command::Doctor(args) => doctor::run(console, args),
        Command::Inspect(args) => inspect::run(console, args),
        Command::Bench(args) => bench::run(console, args),
        Command::Completions { shell } => completions::run(console, *shell),
        Command::Man { dir } => man::run(console, dir.as_deref()),
    }
}
