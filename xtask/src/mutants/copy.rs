//! The copy of the tree that is broken, and what is built of it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::row::Mutant;
use crate::built::{Built, executables};
use crate::command::output;
use crate::workspace;

/// One copy and one directory of builds for all mutants, so that each takes little room and a short time.
pub(super) struct Copy {
    root: PathBuf,
    target: PathBuf,
    /// Locked: two runs would break each other's files.
    _lock: File,
}

impl Copy {
    /// Copies what git knows or would add. Files that are the same already stay, so that only what differs is built again; what
    /// is gone goes.
    pub(super) fn make() -> Result<Self> {
        let lock = File::create(scratch("lock")?)?;
        lock.try_lock().context("another run of mutants has the copy")?;
        let (root, target) = (workspace::target("mutants/tree"), workspace::target("mutants/target"));
        let copy = Self { root, target, _lock: lock };
        let mut list = Command::new("git");
        list.current_dir(workspace::root()).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let list = output(&mut list).context("mutants need git and a clone")?;
        let files: Vec<&str> = list.split('\0').filter(|file| !file.is_empty()).collect();
        for file in &files {
            let (from, to) = (workspace::root().join(file), copy.root.join(file));
            let Ok(content) = std::fs::read(&from) else {
                // Deleted, and still in the index.
                let _ = std::fs::remove_file(&to);
                continue;
            };
            if std::fs::read(&to).is_ok_and(|there| there == content) {
                continue;
            }
            std::fs::create_dir_all(to.parent().unwrap_or(Path::new("/")))?;
            std::fs::write(&to, content)?;
        }
        remove_all_but(&copy.root, &copy.root, &files)?;
        Ok(copy)
    }

    /// Where it lies.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Runs something in the copy while it is broken.
    pub(super) fn with<T>(&self, mutant: &Mutant, run: impl FnOnce() -> Result<T>) -> Result<T> {
        let (sound, broken) = mutant.apply(&self.root)?;
        let path = self.root.join(&mutant.file);
        std::fs::write(&path, broken)?;
        let result = run();
        std::fs::write(&path, sound)?;
        result
    }

    /// `cargo TASK` in the copy.
    pub(super) fn cargo(&self, task: &str) -> Command {
        let mut cargo = Command::new("cargo");
        cargo.current_dir(&self.root).arg(task);
        // Set by the `cargo run` that started this program.
        cargo.env_remove("LD_LIBRARY_PATH").env("CARGO_TARGET_DIR", &self.target);
        // Small, and fast to link.
        cargo.env("CARGO_PROFILE_DEV_DEBUG", "0");
        // A mutant may leave something unused.
        cargo.env("RUSTFLAGS", "--cap-lints=allow");
        cargo
    }

    /// `cargo build` or `cargo test --no-run`; the programs or the tests that it made.
    pub(super) fn build(&self, task: &str, arguments: &[String]) -> Result<Vec<Built>> {
        let mut cargo = self.cargo(task);
        cargo.args(arguments).args((task == "test").then_some("--no-run"));
        cargo.args(["--locked", "--message-format=json-render-diagnostics"]);
        let built = cargo.output().context("cannot start cargo")?;
        ensure!(built.status.success(), "it does not build:\n{}", String::from_utf8_lossy(&built.stderr));
        let mut made = executables(&String::from_utf8_lossy(&built.stdout));
        made.retain(|made| made.test == (task == "test"));
        Ok(made)
    }
}

/// A place for one file beside the copy.
pub(super) fn scratch(name: &str) -> Result<PathBuf> {
    let directory = workspace::target("mutants");
    std::fs::create_dir_all(&directory)?;
    Ok(directory.join(name))
}

fn remove_all_but(root: &Path, directory: &Path, files: &[&str]) -> Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_all_but(root, &path, files)?;
        } else if path.strip_prefix(root).is_ok_and(|name| !name.to_str().is_some_and(|name| files.contains(&name))) {
            std::fs::remove_file(&path)?;
        }
    }
    Ok(())
}
