//! What must notice a mutant: whole sales, or a test.

use core::fmt;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::Deserialize;

use super::copy::Copy;

/// What takes longer than this does not end by itself any more, where nobody knows how long it takes.
pub(super) const PATIENCE: Duration = Duration::from_secs(600);

/// The sweep or the exploration, to the first thing they find; or a test: what `cargo test` builds, and which of its tests run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(super) enum Notice {
    /// Of these stories, or of all.
    Sweep(Vec<String>),
    /// One of its worlds, or all that every build explores.
    Explore(Option<String>),
    Test {
        build: Vec<String>,
        filter: Vec<String>,
    },
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It failed, in its own words.
    Noticed(String),
    /// It ran so long, and found nothing.
    Passed(Duration),
}

impl TryFrom<String> for Notice {
    type Error = anyhow::Error;

    fn try_from(text: String) -> Result<Self> {
        let words = |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
        let (build, filter) = text.split_once(" -- ").unwrap_or((&text, ""));
        let (build, filter) = (words(build), words(filter));
        match build.as_slice() {
            [sweep, stories @ ..] if sweep == "sweep" => Ok(Self::Sweep(stories.to_vec())),
            [explore] if explore == "explore" => Ok(Self::Explore(None)),
            [explore, world] if explore == "explore" => Ok(Self::Explore(Some(world.clone()))),
            [p, _package, _target, ..] if p == "-p" && !text.ends_with("--") => Ok(Self::Test { build, filter }),
            _ => Err(anyhow!(
                "notice: `{text}` is none of `sweep [STORY]...`, `explore [WORLD]`, `-p PACKAGE TARGET [-- TESTS]`"
            )),
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sweep(stories) => {
                f.write_str("sweep")?;
                stories.iter().try_for_each(|story| write!(f, " {story}"))
            }
            Self::Explore(None) => f.write_str("explore"),
            Self::Explore(Some(world)) => write!(f, "explore {world}"),
            Self::Test { build, filter } if filter.is_empty() => f.write_str(&build.join(" ")),
            Self::Test { build, filter } => write!(f, "{} -- {}", build.join(" "), filter.join(" ")),
        }
    }
}

impl Notice {
    /// It plays whole sales, with their gateway and their goods.
    pub(super) const fn plays_sales(&self) -> bool {
        matches!(self, Self::Sweep(_) | Self::Explore(_))
    }

    /// Builds it in the copy and lets it run, each program of it for so long at the most.
    pub(super) fn ask(&self, copy: &Copy, patience: Duration) -> Result<Verdict> {
        match self {
            Self::Sweep(stories) => {
                let stories = stories.iter().flat_map(|story| ["--story", story.as_str()]);
                let arguments: Vec<&str> = ["--quick", "--stop"].into_iter().chain(stories).collect();
                program(copy, "sweep", &arguments, patience)
            }
            Self::Explore(world) => program(copy, "explore", world.as_deref().as_slice(), patience),
            Self::Test { build, filter } => test(copy, build, filter, patience),
        }
    }
}

/// A program of the package `tests`, which ends with 1 when it has found something, and says what: the sweep in a line that begins with
/// `FAILED`, and where to see it in the next; the exploration in its last one.
fn program(copy: &Copy, name: &str, arguments: &[&str], patience: Duration) -> Result<Verdict> {
    let build = ["-p", "tests", "--no-default-features", "--features", name, "--bin", name].map(str::to_owned);
    let built = copy.build("build", &build)?;
    let [program] = built.as_slice() else { bail!("cargo build made {} programs named {name}", built.len()) };
    let mut command = Command::new(&program.path);
    let ended = end(command.current_dir(&program.directory).args(arguments), patience)?;
    match ended.code {
        Some(0) => Ok(Verdict::Passed(ended.took)),
        Some(1) | None => {
            let failure = ended.said.lines().skip_while(|line| !line.starts_with("FAILED")).take(2);
            let failure = failure.map(str::trim).collect::<Vec<_>>().join(": ");
            Ok(Verdict::Noticed(if failure.is_empty() { ended.last() } else { failure }))
        }
        Some(code) => bail!("{name} ended with {code}:\n{}", ended.said),
    }
}

/// The tests of which there must be some.
fn test(copy: &Copy, build: &[String], filter: &[String], patience: Duration) -> Result<Verdict> {
    let built = copy.build("test", build)?;
    ensure!(!built.is_empty(), "cargo test {} builds nothing that runs", build.join(" "));
    let (mut some, mut took) = (false, Duration::ZERO);
    for tests in built {
        let mut command = Command::new(&tests.path);
        // As cargo runs them.
        command.current_dir(&tests.directory).env("CARGO_MANIFEST_DIR", &tests.directory);
        let ended = end(command.args(filter).env_remove("RUST_BACKTRACE"), patience)?;
        took += ended.took;
        some |= ended.said.lines().any(|line| line.starts_with("running ") && !line.starts_with("running 0 "));
        if ended.code != Some(0) {
            return Ok(Verdict::Noticed(ended.failed()));
        }
    }
    ensure!(some, "-- {}: no such test", filter.join(" "));
    Ok(Verdict::Passed(took))
}

pub(super) struct Ended {
    /// `None`: it was killed, by itself or because it did not end.
    pub(super) code: Option<i32>,
    said: String,
    took: Duration,
}

impl Ended {
    fn failed(&self) -> String {
        let failed: Vec<&str> =
            self.said.lines().filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED")).collect();
        match failed.as_slice() {
            [] => self.last(),
            [one] => (*one).to_owned(),
            [one, more @ ..] => format!("{one} and {} more", more.len()),
        }
    }

    fn last(&self) -> String {
        self.said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing").to_owned()
    }
}

/// Runs it until it ends, or is ended.
pub(super) fn end(command: &mut Command, patience: Duration) -> Result<Ended> {
    let log = super::copy::scratch("said")?;
    let output = std::fs::File::create(&log)?;
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).env_remove("LD_LIBRARY_PATH");
    let begun = Instant::now();
    let status = wait(command, patience)?;
    let mut said = String::from_utf8_lossy(&std::fs::read(&log)?).into_owned();
    if status.is_none() {
        said.push_str(&format!("\nit did not end in {} s", patience.as_secs()));
    }
    Ok(Ended { code: status.and_then(|status| status.code()), said, took: begun.elapsed() })
}

/// Runs it until it ends. `None`: it did not in this time, and was killed.
pub(super) fn wait(command: &mut Command, patience: Duration) -> Result<Option<ExitStatus>> {
    let mut child = command.spawn().with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let begun = Instant::now();
    while begun.elapsed() <= patience {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_read_and_told_alike() {
        for text in [
            "sweep",
            "sweep pays late",
            "explore",
            "explore create",
            "-p pay-core --lib -- sale::settle",
            "-p tests --test journal",
        ] {
            assert_eq!(Notice::try_from(text.to_owned()).unwrap().to_string(), text);
        }
        for text in ["", "swep", "-p pay-core", "-p pay-core -- x", "-p pay-core --lib --", "pay-core --lib -- x"] {
            assert!(Notice::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn the_tests_that_failed_are_named() {
        let ended = |said: &str| Ended { code: Some(101), said: said.to_owned(), took: Duration::ZERO };
        assert_eq!(ended("test a ... ok\ntest b::c ... FAILED\n").failed(), "b::c");
        assert_eq!(ended("test a ... FAILED\ntest b ... FAILED\n").failed(), "a and 1 more");
        assert_eq!(ended("boom\n\n").failed(), "boom");
    }
}
