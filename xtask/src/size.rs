//! `cargo xtask size`: what the firmware takes of a microcontroller, for each set of features.

use core::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use object::{Object, ObjectSection, SectionKind};

use crate::command::{cargo, output};
use crate::machine::Machine;
use crate::{firmware, workspace};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Make the figures of now the budget
    #[arg(long)]
    write: bool,
    /// Print the figures of this machine and judge nothing
    #[arg(long, value_enum, conflicts_with = "write")]
    machine: Option<Machine>,
}

/// Prints the figures; fails if one is over its budget by more than 2 %.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if let Some(machine) = arguments.machine {
        let figures = measure_image(&firmware::build(machine)?, machine.name())?;
        figures.iter().for_each(|(name, value)| println!("{name:<40} {value:>10}"));
        return Ok(());
    }
    let budget_file = workspace::root().join("examples/firmware/budget.txt");
    let mut figures = measure()?;
    if arguments.write {
        let mut text = String::from("# What the firmware may take: cargo xtask size. Growth above 2 % fails.\n");
        for (name, value) in &figures {
            writeln!(text, "{name} {value}")?;
        }
        std::fs::write(&budget_file, text)?;
    }
    let budget = parse_budget(&std::fs::read_to_string(&budget_file).context("examples/firmware/budget.txt")?)?;
    // How an answer happens to be cut costs or saves a turn of the network stack: what counts is the least of a few.
    for _ in 0..MORE_RUNS {
        if figures.len() != budget.len() || !figures.iter().zip(&budget).any(|(is, may)| over(is.1, may.1)) {
            break;
        }
        for (least, again) in figures.iter_mut().zip(measure()?) {
            least.1 = least.1.min(again.1);
        }
    }
    ensure!(budget.len() == figures.len(), "the budget does not have the figures that are measured: size --write");
    for ((name, value), (budget_name, allowed)) in figures.iter().zip(&budget) {
        ensure!(name == budget_name, "the budget names {budget_name} where {name} is measured: size --write");
        println!("{name:<40} {value:>10}   budget {allowed}");
    }
    for ((name, value), (_, allowed)) in figures.iter().zip(&budget) {
        ensure!(!over(*value, *allowed), "{name} grew from {allowed} to {value}: make it smaller, or size --write");
    }
    Ok(())
}

/// Measurements made again if a figure is over its budget.
const MORE_RUNS: usize = 2;

pub(crate) type Figures = Vec<(String, u64)>;

/// The firmware as it is for any server, and for one that has P-256 and AES-128-GCM: name of the figures, words for cargo.
const SETS: [(&str, &[&str]); 2] =
    [("default", &[]), ("p256", &["--no-default-features", "--features", "mps2-an386,p256-cm4"])];

fn measure() -> Result<Figures> {
    let mut figures = Vec::new();
    for (set, features) in SETS {
        figures.extend(measure_image(&firmware::build_with(Machine::default(), features)?, set)?);
    }
    let with_screen = std::fs::read(firmware::build_with(Machine::default(), &firmware::SCREEN)?)?;
    let (flash, ram) = sections(&with_screen)?;
    figures.extend([("screen.flash".to_owned(), flash), ("screen.static_ram".to_owned(), ram)]);
    Ok(figures)
}

/// Bytes of flash, of static RAM and of the stack at its peak; instructions of handshakes and payments.
fn measure_image(image: &Path, set: &str) -> Result<Figures> {
    let (flash, ram) = sections(&std::fs::read(image)?)?;
    let mut figures = vec![(format!("{set}.flash"), flash), (format!("{set}.static_ram"), ram)];
    // The measuring program runs the image against servers of its own; it is built like a test.
    let mut runs = cargo(["test", "--quiet", "-p", "xtask", "--features", "figures", "--test", "figures"]);
    runs.args(["--", "--nocapture"])
        .env("FIRMWARE_IMAGE", image)
        .env("FIRMWARE_SET", set)
        .env("KIOSK", firmware::kiosk()?);
    for line in output(&mut runs)?.lines() {
        // The harness may have begun the line.
        let Some((_, figure)) = line.split_once("figure ") else { continue };
        let (name, value) = figure.split_once(' ').context("a figure without a value")?;
        figures.push((format!("{set}.{name}"), value.parse()?));
    }
    Ok(figures)
}

/// Flash and static RAM. Variables with an initial value take both.
pub(crate) fn sections(image: &[u8]) -> Result<(u64, u64)> {
    let (mut flash, mut ram) = (0, 0);
    for section in object::File::parse(image)?.sections() {
        let (in_flash, in_ram) = match section.kind() {
            SectionKind::Text | SectionKind::ReadOnlyData | SectionKind::ReadOnlyString => (true, false),
            SectionKind::Data => (true, true),
            SectionKind::UninitializedData => (false, true),
            _ => (false, false),
        };
        flash += if in_flash { section.size() } else { 0 };
        ram += if in_ram { section.size() } else { 0 };
    }
    Ok((flash, ram))
}

/// Reads a file of lines `NAME FIGURE`.
pub(crate) fn parse_budget(text: &str) -> Result<Figures> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.split_once(' ').with_context(|| format!("budget.txt: no value: {line}"))?;
            Ok((name.to_string(), value.parse().with_context(|| format!("budget.txt: {name}"))?))
        })
        .collect()
}

/// More than 2 % above.
pub(crate) fn over(value: u64, allowed: u64) -> bool {
    value * 100 > allowed * 102
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mutant seen red: `>=` for `>`.
    #[test]
    fn two_per_cent_are_allowed() {
        assert!(!over(102, 100));
        assert!(over(103, 100));
        assert!(!over(1, 100));
    }
}
