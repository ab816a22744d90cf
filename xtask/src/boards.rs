//! `cargo xtask boards`: builds the kiosk for real boards and prints what it takes of them. They are not run.

use std::path::Path;

use anyhow::Result;

use crate::bare_metal::{self, Compiler};
use crate::command::{cargo, run as run_command, skip};
use crate::{size, workspace};

/// Builds all boards; with the lints that belong to them, as they are no part of the workspace.
pub(crate) fn run() -> Result<()> {
    let directory = workspace::root().join("examples/boards");
    let mut lines = Vec::new();
    for (board, target) in BOARDS {
        run_command(&mut build("build", board, target, &directory)?)?;
        let image = workspace::target("bare-metal").join(target).join("release").join(board);
        let (flash, ram) = size::sections(&std::fs::read(image)?)?;
        lines.push(format!("{board:<14} {target:<22} flash {flash:>7}  static RAM {ram:>6}"));
    }
    // Each by its name: `--all` would take the path dependencies too.
    let manifest = ["fmt", "--check", "--manifest-path", "examples/boards/Cargo.toml"];
    run_command(cargo(manifest).args(["-p", "terminal", "-p", "stm32h743", "-p", "rp2040-w5500"]))?;
    clippy(&directory)?;
    println!("{}", lines.join("\n"));
    Ok(())
}

/// The packages and their processors: a Cortex-M7 with a floating point unit, a Cortex-M0+.
const BOARDS: [(&str, &str); 2] = [("stm32h743", "thumbv7em-none-eabihf"), ("rp2040-w5500", "thumbv6m-none-eabi")];

/// By the clippy that belongs to the compiler.
fn clippy(directory: &Path) -> Result<()> {
    if !bare_metal::has_debian_compiler() || !bare_metal::has_debian_clippy() {
        skip("clippy of the boards", "no Debian packages rustc-web, rust-web-src, rust-web-clippy");
        return Ok(());
    }
    for (board, target) in BOARDS {
        let mut command = build("check", board, target, directory)?;
        command.env("RUSTC_WORKSPACE_WRAPPER", bare_metal::DEBIAN_CLIPPY).env("CLIPPY_ARGS", "-Dwarnings");
        run_command(&mut command)?;
    }
    Ok(())
}

fn build(task: &str, board: &str, target: &str, directory: &Path) -> Result<std::process::Command> {
    let mut command = Compiler::find(target)?.cargo(task, target, directory)?;
    command.args(["--release", "--locked", "-p", board]);
    Ok(command)
}
