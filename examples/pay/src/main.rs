//! A till for the desktop: pays orders of the gateway through `pay-core`, or of a sandbox that it brings along.
#![forbid(unsafe_code)]

mod action;
mod bench;
mod card_input;
mod cli;
mod console;
mod counter;
mod demo;
mod ear;
mod entropy;
mod exit;
mod gateway;
mod input;
mod inspect;
mod journal;
mod merchant;
mod method;
mod order;
mod otp;
mod patience;
mod qr;
mod receipt;
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
use exit::Ending;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return exit::usage(&error),
    };
    exit::finish(run(&cli))
}

fn run(cli: &Cli) -> anyhow::Result<Ending> {
    let options = &cli.options;
    match &cli.command {
        Command::Demo(args) => demo::run(options, args),
        Command::Sandbox(args) => sandbox_server::run(args),
        Command::Order(OrderCommand::Create(args)) => order::create(options, args),
        Command::Order(OrderCommand::Pay(args)) => order::pay(options, args),
        Command::Journal(command) => journal::run(options, command),
        Command::Otp(args) => otp::run(options, args),
        Command::Status(args) => status::run(options, args),
        Command::Refund(args) => refund::run(options, args),
        Command::Simulate(args) => simulate::run(options, args),
        Command::Inspect(args) => inspect::run(options, args),
        Command::Bench(args) => bench::run(options, args),
    }
}
