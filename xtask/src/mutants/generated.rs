//! Mutants that `cargo-mutants` makes, in shards that can be resumed. Too many for every build: outside CI.

use std::process::Command;
use std::str::FromStr;

use anyhow::{Context, Result, anyhow, bail, ensure};

use super::copy::Copy;
use crate::command::succeeds;
use crate::workspace;

/// Where each survivor is named, with the reason why it may live.
const NAMED_IN: &str = "docs/mutants.md";

/// What is mutated, and the fast tests that judge it.
struct Part {
    package: &'static str,
    files: &'static [&'static str],
    /// The quickest first: a mutant that one level catches does not reach the next.
    levels: &'static [Level],
}

/// Tests of one package.
struct Level {
    package: &'static str,
    tests: &'static [&'static str],
}

const PARTS: [Part; 2] = [
    Part {
        package: "pay-core",
        files: &["pay-core/src/sale/*.rs", "pay-core/src/till/*.rs"],
        levels: &[
            Level { package: "pay-core", tests: &["--lib", "--test", "till"] },
            // The tests of the flow stand here because they need the sandbox. Its random scripts take too long.
            Level { package: "tests", tests: &["--test", "flow", "--", "--skip", "scripts"] },
        ],
    },
    Part {
        package: "backend",
        files: &["backend/src/book/*.rs"],
        levels: &[Level { package: "backend", tests: &["--lib", "--", "book"] }],
    },
];

/// Only the exploration of all states compiles these files, and `cargo xtask explore --raised` judges them.
const LEFT_OUT: &str = "**/canonical.rs";

/// The `k`-th of `n` parts, from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shard {
    k: u32,
    n: u32,
}

impl FromStr for Shard {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts = text.split_once('/').and_then(|(k, n)| Some((k.parse().ok()?, n.parse().ok()?)));
        match parts {
            Some((k, n)) if k < n => Ok(Self { k, n }),
            _ => Err(anyhow!("`{text}` is not K/N with K below N, for example 0/40")),
        }
    }
}

/// Plays one shard, in `files` only if there are some. With `resume` what an earlier run of this shard saw caught is left out. Fails
/// if one survives that the docs do not name.
pub(super) fn run(shard: &Shard, files: &[String], resume: bool) -> Result<()> {
    if !succeeds(Command::new("cargo").args(["mutants", "--version"])) {
        bail!("cargo-mutants is missing: cargo install --locked cargo-mutants");
    }
    let copy = Copy::make()?;
    let named = std::fs::read_to_string(workspace::root().join(NAMED_IN)).context(NAMED_IN)?;
    let mut unnamed = Vec::new();
    for part in &PARTS {
        let of_part = |file: &&String| file.starts_with(&format!("{}/", part.package));
        let chosen: Vec<&str> = files.iter().filter(of_part).map(String::as_str).collect();
        if chosen.is_empty() && !files.is_empty() {
            continue;
        }
        let chosen = if chosen.is_empty() { part.files.to_vec() } else { chosen };
        for survivor in play(part, &copy, shard, &chosen, resume)? {
            let known = named.contains(&survivor);
            println!("SURVIVES{}: {survivor}", if known { ", as the docs say" } else { "" });
            if !known {
                unnamed.push(survivor);
            }
        }
    }
    ensure!(unnamed.is_empty(), "survive, and {NAMED_IN} does not say why:\n  {}", unnamed.join("\n  "));
    Ok(())
}

/// The survivors.
fn play(part: &Part, copy: &Copy, shard: &Shard, files: &[&str], resume: bool) -> Result<Vec<String>> {
    let output = workspace::target(&format!("mutants/generated/{}-{}-of-{}", part.package, shard.k, shard.n));
    std::fs::create_dir_all(&output)?;
    for (n, level) in part.levels.iter().enumerate() {
        let mut command = copy.cargo("mutants");
        command.args(["--in-place", "--package", part.package, "--shard", &format!("{}/{}", shard.k, shard.n)]);
        // Neighbours in a file go to different shards.
        command.args(["--sharding", "round-robin", "--colors", "never", "--minimum-test-timeout", "60"]);
        command.args(["--exclude", LEFT_OUT, "--test-package", level.package]);
        // What an earlier level, or run, has caught is left out.
        command.args((resume || n > 0).then_some("--iterate")).arg("--output").arg(&output);
        for file in files {
            command.args(["--file", file]);
        }
        command.arg("--").args(level.tests);
        let status = command.status().context("cannot start cargo mutants")?;
        // 0: all caught; 2: some were missed; 3: some did not end.
        ensure!(matches!(status.code(), Some(0 | 2 | 3)), "cargo mutants ended with {status}");
    }
    let missed = std::fs::read_to_string(output.join("mutants.out/missed.txt")).unwrap_or_default();
    Ok(missed.lines().filter(|line| !line.is_empty()).map(without_place).collect())
}

/// `FILE: WHAT` of `FILE:LINE:COLUMN: WHAT`, so that a name stays when lines move.
fn without_place(name: &str) -> String {
    let mut parts = name.splitn(4, ':');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(file), Some(_), Some(_), Some(what)) => format!("{file}:{what}"),
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_no_line() {
        let name = "a/b.rs:99:70: replace == with != in Listing::note";
        assert_eq!(without_place(name), "a/b.rs: replace == with != in Listing::note");
        assert_eq!(without_place("a/b.rs"), "a/b.rs");
    }

    #[test]
    fn a_shard_is_one_of_some() {
        assert_eq!("0/40".parse::<Shard>().unwrap(), Shard { k: 0, n: 40 });
        for wrong in ["", "1", "40/40", "a/2", "1/0", "-1/2"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
