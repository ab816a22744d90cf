//! The book on disk: a file that only grows, one event a line, each durable before anything follows from it.
//!
//! A file and no database: an event is a hundred bytes, a day of a busy shop a few hundred kilobytes, and a person can
//! read it. A line is a checksum and JSON; a last line that a power cut tore is dropped, a bad line before it is an error
//! that somebody has to look at.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use pay_core::model::OrderId;
use pay_core::sale::Millis;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::book::{Book, Effect, Entry, Event, Matter, Moment, Old, Owner, Terms};
use crate::token::hex;

const FILE: &str = "orders.log";
/// What people say: see [`add_word`].
const WORDS: &str = "words.log";
/// The form of the lines that are written.
const FORM: u8 = 2;

/// The book and its file.
pub(crate) struct Store {
    book: Book,
    file: File,
    words: PathBuf,
    /// So many lines of `words` are in the book.
    words_taken: usize,
    /// Bytes that are known to be whole lines on the disk.
    len: u64,
    /// What the disk holds is not known any more: nothing is written until somebody starts the program again.
    broken: bool,
}

/// A line of the second form: one of these.
#[derive(Serialize, Deserialize)]
struct Line {
    v: u8,
    #[serde(flatten)]
    what: What,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum What {
    Wanted { order: String, wanted: String, amount: u64 },
    Event { order: String, what: Event },
    Epoch { device: String, epoch: u64 },
}

/// A line of the first form.
#[derive(Deserialize)]
struct OldLine {
    order: String,
    #[serde(flatten)]
    what: Old,
}

/// What a person says of a matter.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Word {
    pub(crate) order: String,
    matter: String,
    who: String,
    why: String,
}

/// Says that a person's duty is done, or with `look` that an order is to be looked at again. A running backend hears it within
/// seconds.
///
/// # Errors
/// When the file cannot be written.
pub fn add_word(dir: &Path, order: &str, matter: &str, who: &str, why: &str) -> io::Result<()> {
    let word = Word { order: order.into(), matter: matter.into(), who: who.into(), why: why.into() };
    let mut line = serde_json::to_vec(&word)?;
    line.push(b'\n');
    let mut file = OpenOptions::new().create(true).append(true).open(dir.join(WORDS))?;
    file.write_all(&line)?;
    file.sync_all()
}

/// What people have to do by now: order, name, what it is. Only reads: a running backend goes on.
///
/// # Errors
/// When the files cannot be read.
pub fn listed(dir: &Path, terms: Terms, now: Moment) -> io::Result<Vec<(String, Matter)>> {
    let (mut book, _, taken) = load(&fs::read(dir.join(FILE))?)?;
    for word in words(&dir.join(WORDS), taken)? {
        if let Ok(order) = OrderId::parse(&word.order) {
            book.on(&order, &word.event(now));
        }
    }
    Ok(book.matters(terms, Millis(now.0)).map(|(order, matter)| (order.to_string(), matter)).collect())
}

