//! Running other programs, each shown before it starts.

use std::ffi::OsStr;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::workspace;

/// `cargo ARGS` in the root of the workspace.
pub(crate) fn cargo<I: IntoIterator<Item: AsRef<OsStr>>>(arguments: I) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(workspace::root()).args(arguments);
    // Set by the `cargo run` that started this program, for its own compiler; another compiler must not load from it.
    command.env_remove("LD_LIBRARY_PATH");
    command
}

/// Shows the command, runs it and fails if it does.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    println!("$ {}", shown(command));
    let status = command.status().with_context(|| format!("cannot start {}", shown(command)))?;
    ensure!(status.success(), "`{}` ended with {status}", shown(command));
    Ok(())
}

/// Runs the command quietly; the answer is its standard output.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot start {}", shown(command)))?;
    ensure!(
        output.status.success(),
        "`{}` ended with {}: {}",
        shown(command),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// The command runs and says that all is well; its output is of no interest.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// Says, so that nobody overlooks it, that a part was left out and why.
pub(crate) fn skip(what: &str, why: &str) {
    println!("!!! SKIPPED: {what}: {why}");
}

/// The command as one types it.
pub(crate) fn shown(command: &Command) -> String {
    let words = core::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
