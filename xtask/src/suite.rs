//! The workspace's tests: cargo builds them, and a few of their programs run at a time.
//!
//! Most of a test's time is waiting: for a bank, a deadline, a process that was killed. Cargo runs one program after the other, and two
//! processors then have little to do.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::built::{Built, executables};
use crate::command::{cargo, output, run as run_command};

/// Programs at a time. Each has as many threads as there are processors.
const AT_ONCE: usize = 4;

/// What takes longest begins first.
const LONG: [&str; 6] = ["firmware", "kill", "cli", "markdown", "postgres", "https"];

/// The programs of all packages, with these features.
pub(crate) struct Suite {
    words: [&'static str; 3],
    programs: Vec<Built>,
}

/// Builds them.
pub(crate) fn build(features: &'static str) -> Result<Suite> {
    let words = ["--workspace", "--features", features];
    let mut build = cargo(["test", "--no-run", "--message-format=json-render-diagnostics"]);
    let messages = output(build.args(words).stderr(Stdio::inherit()))?;
    let mut programs: Vec<Built> = executables(&messages).into_iter().filter(|built| built.test).collect();
    ensure!(!programs.is_empty(), "cargo built no tests");
    programs.sort_by_key(|program| LONG.iter().position(|name| *name == program.name).unwrap_or(LONG.len()));
    Ok(Suite { words, programs })
}

/// Runs all of them, and the documentation's; fails once all have run, if one of them did.
pub(crate) fn run(suite: Suite, variables: &[(&str, &OsStr)]) -> Result<()> {
    let Suite { words, programs } = suite;
    let count = programs.len();
    let failed = run_all(programs.into(), variables)?;
    let documentation = run_command(cargo(["test", "--doc", "--no-fail-fast"]).args(words));
    ensure!(failed.is_empty(), "{} of {count} test programs failed: {}", failed.len(), failed.join(", "));
    println!("{count} test programs: all passed");
    documentation
}

/// The names of those that failed.
fn run_all(programs: VecDeque<Built>, variables: &[(&str, &OsStr)]) -> Result<Vec<String>> {
    let (waiting, failed) = (Mutex::new(programs), Mutex::new(Vec::new()));
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let work = || -> Result<()> {
        while let Some(program) = next() {
            let ended = run_one(&program, variables)?;
            // One write, so that nothing of another program comes between.
            println!("{}", ended.said);
            if !ended.status.success() {
                let name = format!("{} ({})", shown(&program), ended.status);
                failed.lock().unwrap_or_else(PoisonError::into_inner).push(name);
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("a worker does not panic"))
    })?;
    Ok(failed.into_inner().unwrap_or_else(PoisonError::into_inner))
}

struct Ended {
    status: ExitStatus,
    said: String,
}

/// As cargo runs it.
fn run_one(program: &Built, variables: &[(&str, &OsStr)]) -> Result<Ended> {
    let mut command = Command::new(&program.path);
    command.current_dir(&program.directory).env("CARGO_MANIFEST_DIR", &program.directory);
    command.envs(variables.iter().copied()).env_remove("LD_LIBRARY_PATH").stdin(Stdio::null());
    let begun = Instant::now();
    let output = command.output().with_context(|| format!("cannot start {}", program.path.display()))?;
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let took = begun.elapsed().as_secs();
    let said = format!("     Ran {} in {took} s\n{complained}{said}", shown(program));
    Ok(Ended { status: output.status, said })
}

fn shown(program: &Built) -> String {
    let package = program.directory.file_name().unwrap_or_default();
    format!("{} of {}", program.name, package.display())
}