impl Word {
    pub(crate) fn event(self, at: Moment) -> Event {
        Event::Person { at, matter: self.matter, who: self.who, why: self.why }
    }
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
        let (book, len, words_taken) = load(&bytes)?;
        file.set_len(len)?;
        file.sync_all()?;
        if cfg!(unix) {
            // So that the file itself is still there after a power cut.
            File::open(dir)?.sync_all()?;
        }
        Ok(Self { book, file, words: dir.join(WORDS), words_taken, len, broken: false })
    }

    pub(crate) fn book(&self) -> &Book {
        &self.book
    }

    pub(crate) fn entry(&self, order: &OrderId) -> Option<&Entry> {
        self.book.entry(order)
    }

    /// Keeps that a device wants an order.
    ///
    /// # Errors
    /// When it could not be made durable; it did not happen then.
    pub(crate) fn want(&mut self, order: &OrderId, owner: Owner, amount: u64) -> io::Result<()> {
        self.append(What::Wanted { order: order.to_string(), wanted: owner.to_string(), amount })?;
        self.book.want(order.clone(), owner, amount);
        Ok(())
    }

    /// Keeps an event if it is news: on the disk, then in the book. `None`: there is no such order.
    ///
    /// # Errors
    /// When it could not be made durable; it did not happen then.
    pub(crate) fn on(&mut self, order: &OrderId, event: &Event) -> io::Result<Option<Effect>> {
        let Some((next, effect)) = self.book.after(order, event) else { return Ok(None) };
        let is_word = matches!(event, Event::Person { .. });
        if is_word || matches!(effect, Effect::News { .. }) {
            self.append(What::Event { order: order.to_string(), what: event.clone() })?;
        }
        self.words_taken += usize::from(is_word);
        self.book.put(next);
        Ok(Some(effect))
    }

    /// Keeps that a device begins a new life; its epoch.
    ///
    /// # Errors
    /// When it could not be made durable; it did not happen then.
    pub(crate) fn raise_epoch(&mut self, owner: Owner) -> io::Result<u64> {
        let epoch = self.book.epoch(&owner).saturating_add(1);
        self.append(What::Epoch { device: owner.to_string(), epoch })?;
        self.book.raise_epoch(owner, epoch);
        Ok(epoch)
    }

    /// What people said since the last time.
    pub(crate) fn new_words(&self) -> Vec<Word> {
        words(&self.words, self.words_taken).unwrap_or_default()
    }

    fn append(&mut self, what: What) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other("the file of orders could not be written before"));
        }
        let json = serde_json::to_vec(&Line { v: FORM, what })?;
        let line = [checksum(&json).as_bytes(), b" ", &json, b"\n"].concat();
        self.write(&line).inspect_err(|_| self.broken = true)?;
        self.len += line.len() as u64;
        Ok(())
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.len))?;
        self.file.write_all(line)?;
        self.file.sync_data()
    }
}

/// The book of these lines, the bytes that are whole lines, and how many words of people are among them.
fn load(bytes: &[u8]) -> io::Result<(Book, u64, usize)> {
    let (mut book, mut len, mut taken) = (Book::default(), 0, 0);
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').enumerate().peekable();
    while let Some((at, line)) = lines.next() {
        let json = checked(line);
        if json.is_none() && lines.peek().is_none() {
            break;
        }
        let damaged = || io::Error::other(format!("line {} of the file of orders is damaged", at + 1));
        taken += usize::from(take(&mut book, json.ok_or_else(damaged)?).ok_or_else(damaged)?);
        len += line.len() as u64;
    }
    Ok((book, len, taken))
}

/// Puts a line in the book; whether it is a person's word. `None`: it fits nothing here.
fn take(book: &mut Book, json: &[u8]) -> Option<bool> {
    let Ok(line) = serde_json::from_slice::<Line>(json) else {
        let old: OldLine = serde_json::from_slice(json).ok()?;
        return book.on_old(&OrderId::parse(&old.order).ok()?, &old.what).then_some(false);
    };
    if line.v != FORM {
        return None;
    }
    match line.what {
        What::Wanted { order, wanted, amount } => {
            book.want(OrderId::parse(&order).ok()?, Owner::parse(&wanted)?, amount).then_some(false)
        }
        What::Event { order, what } => {
            book.on(&OrderId::parse(&order).ok()?, &what)?;
            Some(matches!(what, Event::Person { .. }))
        }
        What::Epoch { device, epoch } => {
            book.raise_epoch(Owner::parse(&device)?, epoch);
            Some(false)
        }
    }
}

/// The words after so many; a line that cannot be read ends them.
fn words(path: &Path, after: usize) -> io::Result<Vec<Word>> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        text => text?,
    };
    Ok(text.lines().skip(after).map_while(|line| serde_json::from_str(line).ok()).collect())
}

