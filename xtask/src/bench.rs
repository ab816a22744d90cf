//! `cargo xtask bench`: the benchmarks of all packages.

use anyhow::{Result, ensure};

use crate::command::{cargo, run as run_command};
use crate::workspace;

/// Runs them one after the other.
pub(crate) fn run() -> Result<()> {
    ensure!(workspace::has_target("bench")?, "no package has a benchmark");
    run_command(&mut cargo(["bench", "--workspace", "--benches"]))
}
