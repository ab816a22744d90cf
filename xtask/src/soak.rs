//! `cargo xtask soak`: sales of many kiosks through the real transport, with faults, for as long as is asked for.

use anyhow::Result;

use crate::command::{cargo, run as run_command};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many sales; 100000 is the full run
    #[arg(long, default_value_t = 2_000)]
    sales: u32,
    /// How many kiosks at a time
    #[arg(long, default_value_t = 100)]
    kiosks: u32,
    /// Another seed is another run
    #[arg(long, default_value_t = 1)]
    seed: u32,
}

/// Builds and runs it; it fails if an order was charged twice, or memory, files or journals grew.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let options = [("--sales", arguments.sales), ("--kiosks", arguments.kiosks), ("--seed", arguments.seed)];
    let options = options.into_iter().flat_map(|(name, number)| [name.to_owned(), number.to_string()]);
    run_command(
        cargo(["run", "--quiet", "--locked", "-p", "tests", "--features", "soak", "--bin", "soak", "--"]).args(options),
    )
}
