//! Mutants that `cargo-mutants` makes of whole folders. Too many for a build each: all of them are built at once, each behind a
//! [`switch`](super::switch), and the tests run once for each.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::Value;

use super::copy::{Copy, scratch};
use super::notice::wait;
use super::switch::{Generated, MODULE, VARIABLE, numbers_in, switch};
use crate::built::{Built, executables};
use crate::command::output;
use crate::workspace;

/// Where each survivor is named, with the reason why it may live.
const NAMED_IN: &str = "docs/mutants.md";
/// Only the exploration of all states compiles these files, and `cargo xtask explore --raised` judges them.
const LEFT_OUT: &str = "**/canonical.rs";
/// Tests that take so many times what they take without a mutant, and a little more, do not end any more.
const PATIENCE: u32 = 20;
const A_LITTLE: Duration = Duration::from_secs(10);
/// How many mutants are judged at once: one does nothing but wait while a mutant loops.
const AT_ONCE: usize = 3;
/// How often what does not compile is taken out before it is given up.
const BUILDS: usize = 20;

/// What is mutated, and the fast tests that judge it.
struct Part {
    package: &'static str,
    files: &'static str,
    /// The quickest first: a mutant that one level notices does not reach the next.
    levels: &'static [Level],
}

/// Tests of one package.
struct Level {
    build: &'static [&'static str],
    tests: &'static [&'static str],
}

const PARTS: [Part; 3] = [
    Part {
        package: "pay-core",
        files: "pay-core/src/{sale,till}/*.rs",
        levels: &[
            Level { build: &["-p", "pay-core", "--lib", "--test", "till"], tests: &[] },
            // The tests of the flow need the sandbox, so they stand in another package. Its random scripts take long: the last level.
            Level { build: &["-p", "tests", "--test", "flow"], tests: &["--skip", "scripts"] },
            Level { build: &["-p", "tests", "--test", "flow"], tests: &["scripts"] },
        ],
    },
    Part {
        package: "backend",
        files: "backend/src/book/*.rs",
        levels: &[
            Level { build: &["-p", "backend", "--lib"], tests: &["book"] },
            Level { build: &["-p", "backend", "--lib"], tests: &[] },
        ],
    },
    Part {
        package: "backend",
        files: "backend/src/rules/*.rs",
        levels: &[
            Level { build: &["-p", "backend", "--lib"], tests: &["rules"] },
            // In memory: call by call, then whole sales.
            Level { build: &["-p", "tests", "--test", "rules"], tests: &[] },
            Level { build: &["-p", "tests", "--test", "scenarios"], tests: &["relayed"] },
        ],
    },
];

/// The `k`-th of `n` parts, from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shard {
    k: usize,
    n: usize,
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

/// Plays one shard, in `files` only if there are some. With `resume` is left out what an earlier run of the same sources noticed, or
/// what the same tests let pass. Fails if one survives that the docs do not name.
pub(super) fn run(shard: &Shard, files: &[String], resume: bool) -> Result<()> {
    let copy = Copy::make()?;
    let named = std::fs::read_to_string(workspace::root().join(NAMED_IN)).context(NAMED_IN)?;
    // In a table a bar is escaped.
    let named = named.replace(r"\|", "|");
    let mut unnamed = Vec::new();
    for part in &PARTS {
        let mutants = list(part)?;
        let wanted =
            |mutant: &&Generated| mutant.n % shard.n == shard.k && (files.is_empty() || files.contains(&mutant.file));
        let wanted: Vec<&Generated> = mutants.iter().filter(wanted).collect();
        if wanted.is_empty() {
            continue;
        }
        for survivor in play(part, &copy, &mutants, wanted, resume)? {
            let known = named.contains(&survivor);
            println!("SURVIVES{}: {survivor}", if known { ", as the docs say" } else { "" });
            if !known {
                unnamed.push(survivor);
            }
        }
    }
    ensure!(unnamed.is_empty(), "{} survive that {NAMED_IN} does not name", unnamed.len());
    Ok(())
}

/// All mutants of a part.
fn list(part: &Part) -> Result<Vec<Generated>> {
    let mut command = Command::new("cargo");
    command.current_dir(workspace::root()).args(["mutants", "--list", "--json", "--package", part.package]);
    command.args(["--file", part.files, "--exclude", LEFT_OUT]);
    let listed = output(&mut command).context("is cargo-mutants there? cargo install --locked cargo-mutants")?;
    let mut mutants: Vec<Generated> = serde_json::from_str(&listed).context("what cargo mutants --list says")?;
    (1..).zip(&mut mutants).for_each(|(n, mutant)| mutant.n = n);
    Ok(mutants)
}

