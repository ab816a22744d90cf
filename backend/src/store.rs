//! The book on disk: a file that only grows, one event a line, each durable before anything follows from it.
//!
//! A file and no database: an event is a hundred bytes, a day of a busy shop a few hundred kilobytes, and a person can
//! read it. A line is a checksum and JSON; a last line that a power cut tore is dropped, a bad line before it is an error
//! that somebody has to look at.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::book::{Book, Entry, Event, What};
use crate::token::hex;

const FILE: &str = "orders.log";

/// The book and its file.
pub(crate) struct Store {
    book: Book,
    file: File,
    /// Bytes that are known to be whole lines on the disk.
    len: u64,
    /// What the disk holds is not known any more: nothing is written until somebody starts the program again.
    broken: bool,
}

impl Store {
    /// Opens the file in `dir`, making both if need be. One program at a time.
    ///
    /// # Errors
    /// When it cannot be read or written, another program has it, or a line that was whole is damaged.
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(dir.join(FILE))?;
        file.try_lock().map_err(|_| io::Error::other("another program has the file of orders open"))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let mut book = Book::default();
        let mut len = 0;
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').enumerate().peekable();
        while let Some((at, line)) = lines.next() {
            let event = read(line);
            if event.is_none() && lines.peek().is_none() {
                break;
            }
            let damaged = || io::Error::other(format!("line {} of the file of orders is damaged", at + 1));
            book.apply(&event.ok_or_else(damaged)?).ok_or_else(damaged)?;
            len += line.len() as u64;
        }
        file.set_len(len)?;
        file.sync_all()?;
        if cfg!(unix) {
            // So that the file itself is still there after a power cut.
            File::open(dir)?.sync_all()?;
        }
        Ok(Self { book, file, len, broken: false })
    }

    pub(crate) fn book(&self) -> &Book {
        &self.book
    }

    pub(crate) fn entry(&self, order: &str) -> Option<&Entry> {
        self.book.entry(order)
    }

    /// Keeps an event: on the disk, then in the book.
    ///
    /// # Errors
    /// When it could not be made durable; it did not happen then.
    pub(crate) fn keep(&mut self, order: &str, what: What) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other("the file of orders could not be written before"));
        }
        let event = Event { order: order.to_owned(), what };
        let line = write(&event)?;
        self.append(&line).inspect_err(|_| self.broken = true)?;
        self.len += line.len() as u64;
        self.book.apply(&event).ok_or_else(|| io::Error::other("the event does not fit the book"))
    }

    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.len))?;
        self.file.write_all(line)?;
        self.file.sync_data()
    }
}

impl Drop for Store {
    /// A program that this one has just started may still have a copy of the file's handle, and the lock with it.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

fn write(event: &Event) -> io::Result<Vec<u8>> {
    let json = serde_json::to_vec(event)?;
    Ok([checksum(&json).as_bytes(), b" ", &json, b"\n"].concat())
}

fn read(line: &[u8]) -> Option<Event> {
    let line = line.strip_suffix(b"\n")?;
    let (sum, json) = line.split_at_checked(8)?;
    let json = json.strip_prefix(b" ")?;
    if checksum(json).as_bytes() != sum {
        return None;
    }
    serde_json::from_slice(json).ok()
}

fn checksum(json: &[u8]) -> String {
    hex(&Sha256::digest(json)[..4])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dir(name: &str) -> std::path::PathBuf {
        let dir = std::env::temp_dir().join(format!("backend-store-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        dir
    }

    fn wanted() -> What {
        What::Wanted { owner: "ab".repeat(32), amount: 1015 }
    }

    // Mutant: not cutting the torn line off (`set_len` left out) makes the next event a part of a damaged line.
    #[test]
    fn a_torn_last_line_is_dropped_at_every_length() {
        let dir = dir("torn");
        let mut store = Store::open(&dir).unwrap();
        store.keep("abc", wanted()).unwrap();
        let whole = fs::read(dir.join(FILE)).unwrap();
        store.keep("abc", What::Reported { released: false }).unwrap();
        let both = fs::read(dir.join(FILE)).unwrap();
        drop(store);
        for cut in whole.len()..both.len() {
            fs::write(dir.join(FILE), &both[..cut]).unwrap();
            let mut store = Store::open(&dir).unwrap();
            assert_eq!(store.entry("abc").unwrap().released, None, "{cut}");
            store.keep("abc", What::Closing).unwrap();
            drop(store);
            assert!(Store::open(&dir).unwrap().entry("abc").unwrap().closing, "{cut}");
        }
        fs::remove_dir_all(dir).unwrap();
    }

    // Mutant: skipping every line that cannot be read forgets a report in the middle of the file.
    #[test]
    fn damage_before_the_end_is_an_error() {
        let dir = dir("damaged");
        let mut store = Store::open(&dir).unwrap();
        for order in ["abc", "def"] {
            store.keep(order, wanted()).unwrap();
        }
        assert!(Store::open(&dir).is_err(), "two programs on one file");
        drop(store);
        let mut bytes = fs::read(dir.join(FILE)).unwrap();
        bytes[20] ^= 1;
        fs::write(dir.join(FILE), bytes).unwrap();
        assert!(Store::open(&dir).is_err());
        fs::remove_dir_all(dir).unwrap();
    }
}
