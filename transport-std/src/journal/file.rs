//! The file that a journal is in: made whole or not at all, looked at before it is touched.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use redb::backends::FileBackend;

use super::closed::{self, Closed};
use super::memory::Memory;
use super::{Entry, FileJournal, JournalError, merged};

/// How long another process may take to be done with it.
const PATIENCE: Duration = Duration::from_millis(500);

/// Opens it, or makes it first.
pub(super) fn open(path: &Path) -> Result<FileJournal, JournalError> {
    let start = Instant::now();
    loop {
        match try_open(path) {
            Err(JournalError::InUse) if start.elapsed() < PATIENCE => thread::sleep(PATIENCE / 50),
            opened => return opened,
        }
    }
}

fn try_open(path: &Path) -> Result<FileJournal, JournalError> {
    make_if_missing(path)?;
    // The second file is found again whatever the current directory is then, and however this one was named.
    let path = &fs::canonicalize(path)?;
    let mut file = options().open(path)?;
    lock(&file)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    rehearse(bytes)?;
    // The database takes locks of its own.
    file.unlock()?;
    let mut journal = FileJournal::on(FileBackend::new(file)?, false)?;
    if closed::is_closed(&journal.read()?)? {
        return Err(JournalError::Damaged("it has the closed sales of another journal: open that one".to_owned()));
    }
    let second = closed::path(path);
    if closed::take(&mut journal, &second).is_err() {
        // They stay here, and what is wrong with that file, whoever asks it says. A database whose write failed is opened anew.
        drop(journal);
        journal = FileJournal::on(FileBackend::new(options().open(path)?)?, false)?;
    }
    journal.closed = Arc::new(Closed::beside(&journal, second)?);
    Ok(journal)
}

/// Opens it for changes once each page is checked, for who holds the journal beside it.
pub(super) fn open_checked(path: &Path) -> Result<FileJournal, JournalError> {
    FileJournal::on(FileBackend::new(options().open(path)?)?, true)
}

/// Makes an empty one, unless something is there.
pub(super) fn make_if_missing(path: &Path) -> Result<(), JournalError> {
    match fs::metadata(path) {
        Ok(found) if found.len() > 0 => Ok(()),
        Ok(_) => make(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path),
        Err(error) => Err(error.into()),
    }
}

/// What is in the journal, whoever has it open. Sales that are over may have been moved in between: they are looked for last.
pub(super) fn peek(path: &Path) -> Result<Vec<Entry>, JournalError> {
    let here = peek_one(path)?;
    // Named as the journal's owner finds it.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    Ok(merged(peek_one(&closed::path(&path))?, here))
}

/// What is in the file. While somebody writes, a copy may be torn: it counts once two in a row are the same, and
/// one that cannot be read is taken again.
fn peek_one(path: &Path) -> Result<Vec<Entry>, JournalError> {
    let start = Instant::now();
    loop {
        let first = match fs::read(path) {
            Ok(bytes) if bytes.is_empty() => return Ok(Vec::new()),
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            // ERROR_LOCK_VIOLATION.
            Err(error) if cfg!(windows) && error.raw_os_error() == Some(33) => return Err(JournalError::InUse),
            Err(error) => return Err(error.into()),
        };
        let is_whole = fs::read(path)? == first;
        let is_late = start.elapsed() >= PATIENCE;
        if is_whole || is_late {
            match copied(first) {
                Err(JournalError::Damaged(_)) if !is_late => {}
                result => return result,
            }
        }
        thread::sleep(PATIENCE / 50);
    }
}

/// An empty journal appears under its name whole, or not at all: a database that was cut off while it was made cannot be
/// told from a damaged one.
fn make(path: &Path) -> Result<(), JournalError> {
    let mut name = path.file_name().map_or_else(OsString::new, OsString::from);
    name.push(".new");
    let new = path.with_file_name(name);
    let mut file = options().create(true).truncate(false).open(&new)?;
    lock(&file)?;
    if fs::metadata(path).is_ok_and(|found| found.len() > 0) {
        // Another process was faster; and what was opened here is its journal by now, or a rest of one.
        return Ok(());
    }
    let memory = Memory::default();
    drop(FileJournal::on(memory.clone(), false)?);
    file.set_len(0)?;
    file.write_all(&memory.bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    // The name, too, must outlast a power cut.
    #[cfg(unix)]
    {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(parent)?.sync_all()?;
    }
    Ok(())
}

/// Opens a copy in memory, with all that this may repair, and looks at every page's checksum: a file that is damaged is
/// found before anything is written to it.
pub(super) fn rehearse(bytes: Vec<u8>) -> Result<(), JournalError> {
    copied(bytes).map(drop)
}

/// What a copy in memory has.
fn copied(bytes: Vec<u8>) -> Result<Vec<Entry>, JournalError> {
    let opened = catch_unwind(AssertUnwindSafe(|| FileJournal::on(Memory::new(bytes), true)?.entries(false)));
    match opened {
        // Of a copy in memory: its pages point past its end.
        Ok(Err(JournalError::Io(error))) => Err(JournalError::Damaged(error.to_string())),
        Ok(result) => result,
        // Debug builds of the database panic where release builds say what is wrong.
        Err(_) => Err(JournalError::Damaged("it cannot be read".to_owned())),
    }
}

/// One process at a time. Where files cannot be locked, the database decides.
fn lock(file: &File) -> Result<(), JournalError> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse),
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