/// The survivors.
fn play(part: &Part, copy: &Copy, all: &[Generated], mut wanted: Vec<&Generated>, resume: bool) -> Result<Vec<String>> {
    let switched = Switched::make(part, copy, all)?;
    let mut verdicts = Verdicts::open(part, &switched, resume)?;
    wanted.retain(|mutant| switched.numbers.contains(&mutant.n));
    println!("{}: {} mutants, {} of them switched", part.package, all.len(), switched.numbers.len());
    for (n, level) in part.levels.iter().enumerate() {
        let tests = switched.build(level.build)?;
        let begun = Instant::now();
        ensure!(!fails(&tests, level, 0, PATIENCE * A_LITTLE)?, "the tests fail although no mutant is on");
        let patience = PATIENCE * begun.elapsed() + A_LITTLE;
        let judges = fingerprint(&tests)?;
        let left: Vec<_> = wanted.iter().filter(|mutant| !verdicts.settles(mutant, n, judges)).collect();
        println!("{} {}: {} mutants", level.build.join(" "), level.tests.join(" "), left.len());
        let (next, verdicts) = (Mutex::new(left.into_iter()), Mutex::new(&mut verdicts));
        let judge = || -> Result<()> {
            loop {
                let Some(mutant) = next.lock().map_err(|_| anyhow!("another judge failed"))?.next() else {
                    return Ok(());
                };
                let noticed = fails(&tests, level, mutant.n, patience)?;
                verdicts.lock().map_err(|_| anyhow!("another judge failed"))?.note(mutant, n, judges, noticed)?;
            }
        };
        thread::scope(|scope| {
            let judges: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(judge)).collect();
            judges.into_iter().try_for_each(|judge| judge.join().map_err(|_| anyhow!("a judge panicked"))?)
        })?;
    }
    let last = part.levels.len() - 1;
    let survivors = wanted.iter().filter(|mutant| verdicts.has_passed(mutant, last));
    Ok(survivors.map(|mutant| without_place(&mutant.name)).collect())
}

/// Whether one of the tests fails, or does not end, while this mutant is on.
fn fails(tests: &[Built], level: &Level, mutant: usize, patience: Duration) -> Result<bool> {
    for test in tests {
        let mut command = Command::new(&test.path);
        command.current_dir(&test.directory).env("CARGO_MANIFEST_DIR", &test.directory);
        command.env(VARIABLE, mutant.to_string()).env_remove("RUST_BACKTRACE").arg("--quiet").args(level.tests);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).env_remove("LD_LIBRARY_PATH");
        if !wait(&mut command, patience)?.is_some_and(|status| status.success()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The copy with all mutants of a part behind switches. Dropped, the copy is sound again.
struct Switched<'c> {
    copy: &'c Copy,
    /// What stood in the files.
    sound: BTreeMap<PathBuf, String>,
    numbers: BTreeSet<usize>,
    /// Another one for other sources.
    mark: u64,
}

impl<'c> Switched<'c> {
    /// Takes out what does not compile, until all else does.
    fn make(part: &Part, copy: &'c Copy, all: &[Generated]) -> Result<Self> {
        let mut switched = Self { copy, sound: BTreeMap::new(), numbers: BTreeSet::new(), mark: 0 };
        let mut hash = DefaultHasher::new();
        let library = copy.root().join(part.package).join("src/lib.rs");
        let files = all.iter().map(|mutant| copy.root().join(&mutant.file));
        for file in files.chain([library.clone()]).collect::<BTreeSet<_>>() {
            let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
            (&file, &text).hash(&mut hash);
            switched.sound.insert(file, text);
        }
        switched.mark = hash.finish();
        let mut unfit = BTreeSet::new();
        for _ in 0..BUILDS {
            switched.numbers.clear();
            for (file, text) in &switched.sound {
                let here = |mutant: &&Generated| copy.root().join(&mutant.file) == *file && !unfit.contains(&mutant.n);
                let mutants: Vec<&Generated> = all.iter().filter(here).collect();
                let mut file_switched = switch(text, &mutants).with_context(|| file.display().to_string())?;
                if *file == library {
                    file_switched.text.push_str(MODULE);
                }
                switched.numbers.append(&mut file_switched.numbers);
                std::fs::write(file, file_switched.text)?;
            }
            let (_, errors) = switched.cargo("check", &["-p", part.package, "--lib"])?;
            if errors.is_empty() {
                return Ok(switched);
            }
            let found: BTreeSet<usize> = errors.iter().flat_map(|error| switched.blamed(error)).collect();
            ensure!(!found.is_empty(), "it does not compile, and no mutant is to blame:\n{}", errors[0]["rendered"]);
            unfit.extend(found);
        }
        bail!("it does not compile after {BUILDS} builds");
    }

    /// The mutants on the lines that an error of the compiler is about.
    fn blamed(&self, error: &Value) -> Vec<usize> {
        let mut numbers = Vec::new();
        for span in error["spans"].as_array().into_iter().flatten().filter(|span| span["is_primary"] == true) {
            let file = self.copy.root().join(span["file_name"].as_str().unwrap_or_default());
            let text = std::fs::read_to_string(file).unwrap_or_default();
            let line = |name: &str| span[name].as_u64().and_then(|line| usize::try_from(line).ok()).unwrap_or(1);
            // Arms that got a guard count no more: what is blamed is the match, and its arms stand below.
            let more = if error["code"]["code"] == "E0004" { 40 } else { 0 };
            let (first, last) = (line("line_start"), line("line_end") + more);
            let lines: String = text.lines().skip(first - 1).take(last + 1 - first).collect();
            let guarded = |n: &usize| more == 0 || lines.contains(&format!("if !crate::mutant::on({n})"));
            let before = numbers.len();
            numbers.extend(numbers_in(&lines).filter(guarded));
            if numbers.len() == before {
                // A function that returns `impl Trait`: the body is blamed, and the mutant that fixed the type stands above it.
                let above: Vec<&str> = text.lines().take(first - 1).collect();
                numbers.extend(above.iter().rev().take(3).flat_map(|line| numbers_in(line)));
            }
        }
        numbers
    }

    fn build(&self, arguments: &[&str]) -> Result<Vec<Built>> {
        let (messages, errors) = self.cargo("test", &[&["--no-run"], arguments].concat())?;
        ensure!(errors.is_empty(), "the tests do not compile:\n{}", errors[0]["rendered"]);
        Ok(executables(&messages).into_iter().filter(|built| built.test).collect())
    }

    /// What cargo says, and the errors in it.
    fn cargo(&self, task: &str, arguments: &[&str]) -> Result<(String, Vec<Value>)> {
        let mut cargo = self.copy.cargo(task);
        let ended = cargo.args(arguments).args(["--locked", "--message-format=json"]).output()?;
        let messages = String::from_utf8_lossy(&ended.stdout).into_owned();
        let errors: Vec<Value> = messages
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|message| message["reason"] == "compiler-message" && message["message"]["level"] == "error")
            .map(|mut message| message["message"].take())
            .filter(|error| error["spans"].as_array().is_some_and(|spans| !spans.is_empty()))
            .collect();
        let said = || String::from_utf8_lossy(&ended.stderr).into_owned();
        ensure!(ended.status.success() || !errors.is_empty(), "cargo {task} failed:\n{}", said());
        Ok((messages, errors))
    }
}

