//! `cargo xtask lint`: everything about the sources that a tool can judge.

use anyhow::{Result, ensure};

use crate::bare_metal::{self, Compiler};
use crate::command::{cargo, output, run as run_command, skip, succeeds};
use crate::machine::Machine;
use crate::workspace::{self, PUBLISHED};
use crate::{firmware, mutants};

/// Runs all lints; the first that finds something ends it.
pub(crate) fn run() -> Result<()> {
    formatting()?;
    mutants::check()?;
    clippy()?;
    firmware_clippy()?;
    run_command(
        cargo(["doc", "--workspace", "--no-deps", "--all-features", "--locked"]).env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    no_async_runtime()?;
    dependencies()?;
    println!("lint: nothing to complain about");
    Ok(())
}

fn formatting() -> Result<()> {
    run_command(&mut cargo(["fmt", "--all", "--check"]))?;
    for manifest in ["examples/firmware/Cargo.toml", "fuzz/Cargo.toml"] {
        if workspace::root().join(manifest).exists() {
            run_command(&mut cargo(["fmt", "--check", "--manifest-path", manifest]))?;
        }
    }
    Ok(())
}

/// The whole workspace as it is, and each library with none, each and all of its features.
fn clippy() -> Result<()> {
    clippy_with(&["--workspace"])?;
    clippy_with(&["-p", "kiosk", "--features", "host"])?;
    clippy_with(&["-p", "kiosk", "--features", "screen"])?;
    clippy_with(&["-p", "kiosk", "--features", "hindi"])?;
    clippy_with(&["-p", "backend", "--no-default-features"])?;
    clippy_with(&["-p", "xtask", "--all-features"])?;
    clippy_with(&["-p", "tests", "--all-features"])?;
    each_feature()
}

/// Each library with none, each and all of its features.
pub(crate) fn each_feature() -> Result<()> {
    for library in PUBLISHED {
        clippy_with(&["-p", library, "--no-default-features"])?;
        let features = workspace::features(library)?;
        for feature in &features {
            clippy_with(&["-p", library, "--no-default-features", "--features", feature])?;
        }
        if features.len() > 1 {
            clippy_with(&["-p", library, "--all-features"])?;
        }
    }
    Ok(())
}

fn clippy_with(selection: &[&str]) -> Result<()> {
    let mut command = cargo(["clippy", "--all-targets", "--locked"]);
    run_command(command.args(selection).args(["--", "-D", "warnings"]))
}

/// The firmware, by the clippy that belongs to the compiler that builds it.
fn firmware_clippy() -> Result<()> {
    if !bare_metal::has_debian_compiler() || !bare_metal::has_debian_clippy() {
        skip("clippy of the firmware", "no Debian packages rustc-web, rust-web-src, rust-web-clippy");
        return Ok(());
    }
    let directory = workspace::root().join("examples/firmware");
    for features in [&[][..], &firmware::SCREEN] {
        let mut command = Compiler::Debian.cargo("check", Machine::default().target(), &directory)?;
        command.env("RUSTC_WORKSPACE_WRAPPER", bare_metal::DEBIAN_CLIPPY).env("CLIPPY_ARGS", "-Dwarnings");
        run_command(command.arg("--release").args(features))?;
    }
    Ok(())
}

/// The desktop transport is for programs without an async runtime, so it must not bring one.
fn no_async_runtime() -> Result<()> {
    let tree = output(&mut cargo(["tree", "--locked", "-p", "transport-std", "-e", "normal", "--prefix", "none"]))?;
    for line in tree.lines() {
        let name = line.split(' ').next().unwrap_or_default();
        ensure!(!["hyper", "tokio", "async-std", "smol"].contains(&name), "transport-std depends on {name}");
    }
    println!("transport-std: {} packages below it, no async runtime", tree.lines().count());
    Ok(())
}

/// What the packages of others are, and where they are from: in the workspace, and in what runs on boards.
pub(crate) fn dependencies() -> Result<()> {
    if !succeeds(&mut cargo(["deny", "--version"])) {
        skip("cargo deny", "not installed: cargo install cargo-deny --locked");
        return Ok(());
    }
    for manifest in ["Cargo.toml", "examples/firmware/Cargo.toml", "examples/boards/Cargo.toml"] {
        let mut command = cargo(["deny", "--manifest-path", manifest, "--config"]);
        run_command(command.arg(workspace::root().join("deny.toml")).args(["check", "bans", "licenses", "sources"]))?;
    }
    Ok(())
}
