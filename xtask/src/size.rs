//! `cargo xtask size`: what the firmware takes of a microcontroller.

use core::fmt::Write as _;
use core::net::Ipv4Addr;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::thread;

use anyhow::{Context, Result, ensure};
use object::{Object, ObjectSection, SectionKind};

use crate::command::output;
use crate::{firmware, workspace};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Make the figures of now the budget
    #[arg(long)]
    pub(crate) write: bool,
}

/// Prints the figures; fails if one is over its budget by more than 2 %.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let budget_file = workspace::root().join("examples/firmware/budget.txt");
    let figures = measure()?;
    if arguments.write {
        let mut text = String::from("# What the firmware may take: cargo xtask size. Growth above 2 % fails.\n");
        for (name, value) in &figures {
            writeln!(text, "{name} {value}")?;
        }
        std::fs::write(&budget_file, text)?;
    }
    let budget = parse_budget(&std::fs::read_to_string(&budget_file).context("examples/firmware/budget.txt")?)?;
    ensure!(budget.len() == figures.len(), "the budget does not have the figures that are measured: size --write");
    for ((name, value), (budget_name, allowed)) in figures.iter().zip(&budget) {
        ensure!(name == budget_name, "the budget names {budget_name} where {name} is measured: size --write");
        println!("{name:<24} {value:>10}   budget {allowed}");
    }
    for ((name, value), (_, allowed)) in figures.iter().zip(&budget) {
        ensure!(!over(*value, *allowed), "{name} grew from {allowed} to {value}: make it smaller, or size --write");
    }
    Ok(())
}

type Figures = Vec<(String, u64)>;

/// Bytes of flash, of static RAM and of the stack at its peak, and instructions of one run.
fn measure() -> Result<Figures> {
    let image = firmware::build(&[])?;
    let (flash, ram) = sections(&std::fs::read(&image)?)?;
    let (stack, instructions) = one_run(&image)?;
    let figures = [("flash", flash), ("static_ram", ram), ("peak_stack", stack), ("instructions", instructions)];
    Ok(figures.map(|(name, value)| (name.to_string(), value)).to_vec())
}

/// Flash and static RAM. Variables with an initial value take both.
fn sections(image: &[u8]) -> Result<(u64, u64)> {
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

/// Peak stack and instructions of one exchange with a server of this process.
fn one_run(image: &PathBuf) -> Result<(u64, u64)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    // Ends with the process if the emulator never connects.
    thread::spawn(move || -> std::io::Result<()> {
        let (mut stream, _) = listener.accept()?;
        let _ = stream.read(&mut [0; 1024])?;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
    });
    let words = ["--connect".into(), format!("127.0.0.1:{port}"), "--figures".into()];
    let mut command = firmware::emulator(image, &words)?;
    // Time by counted instructions, 2^5 ns each: the same work takes the same time on any machine.
    let printed = output(command.args(["-icount", "shift=5"]))?;
    let line = printed.lines().find(|line| line.contains(r#""event":"figures""#)).context("no figures were printed")?;
    let line: serde_json::Value = serde_json::from_str(line)?;
    let stack = line["stack"].as_u64().context("no stack figure")?;
    let cycles = line["busy_cycles"].as_u64().context("no cycles figure")?;
    // A cycle of the 25 MHz core is 40 ns.
    Ok((stack, cycles * 40 / 32))
}

fn parse_budget(text: &str) -> Result<Figures> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.split_once(' ').with_context(|| format!("budget.txt: no value: {line}"))?;
            Ok((name.to_string(), value.parse().with_context(|| format!("budget.txt: {name}"))?))
        })
        .collect()
}

/// More than 2 % above.
fn over(value: u64, allowed: u64) -> bool {
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