impl Drop for Switched<'_> {
    fn drop(&mut self) {
        for (file, text) in &self.sound {
            if let Err(error) = std::fs::write(file, text) {
                eprintln!("{} stays broken: {error}", file.display());
            }
        }
    }
}

/// Another one for other tests.
fn fingerprint(tests: &[Built]) -> Result<u64> {
    let mut hash = DefaultHasher::new();
    for test in tests {
        std::fs::read(&test.path)?.hash(&mut hash);
    }
    Ok(hash.finish())
}

/// What the tests of each level said of each mutant, kept in a file.
struct Verdicts {
    file: PathBuf,
    noticed: BTreeSet<String>,
    /// Which mutants these tests of this level let pass.
    passed: BTreeSet<(usize, u64, String)>,
}

impl Verdicts {
    fn open(part: &Part, switched: &Switched<'_>, resume: bool) -> Result<Self> {
        let file = scratch(&format!("generated-{}-{:016x}", part.package, switched.mark))?;
        if !resume {
            let _ = std::fs::remove_file(&file);
        }
        let mut verdicts = Self { noticed: BTreeSet::new(), passed: BTreeSet::new(), file };
        for line in std::fs::read_to_string(&verdicts.file).unwrap_or_default().lines() {
            let [level, judges, word, name] = line.splitn(4, '\t').collect::<Vec<_>>()[..] else { continue };
            let (Ok(level), Ok(judges)) = (level.parse(), u64::from_str_radix(judges, 16)) else { continue };
            verdicts.take(name, level, judges, word == "noticed");
        }
        Ok(verdicts)
    }

    fn take(&mut self, name: &str, level: usize, judges: u64, noticed: bool) {
        if noticed {
            self.noticed.insert(name.to_owned());
        } else {
            self.passed.insert((level, judges, name.to_owned()));
        }
    }

    /// These tests of this level need not run: they let it pass, or others have noticed it.
    fn settles(&self, mutant: &Generated, level: usize, judges: u64) -> bool {
        self.noticed.contains(&mutant.name) || self.passed.contains(&(level, judges, mutant.name.clone()))
    }

    /// No test of any level noticed it.
    fn has_passed(&self, mutant: &Generated, last: usize) -> bool {
        let passed = |(level, _, name): &(usize, u64, String)| *level == last && *name == mutant.name;
        !self.noticed.contains(&mutant.name) && self.passed.iter().any(passed)
    }

    fn note(&mut self, mutant: &Generated, level: usize, judges: u64, noticed: bool) -> Result<()> {
        self.take(&mutant.name, level, judges, noticed);
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(&self.file)?;
        let word = if noticed { "noticed" } else { "passed" };
        Ok(writeln!(file, "{level}\t{judges:016x}\t{word}\t{}", mutant.name)?)
    }
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