impl Drop for Store {
    /// A program that this one has just started may still have a copy of the file's handle, and the lock with it.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

fn checked(line: &[u8]) -> Option<&[u8]> {
    let line = line.strip_suffix(b"\n")?;
    let (sum, json) = line.split_at_checked(8)?;
    let json = json.strip_prefix(b" ")?;
    (checksum(json).as_bytes() == sum).then_some(json)
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

    fn order() -> OrderId {
        OrderId::parse("abc").unwrap()
    }

    fn want(store: &mut Store, order: &str) {
        store.want(&OrderId::parse(order).unwrap(), Owner::new([7; 32]), 1015).unwrap();
    }

    // Mutant: the next event written behind the torn line and not over it.
    #[test]
    fn a_torn_last_line_is_dropped_at_every_length() {
        let dir = dir("torn");
        let mut store = Store::open(&dir).unwrap();
        want(&mut store, "abc");
        let whole = fs::read(dir.join(FILE)).unwrap();
        store.on(&order(), &Event::Reported { at: Moment(1), released: false, payment: None }).unwrap();
        let both = fs::read(dir.join(FILE)).unwrap();
        drop(store);
        for cut in whole.len()..both.len() {
            fs::write(dir.join(FILE), &both[..cut]).unwrap();
            let mut store = Store::open(&dir).unwrap();
            assert_eq!(store.entry(&order()).unwrap().released(), None, "{cut}");
            store.on(&order(), &Event::Made { at: Moment(1) }).unwrap();
            drop(store);
            assert!(Store::open(&dir).unwrap().entry(&order()).unwrap().is_made(), "{cut}");
        }
        fs::remove_dir_all(dir).unwrap();
    }

    // Mutants: skipping every line that cannot be read forgets a report in the middle of the file; the checksum not compared.
    #[test]
    fn damage_before_the_end_is_an_error() {
        let dir = dir("damaged");
        let mut store = Store::open(&dir).unwrap();
        for order in ["abc", "def"] {
            want(&mut store, order);
        }
        assert!(Store::open(&dir).is_err(), "two programs on one file");
        drop(store);
        let bytes = fs::read(dir.join(FILE)).unwrap();
        let line = bytes.iter().position(|byte| *byte == b'\n').unwrap();
        for at in 0..line {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            fs::write(dir.join(FILE), damaged).unwrap();
            assert!(Store::open(&dir).is_err(), "{at}");
        }
        fs::remove_dir_all(dir).unwrap();
    }

    // P4. Mutant: an event that could not be written, in the book all the same.
    #[test]
    fn what_cannot_be_written_did_not_happen() {
        let dir = dir("full");
        let mut store = Store::open(&dir).unwrap();
        want(&mut store, "abc");
        // As a disk that takes nothing more.
        store.file = File::open(dir.join(FILE)).unwrap();
        let report = Event::Reported { at: Moment(1), released: true, payment: None };
        assert!(store.on(&order(), &report).is_err());
        assert_eq!(store.entry(&order()).unwrap().released(), None);
        assert!(store.on(&order(), &report).is_err(), "nor later");
        fs::remove_dir_all(dir).unwrap();
    }

    // Meant to notice: old lines refused; a person's word taken twice after a restart; epochs not kept.
    #[test]
    fn old_lines_are_read_and_words_are_taken_once() {
        let dir = dir("old");
        fs::create_dir_all(&dir).unwrap();
        let owner = "ab".repeat(32);
        let old = [
            format!(r#"{{"order":"abc","event":"wanted","owner":"{owner}","amount":1015}}"#),
            r#"{"order":"abc","event":"made"}"#.to_owned(),
            r#"{"order":"abc","event":"reported","released":true}"#.to_owned(),
        ];
        let text: String = old.iter().map(|json| format!("{} {json}\n", checksum(json.as_bytes()))).collect();
        fs::write(dir.join(FILE), text).unwrap();
        let mut store = Store::open(&dir).unwrap();
        assert_eq!(store.entry(&order()).unwrap().released(), Some(true));
        assert_eq!(store.raise_epoch(Owner::new([7; 32])).unwrap(), 1);
        add_word(&dir, "abc", "unreported", "asha", "seen").unwrap();
        for word in store.new_words() {
            store.on(&order(), &word.event(Moment(5))).unwrap();
        }
        assert!(store.new_words().is_empty());
        drop(store);
        let store = Store::open(&dir).unwrap();
        assert!(store.new_words().is_empty());
        assert_eq!(store.book().epoch(&Owner::new([7; 32])), 1);
        fs::remove_dir_all(dir).unwrap();
    }
}
