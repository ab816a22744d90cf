//! `cargo xtask fleet`: how soon kiosks that wait know of their payment.

use anyhow::{Result, bail};

use crate::command::{cargo, run as run_command};
use crate::{bare_metal, postgres};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many kiosks wait
    #[arg(long, default_value_t = 1_000)]
    kiosks: u32,
    /// Shoppers pay at random over so many seconds
    #[arg(long, default_value_t = 120)]
    seconds: u32,
    /// No shopper pays before so many seconds
    #[arg(long, default_value_t = 0)]
    shopper: u32,
    /// The share of webhooks that never come
    #[arg(long, default_value_t = 0.0)]
    lost: f64,
    /// Another seed is another run
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// The backend keeps its book in PostgreSQL, which is started for this
    #[arg(long)]
    postgres: bool,
}

/// Builds it for speed and runs it; fails if a kiosk never knew. The last line is the figures.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { kiosks, seconds, shopper, lost, seed, postgres } = arguments;
    let mut words = format!("--kiosks {kiosks} --seconds {seconds} --shopper {shopper} --lost {lost} --seed {seed}");
    if *postgres {
        if let Some(package) = postgres::missing_package() {
            bail!("--postgres starts a PostgreSQL; on Debian, as root: {}", bare_metal::install_command(&[package]));
        }
        words.push_str(" --postgres");
    }
    start(&["--release"], &words)
}

/// A small one, as it is built for tests.
pub(crate) fn quick() -> Result<()> {
    start(&[], "--kiosks 100 --seconds 5")
}

fn start(profile: &[&str], words: &str) -> Result<()> {
    let build = ["run", "--quiet", "--locked", "-p", "tests", "--features", "fleet", "--bin", "fleet"];
    run_command(cargo(build).args(profile).arg("--").args(words.split(' ')))
}
