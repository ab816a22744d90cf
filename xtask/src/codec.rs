//! `cargo xtask codec`: the codec's instructions as a share of `serde_json`'s on the same bodies, counted by callgrind in one run.

use core::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::command::{cargo, output, succeeds};
use crate::{bare_metal, size, workspace};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Make the figures of now the budget
    #[arg(long)]
    write: bool,
    /// Install valgrind where it is missing (Debian, as root)
    #[arg(long)]
    install: bool,
}

/// The bodies of `tests/benches/counts.rs`.
const BODIES: [&str; 5] = ["read_upi_link", "read_qr", "read_order", "read_payments", "write_card"];

/// Prints the figures; fails if a share is over its budget by more than 2 %.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if !succeeds(Command::new("valgrind").arg("--version")) {
        ensure!(arguments.install, "valgrind counts the instructions; on Debian, as root: add --install");
        bare_metal::install(&["valgrind"])?;
    }
    let budget_file = workspace::root().join("tests/benches/codec/budget.txt");
    let program = build()?;
    let mut shares = Vec::new();
    for body in BODIES {
        let ours = count(&program, body, "ours")?;
        let theirs = count(&program, body, "serde_json")?;
        let share = ours * 1000 / theirs.max(1);
        println!("{body:<16} {ours:>8} of {theirs:>8} instructions: {share} per mille of serde_json");
        shares.push((body.to_string(), share));
    }
    if arguments.write {
        let mut text =
            String::from("# Per mille of serde_json's instructions: cargo xtask codec. Growth above 2 % fails.\n");
        for (body, share) in &shares {
            writeln!(text, "{body} {share}")?;
        }
        std::fs::write(&budget_file, text)?;
    }
    let budget = size::parse_budget(&std::fs::read_to_string(&budget_file).context("tests/benches/codec/budget.txt")?)?;
    ensure!(budget.len() == shares.len(), "the budget does not have the figures that are measured: codec --write");
    for ((body, share), (budget_body, allowed)) in shares.iter().zip(&budget) {
        ensure!(body == budget_body, "the budget names {budget_body} where {body} is measured: codec --write");
        ensure!(
            !size::over(*share, *allowed),
            "{body} grew from {allowed} to {share} per mille of serde_json: make it faster, or codec --write"
        );
    }
    Ok(())
}

/// Builds the program that reads or writes one body; returns where it is.
fn build() -> Result<PathBuf> {
    let messages = output(&mut cargo([
        "bench",
        "--quiet",
        "-p",
        "tests",
        "--bench",
        "counts",
        "--no-run",
        "--message-format=json",
    ]))?;
    let mut programs = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is_it = message["target"]["name"] == "counts";
        message["executable"].as_str().filter(|_| is_it).map(PathBuf::from)
    });
    programs.next_back().context("cargo named no program `counts`")
}

/// Instructions in the function `counted` and below it.
fn count(program: &Path, body: &str, whose: &str) -> Result<u64> {
    let file = workspace::target("codec.callgrind");
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--tool=callgrind", "--toggle-collect=*counts*counted*"]);
    valgrind.arg(format!("--callgrind-out-file={}", file.display())).arg(program).args([body, whose]);
    output(&mut valgrind)?;
    total(&std::fs::read_to_string(&file)?).with_context(|| format!("{body} {whose}: callgrind counted nothing"))
}

/// The figure of callgrind's line `totals: N`.
fn total(report: &str) -> Option<u64> {
    let total = report.lines().find_map(|line| line.strip_prefix("totals:"))?;
    total.trim().parse().ok().filter(|total| *total > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Meant to notice: 0 taken for a figure.
    #[test]
    fn a_run_that_counted_nothing_has_no_total() {
        assert_eq!(total("events: Ir\nfn=(0) x\n\ntotals: 3078\n"), Some(3078));
        assert_eq!(total("events: Ir\ntotals: 0\n"), None);
        assert_eq!(total("events: Ir\n"), None);
    }
}
