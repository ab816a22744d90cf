//! `cargo xtask fuzz`: each fuzz target for a number of seconds.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::command::{cargo, output, run as run_command, shown, skip, succeeds};
use crate::workspace;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Seconds for each target
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Install cargo-fuzz if it is missing
    #[arg(long)]
    install: bool,
}

/// Builds and runs all targets; the first crash ends it.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if !succeeds(Command::new("rustc").args(["+nightly", "--version"])) {
        skip("fuzzing", "no nightly toolchain");
        return Ok(());
    }
    if !succeeds(&mut cargo(["+nightly", "fuzz", "--version"])) {
        if !arguments.install {
            bail!("cargo-fuzz is missing: `cargo install cargo-fuzz --locked`, or add --install");
        }
        run_command(&mut cargo(["install", "cargo-fuzz", "--locked"]))?;
    }
    let list = output(&mut cargo(["+nightly", "fuzz", "list"]))?;
    ensure!(!list.trim().is_empty(), "fuzz/ has no targets");
    run_command(&mut cargo(["+nightly", "fuzz", "build"]))?;
    for target in list.lines() {
        fuzz(target, arguments.seconds)?;
    }
    println!("fuzz: {} targets, {} s each, no crash", list.lines().count(), arguments.seconds);
    Ok(())
}

fn fuzz(target: &str, seconds: u32) -> Result<()> {
    let found = workspace::root().join("fuzz/corpus").join(target);
    std::fs::create_dir_all(&found)?;
    let mut command = cargo(["+nightly", "fuzz", "run", target]);
    // What is found is written to the first directory; the kept examples are only read.
    command.arg(found);
    let kept = workspace::root().join("fuzz/seeds").join(target);
    if kept.exists() {
        command.arg(kept);
    }
    command.args(["--", "-timeout=10", &format!("-max_total_time={seconds}")]);
    println!("$ {}", shown(&command));
    let mut child = command.stderr(Stdio::piped()).spawn().context("cargo cannot be started")?;
    let mut said = Said::default();
    for line in BufReader::new(child.stderr.take().context("no output to read")?).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        if said.is_shown(&line) {
            eprintln!("{line}");
        }
    }
    let status = child.wait()?;
    ensure!(status.success(), "fuzz: {target}: ended with {status}; what it said is above");
    // A target that ran nothing found nothing.
    println!("fuzz: {target}: {} runs, no crash", said.runs.with_context(|| format!("{target} did not say its runs"))?);
    Ok(())
}

/// libFuzzer's output, line by line. Some of it helps nobody here: hundreds of lines of a dictionary that it recommends, and one
/// line for each input that it keeps.
#[derive(Default)]
struct Said {
    in_dictionary: bool,
    runs: Option<u64>,
}

impl Said {
    fn is_shown(&mut self, line: &str) -> bool {
        if line.starts_with("###### Recommended dictionary") {
            self.in_dictionary = true;
            return false;
        }
        if line.starts_with("###### End of recommended dictionary") {
            self.in_dictionary = false;
            return false;
        }
        // A crash never hides in a dictionary that does not end.
        if self.in_dictionary && line.starts_with('"') {
            return false;
        }
        self.in_dictionary = false;
        if let Some(rest) = line.strip_prefix("Done ") {
            self.runs = rest.split(' ').next().and_then(|count| count.parse().ok());
        }
        let event = line.strip_prefix('#').and_then(|rest| rest.split_whitespace().nth(1));
        !matches!(event, Some("NEW" | "REDUCE"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Meant to notice: a crash that is not shown; a dictionary that is.
    #[test]
    fn a_crash_is_shown_and_a_dictionary_is_not() {
        let all = "INFO: Seed: 1\n\
            #2\tINITED cov: 35 ft: 36\n\
            #14\tNEW    cov: 36 ft: 37\n\
            #15\tREDUCE cov: 36 ft: 37\n\
            #16384\tpulse  cov: 36 ft: 37\n\
            #20000\tDONE   cov: 36 ft: 37\n\
            ###### Recommended dictionary. ######\n\
            \"\\000\\001\" # Uses: 12\n\
            \"order\" # Uses: 9\n\
            ###### End of recommended dictionary. ######\n\
            Done 20000 runs in 11 second(s)";
        let mut said = Said::default();
        let shown: Vec<_> = all.lines().filter(|line| said.is_shown(line)).collect();
        assert_eq!(shown.len(), 5, "{shown:?}");
        assert!(shown.iter().all(|line| !line.contains("Uses") && !line.contains("NEW")), "{shown:?}");
        assert_eq!(said.runs, Some(20_000));

        let mut said = Said::default();
        assert!(!said.is_shown("###### Recommended dictionary. ######"));
        assert!(!said.is_shown("\"order\" # Uses: 9"));
        assert!(said.is_shown("==7== ERROR: libFuzzer: deadly signal"), "in a dictionary that was cut off");
        assert!(said.is_shown("\"order\" # Uses: 9"), "it is over");
        assert_eq!(said.runs, None);
    }
}
