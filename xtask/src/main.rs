//! The project's own tasks, run as `cargo xtask TASK`. One file per task.

mod backend_kill;
mod bare_metal;
mod bench;
mod boards;
mod browser;
mod built;
mod ci;
mod codec;
mod command;
mod explore;
mod fair;
mod firmware;
mod fleet;
mod fuzz;
mod lint;
mod machine;
mod mutants;
mod no_std;
mod picture;
mod postgres;
mod provision;
mod release;
mod servers;
mod size;
mod soak;
mod suite;
mod sweep;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
#[command(about = "The project's own tasks")]
enum Task {
    /// Run all tests, the kiosk in an emulator included
    Test(test::Arguments),
    /// Build the crates that must work without an operating system and a heap
    NoStd,
    /// Formatting, clippy, documentation, dependency rules
    Lint,
    /// Run each fuzz target for a while (nightly toolchain)
    Fuzz(fuzz::Arguments),
    /// Build the firmware and run it in an emulator; exits as the kiosk does
    Firmware(firmware::Arguments),
    /// Print flash, RAM, stack and instructions of the firmware; fail if they grew
    Size(size::Arguments),
    /// Build the kiosk for real boards and print its sizes
    Boards,
    /// Run the benchmarks
    Bench,
    /// Count the codec's instructions and serde_json's; fail if their ratio grew
    Codec(codec::Arguments),
    /// Play payments with a power cut at every point, a few hundred thousand times
    Sweep(sweep::Arguments),
    /// The same, and with --full nearly twenty million times: what docs/proof.md reports
    Proof(sweep::ProofArguments),
    /// Visit every state of small worlds: terminals, strangers, lost answers, power cuts
    Explore(explore::Arguments),
    /// Break a copy as tests/mutants.toml says, and check that the sweep or a test notices
    Mutants(mutants::Arguments),
    /// Sell through the real transport with faults; check that nothing is charged twice and memory does not grow
    Soak(soak::Arguments),
    /// Kill backends and their database while kiosks sell, and compare the books
    BackendKill(backend_kill::Arguments),
    /// Record the README's picture anew: `pay demo`, and a kiosk's screen
    Picture,
    /// Check what must hold before the crates are published: metadata, licences, features, versions, packages
    Release,
    /// Let many kiosks wait for a backend, and print how soon they know of their payments
    Fleet(fleet::Arguments),
    /// Let shops want more sales than the accounts can carry, in virtual time, and print how evenly they are served
    Fair(fair::Arguments),
    /// Everything that has to be green: test --install, sweep, explore, no-std, lint, boards, size, codec, soak,
    /// backend-kill, mutants, fuzz
    Ci,
}

fn main() -> ExitCode {
    let result = match Task::parse() {
        Task::Test(arguments) => test::run(&arguments),
        Task::NoStd => no_std::run(),
        Task::Lint => lint::run(),
        Task::Fuzz(arguments) => fuzz::run(&arguments),
        Task::Firmware(arguments) => match firmware::run(&arguments) {
            Ok(status) => return ExitCode::from(status),
            Err(error) => Err(error),
        },
        Task::Size(arguments) => size::run(&arguments),
        Task::Boards => boards::run(),
        Task::Bench => bench::run(),
        Task::Codec(arguments) => codec::run(&arguments),
        Task::Sweep(arguments) => sweep::run(&arguments),
        Task::Proof(arguments) => sweep::prove(&arguments),
        Task::Explore(arguments) => explore::run(&arguments),
        Task::Mutants(arguments) => mutants::run(&arguments),
        Task::Soak(arguments) => soak::run(&arguments),
        Task::BackendKill(arguments) => backend_kill::run(&arguments),
        Task::Picture => picture::run(),
        Task::Release => release::run(),
        Task::Fleet(arguments) => fleet::run(&arguments),
        Task::Fair(arguments) => fair::run(&arguments),
        Task::Ci => ci::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
