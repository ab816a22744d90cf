//! `backend completions`: prints the shell's completions for this program.

use std::io::{Write, stdout};

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::options::Options;

pub(crate) fn run(shell: Shell) -> anyhow::Result<()> {
    let mut script = Vec::new();
    generate(shell, &mut Options::command(), "backend", &mut script);
    Ok(stdout().write_all(&script)?)
}
