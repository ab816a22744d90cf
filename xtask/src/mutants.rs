//! `cargo xtask mutants`: breaks a copy of the tree in each named way, and shows that something notices.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::command::output;
use crate::workspace;

#[derive(clap::Args, Default)]
pub(crate) struct Arguments {
    /// Only those whose file name contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

/// One way to break it: `tests/mutants/NN-name.patch`, whose first line is `# WHAT [CHECK]`. The check is `sweep`, or the
/// arguments of the `cargo test` that must fail.
struct Mutant {
    name: String,
    patch: PathBuf,
    what: String,
    test: Option<String>,
}

/// Applies each mutant to the copy, builds it, and lets its check run. Fails if one survives, or does not apply or build.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mutants = mutants()?;
    let wanted = |mutant: &&Mutant| arguments.only.as_ref().is_none_or(|text| mutant.name.contains(text));
    let tree = Tree::copy()?;
    println!("unchanged: the reduced sweep must find nothing");
    let sound = tree.sweep()?;
    ensure!(sound.status.success(), "the reduced sweep fails without a mutant:\n{}", text(&sound));
    let tests: BTreeSet<&String> = mutants.iter().filter(wanted).filter_map(|mutant| mutant.test.as_ref()).collect();
    for test in tests {
        println!("unchanged: cargo test {test} must pass");
        ensure!(tree.passes(test)?, "cargo test {test} fails without a mutant");
    }
    let mut survivors = Vec::new();
    for mutant in mutants.iter().filter(wanted) {
        let begun = Instant::now();
        let caught = tree.with(mutant, || tree.check(mutant)).with_context(|| mutant.name.clone())?;
        let found = caught.as_deref().unwrap_or("SURVIVES");
        println!("{:<34} {:>3} s  {}\n{:<41}  {found}", mutant.name, begun.elapsed().as_secs(), mutant.what, "");
        if caught.is_none() {
            survivors.push(mutant.name.as_str());
        }
    }
    ensure!(survivors.is_empty(), "nothing notices {}", survivors.join(", "));
    println!("mutants: {} applied, all of them caught", mutants.iter().filter(wanted).count());
    Ok(())
}

/// The mutants, by their numbers.
fn mutants() -> Result<Vec<Mutant>> {
    let directory = workspace::root().join("tests/mutants");
    let mut patches = Vec::new();
    for entry in std::fs::read_dir(&directory).with_context(|| directory.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "patch") {
            patches.push(path);
        }
    }
    patches.sort();
    patches.into_iter().map(Mutant::read).collect()
}

impl Mutant {
    fn read(patch: PathBuf) -> Result<Self> {
        let name = patch.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let patch = std::path::absolute(patch)?;
        let content = std::fs::read_to_string(&patch)?;
        let line = content.lines().next().unwrap_or_default();
        let parts = line.strip_prefix("# ").and_then(|line| line.strip_suffix(']')?.rsplit_once(" ["));
        let (what, check) = parts.with_context(|| format!("{name}: the first line is not `# WHAT [CHECK]`"))?;
        let test = (check != "sweep").then(|| check.to_owned());
        Ok(Self { what: what.to_owned(), test, name, patch })
    }
}

/// The copy, and a directory for what is built of it.
struct Tree {
    root: PathBuf,
    target: PathBuf,
}

impl Tree {
    /// Copies what git knows or would add. Files that are the same already stay, so that only what differs is built again.
    fn copy() -> Result<Self> {
        let tree = Self { root: workspace::target("mutants/tree"), target: workspace::target("mutants/target") };
        let mut list = Command::new("git");
        list.current_dir(workspace::root()).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let list = output(&mut list).context("mutants need git and a clone")?;
        for file in list.split('\0').filter(|file| !file.is_empty()) {
            let (from, to) = (workspace::root().join(file), tree.root.join(file));
            // A file that was deleted and is still in the index.
            let Ok(content) = std::fs::read(&from) else { continue };
            if std::fs::read(&to).is_ok_and(|there| there == content) {
                continue;
            }
            std::fs::create_dir_all(to.parent().unwrap_or(Path::new("/")))?;
            std::fs::write(&to, content)?;
        }
        Ok(tree)
    }

    /// Runs something in the copy while it is broken.
    fn with<T>(&self, mutant: &Mutant, run: impl FnOnce() -> Result<T>) -> Result<T> {
        self.apply(mutant, &[])?;
        let result = run();
        self.apply(mutant, &["--reverse"])?;
        result
    }

    fn apply(&self, mutant: &Mutant, how: &[&str]) -> Result<()> {
        let mut apply = Command::new("git");
        // The copy lies in a directory of the repository, and is none of its business.
        apply.env("GIT_CEILING_DIRECTORIES", self.root.parent().unwrap_or(&self.root));
        let done = apply.current_dir(&self.root).arg("apply").args(how).arg(&mutant.patch).output()?;
        ensure!(done.status.success(), "the patch does not apply: {}", String::from_utf8_lossy(&done.stderr));
        Ok(())
    }

    /// What noticed the mutant, and how. `None`: nothing did.
    fn check(&self, mutant: &Mutant) -> Result<Option<String>> {
        if let Some(test) = &mutant.test {
            return Ok((!self.passes(test)?).then(|| format!("cargo test {test}")));
        }
        let swept = self.sweep()?;
        if swept.status.success() {
            return Ok(None);
        }
        let said = text(&swept);
        let failure = said.lines().skip_while(|line| !line.starts_with("FAILED")).take(2);
        Ok(Some(failure.map(str::trim).collect::<Vec<_>>().join(": ")))
    }

    /// Whether the tests pass, of which there must be some.
    fn passes(&self, test: &str) -> Result<bool> {
        let words: Vec<&str> = test.split(' ').collect();
        let built = self.cargo("test", &words).arg("--no-run").output()?;
        ensure!(built.status.success(), "it does not build:\n{}", text(&built));
        let ran = self.cargo("test", &words).output()?;
        let said = text(&ran);
        let some = said.lines().any(|line| line.starts_with("running ") && !line.starts_with("running 0 "));
        ensure!(some, "cargo test {test} runs no test");
        Ok(ran.status.success())
    }

    /// The reduced sweep, to the first thing it finds.
    fn sweep(&self) -> Result<Output> {
        let features = ["-p", "tests", "--features", "sweep", "--bin", "sweep"];
        let built = self.cargo("build", &features).output()?;
        ensure!(built.status.success(), "it does not build:\n{}", text(&built));
        let swept = Command::new(self.target.join("release/sweep")).args(["--quick", "--stop"]).output()?;
        match swept.status.code() {
            Some(0 | 1) => Ok(swept),
            _ => bail!("the sweep ended with {}:\n{}", swept.status, text(&swept)),
        }
    }

    /// Built for speed of building: each mutant is built once and runs for seconds.
    fn cargo(&self, task: &str, arguments: &[&str]) -> Command {
        let mut cargo = Command::new("cargo");
        cargo.current_dir(&self.root).args([task, "--release", "--locked"]).args(arguments);
        cargo.env_remove("LD_LIBRARY_PATH").env("CARGO_TARGET_DIR", &self.target);
        cargo.env("CARGO_PROFILE_RELEASE_INCREMENTAL", "true").env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1");
        cargo
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
