//! The file itself: who may open it, who may read it, what it was like when it was made by an earlier version.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, thread};

use pay_core::drive::journal::blocking::Journal as _;

use super::super::{FileJournal, JournalError};
use super::sale::record;

/// A directory for a test's files.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let directory = env::temp_dir().join(format!("transport-std-{}-{count}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        Self(directory)
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn it_is_there_again() {
    let scratch = Scratch::new();
    let path = scratch.file("journal.redb");
    for number in 0..3 {
        let mut journal = FileJournal::open(&path).unwrap();
        assert_eq!(journal.entries(false).unwrap().len(), usize::try_from(number).unwrap());
        journal.store(&record(&format!("order-{number}"), number)).unwrap();
    }
    // Nothing lies beside it, and a file of no length is no journal yet.
    assert_eq!(fs::read_dir(&scratch.0).unwrap().count(), 1);
    let path = scratch.file("empty.redb");
    fs::write(&path, b"").unwrap();
    FileJournal::open(&path).unwrap();
}

#[test]
#[cfg(unix)]
fn nobody_else_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new();
    let path = scratch.file("journal.redb");
    drop(FileJournal::open(&path).unwrap());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_journal_that_was_cut_off_while_it_was_made_is_made_anew() {
    let scratch = Scratch::new();
    let path = scratch.file("journal.redb");
    fs::write(scratch.file("journal.redb.new"), [0; 70_000]).unwrap();
    FileJournal::open(&path).unwrap().store(&record("order-1", 1)).unwrap();
    assert_eq!(FileJournal::open(&path).unwrap().entries(true).unwrap().len(), 1);
}

#[test]
fn what_cannot_be_opened_says_so() {
    let scratch = Scratch::new();
    assert!(matches!(FileJournal::open(scratch.file("nowhere/journal.redb")), Err(JournalError::Io(_))));
    assert!(matches!(FileJournal::open(&scratch.0), Err(JournalError::Io(_))));
}

/// Run by the test below, as another process.
#[test]
fn second_process() {
    let Some(path) = env::var_os("SECOND_PROCESS_JOURNAL") else { return };
    assert!(matches!(FileJournal::open(path), Err(JournalError::InUse)));
}

/// Mutant: a storage without locks (`Memory`) in place of `FileBackend`.
#[test]
fn one_process_at_a_time() {
    let scratch = Scratch::new();
    let path = scratch.file("journal.redb");
    let journal = FileJournal::open(&path).unwrap();
    let again = FileJournal::open(&path).unwrap_err();
    assert!(matches!(again, JournalError::InUse), "{again}");
    assert_eq!(again.to_string(), "another process is using the journal");
    let status = Command::new(env::current_exe().unwrap())
        .args(["--exact", "journal::tests::files::second_process", "--quiet"])
        .env("SECOND_PROCESS_JOURNAL", &path)
        .status()
        .unwrap();
    assert!(status.success());
    drop(journal);
    FileJournal::open(&path).unwrap();
}

#[test]
fn many_begin_at_once_and_one_is_first() {
    let scratch = Scratch::new();
    for round in 0..20 {
        let path = scratch.file(&format!("{round}.redb"));
        let stored: Vec<_> = thread::scope(|scope| {
            let begin = |number: u32| {
                let path = &path;
                scope.spawn(move || match FileJournal::open(path) {
                    Ok(mut journal) => journal.store(&record(&format!("order-{number}"), number)).is_ok(),
                    Err(JournalError::InUse) => false,
                    Err(error) => panic!("{error}"),
                })
            };
            let threads: Vec<_> = (0..6).map(begin).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let there = FileJournal::open(&path).unwrap().entries(true).unwrap().len();
        assert_eq!(there, stored.into_iter().filter(|stored| *stored).count());
    }
}

/// Made by the first version that had journals; the database's own format has a version, too. To be read for ever.
#[test]
fn journals_of_the_first_version_are_read() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/journal/layout-1.redb");
    let scratch = Scratch::new();
    let path = scratch.file("journal.redb");
    fs::copy(&golden, &path).unwrap();
    let mut journal = FileJournal::open(&path).unwrap();
    let entries = journal.entries(true).unwrap();
    assert_eq!(entries.len(), 3);
    for (number, entry) in (0..).zip(entries) {
        let (found, like) = (entry.record.unwrap(), record(&format!("order-{number}"), number));
        // Field by field: what later versions add is not in it.
        assert_eq!((&found.order_id, found.seq, found.amount), (&like.order_id, 1, like.amount));
        assert_eq!((&found.stage, found.created), (&like.stage, like.created));
        let (attempt, expected) = (found.attempts().next().unwrap(), like.attempts().next().unwrap());
        assert_eq!((&attempt.key, attempt.digest, &attempt.state), (&expected.key, expected.digest, &expected.state));
    }
    journal.store(&record("order-3", 3)).unwrap();
}
