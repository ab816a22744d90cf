//! Sales that are over, in a file of their own beside the journal's, with the same tables. A start reads none of it, so it is as quick
//! after years as on the first day.

use std::ffi::OsString;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use pay_core::model::OrderId;
use pay_core::sale::Record;
use redb::{
    Builder, ReadOnlyDatabase, ReadTransaction, ReadableDatabase as _, ReadableTable as _, ReadableTableMetadata as _,
};

use super::{Entry, FileJournal, JournalError, KEYS, LAYOUT, RECORDS, decode, entries, file, is_laid_out};

/// So many may lie in the journal itself, which is read whole at each start.
const MOST: u64 = 100;
/// After so many the journal's file is made smaller.
const MANY: usize = 1_000;

/// The name in the table of the layout that this file alone has.
const ROLE: &str = "closed";
/// Which two files belong together, and how often sales were moved, under these names in both.
const PAIR: &str = "pair";
const MOVES: &str = "moves";

/// What two files have in common that belong together. The second is written first: it may be one move ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pair {
    id: u32,
    moves: u32,
}

impl Pair {
    /// `None`: nothing was ever moved.
    fn of(reading: &ReadTransaction) -> Result<Option<Self>, JournalError> {
        let layout = reading.open_table(LAYOUT)?;
        let number = |name| Ok::<_, JournalError>(layout.get(name)?.map(|number| number.value()));
        Ok(number(PAIR)?.zip(number(MOVES)?).map(|(id, moves)| Self { id, moves }))
    }

    /// Of a first file with this one, and a second with that.
    fn check(first: Option<Self>, second: Option<Self>) -> Result<(), JournalError> {
        match (first, second) {
            (Some(first), Some(second)) if first.id == second.id && first.moves <= second.moves => Ok(()),
            (None, _) => Ok(()),
            _ => Err(JournalError::Damaged("it belongs to another journal, or is an older copy".to_owned())),
        }
    }

    /// Of both after the next move.
    fn next(second: Option<Self>) -> Self {
        second.map_or_else(
            // Different for each map of the standard library, so for each pair, too.
            || Self { id: (RandomState::new().build_hasher().finish() >> 32) as u32, moves: 1 },
            |second| Self { moves: second.moves.saturating_add(1), ..second },
        )
    }
}

/// The file, if there is a place for one.
#[derive(Default)]
pub(super) struct Closed {
    path: Option<PathBuf>,
    /// What the journal has of it. `None`: nothing was ever moved from it.
    pair: Option<Pair>,
    /// Opened when it is first asked: most programs end without.
    reading: Mutex<Option<ReadOnlyDatabase>>,
}

impl Closed {
    /// Beside this journal, at this path, once what is over was moved.
    pub(super) fn beside(journal: &FileJournal, path: PathBuf) -> Result<Self, JournalError> {
        Ok(Self { path: Some(path), pair: Pair::of(&journal.read()?)?, reading: Mutex::default() })
    }

    /// The sale of this order.
    pub(super) fn find(&self, order_id: &OrderId) -> Result<Option<Record>, JournalError> {
        self.look(|reading| match reading.open_table(RECORDS)?.get(order_id.as_str())? {
            None => Ok(None),
            Some(image) => match decode(order_id, image.value()) {
                Ok(record) => Ok(Some(record)),
                Err(why) => Err(JournalError::Record { order_id: order_id.clone(), why }),
            },
        })
        .map(Option::flatten)
    }

    /// Whether the attempt with this key is of another order.
    pub(super) fn is_of_another(&self, key: &str, order_id: &OrderId) -> Result<bool, JournalError> {
        let found = self.look(|reading| {
            Ok(reading.open_table(KEYS)?.get(key)?.is_some_and(|owner| owner.value() != order_id.as_str()))
        })?;
        Ok(found.unwrap_or(false))
    }

    /// All of them, by order id.
    pub(super) fn entries(&self) -> Result<Vec<Entry>, JournalError> {
        Ok(self.look(|reading| entries(&reading, false))?.unwrap_or_default())
    }

    /// Changes it, if it is there. Checks each of its pages before.
    pub(super) fn change<T>(
        &self,
        what: impl FnOnce(&FileJournal) -> Result<T, JournalError>,
    ) -> Result<Option<T>, JournalError> {
        let Some(path) = self.there()? else { return Ok(None) };
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        *reading = None;
        let changed = guarded(path, || {
            let closed = file::open_checked(path)?;
            is_right(&closed.read()?, self.pair)?;
            what(&closed)
        });
        changed.map(Some)
    }

    /// Looks into it; nothing, where there is none. One thread at a time: nobody opens it for changes meanwhile.
    fn look<T>(
        &self,
        what: impl FnOnce(ReadTransaction) -> Result<T, JournalError>,
    ) -> Result<Option<T>, JournalError> {
        let Some(path) = self.there()? else { return Ok(None) };
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let looked = guarded(path, || {
            let database = match reading.take() {
                Some(database) => database,
                None => {
                    let database = open(path)?;
                    is_right(&database.begin_read()?, self.pair)?;
                    database
                }
            };
            what(reading.insert(database).begin_read()?)
        });
        looked.map(Some)
    }

    /// Where it is. `None`: there is none, and need not be.
    fn there(&self) -> Result<Option<&Path>, JournalError> {
        let Some(path) = self.path.as_deref() else { return Ok(None) };
        match (path.try_exists()?, self.pair) {
            (true, _) => Ok(Some(path)),
            (false, None) => Ok(None),
            (false, Some(_)) => Err(named(path, JournalError::Damaged("it is missing".to_owned()))),
        }
    }
}

/// Whose file that is: `NAME.closed`.
pub(super) fn path(journal: &Path) -> PathBuf {
    let mut name = journal.file_name().map_or_else(OsString::new, OsString::from);
    name.push(".closed");
    journal.with_file_name(name)
}

/// Whether it is such a file, and no journal.
pub(super) fn is_closed(reading: &ReadTransaction) -> Result<bool, JournalError> {
    Ok(reading.open_table(LAYOUT)?.get(ROLE)?.is_some())
}

/// Moves what is over from a journal to the file at this path, if the journal has much of it.
pub(super) fn take(journal: &mut FileJournal, path: &Path) -> Result<(), JournalError> {
    if journal.closed_here()? <= MOST {
        return Ok(());
    }
    if Pair::of(&journal.read()?)?.is_none() {
        file::make_if_missing(path)?;
    }
    let moved = guarded(path, || hand_over(journal, &file::open_checked(path)?))?;
    if moved >= MANY
        && let Some(database) = Arc::get_mut(&mut journal.database)
    {
        // Without it the file stays as large as it was.
        database.compact().map_err(|error| JournalError::Damaged(error.to_string()))?;
    }
    Ok(())
}

/// Moves what is over from one to the other; how many. Cut in between, both have it, and the next time moves it again.
pub(super) fn hand_over(from: &FileJournal, to: &FileJournal) -> Result<usize, JournalError> {
    let (first, second) = (Pair::of(&from.read()?)?, Pair::of(&to.read()?)?);
    is_right(&to.read()?, first)?;
    let pair = Pair::next(second);
    let over: Vec<_> = entries(&from.read()?, false)?.into_iter().filter(|entry| !entry.open).collect();
    // One that cannot be read stays where a person looks.
    let over: Vec<_> = over.iter().filter_map(|entry| entry.record.as_ref().ok()).collect();
    let writing = to.write()?;
    {
        let (mut records, mut keys) = (writing.open_table(RECORDS)?, writing.open_table(KEYS)?);
        for record in &over {
            let id = record.order_id.as_str();
            let there = records.get(id)?.map(|image| decode(&record.order_id, image.value()));
            // An older copy of the journal has an older one.
            if !matches!(there, Some(Ok(there)) if there.seq > record.seq) {
                records.insert(id, record.to_image().as_slice())?;
            }
            for attempt in record.attempts() {
                keys.insert(attempt.key.as_str(), id)?;
            }
        }
        let mut layout = writing.open_table(LAYOUT)?;
        layout.insert(ROLE, 1)?;
        layout.insert(PAIR, pair.id)?;
        layout.insert(MOVES, pair.moves)?;
    }
    writing.commit()?;
    let writing = from.write()?;
    {
        let (mut records, mut keys) = (writing.open_table(RECORDS)?, writing.open_table(KEYS)?);
        for record in &over {
            records.remove(record.order_id.as_str())?;
            for attempt in record.attempts() {
                keys.remove(attempt.key.as_str())?;
            }
        }
        let mut layout = writing.open_table(LAYOUT)?;
        layout.insert(PAIR, pair.id)?;
        layout.insert(MOVES, pair.moves)?;
    }
    writing.commit()?;
    Ok(over.len())
}

/// For reading only: then no cut while it is open makes the next who opens it read it all.
fn open(path: &Path) -> Result<ReadOnlyDatabase, JournalError> {
    let builder = || {
        let mut builder = Builder::new();
        builder.set_cache_size(1024 * 1024);
        builder
    };
    match builder().open_read_only(path) {
        Err(redb::DatabaseError::RepairAborted) => {
            // The power went while sales were moved.
            drop(file::open_checked(path)?);
            Ok(builder().open_read_only(path)?)
        }
        opened => Ok(opened?),
    }
}

/// Whether it is the second file of a journal that has this of it. One that was made and never written to is nobody's yet.
fn is_right(reading: &ReadTransaction, first: Option<Pair>) -> Result<(), JournalError> {
    if !is_laid_out(reading)? || (!is_closed(reading)? && reading.open_table(RECORDS)?.len()? > 0) {
        return Err(JournalError::Damaged("it is no file of closed sales".to_owned()));
    }
    Pair::check(first, Pair::of(reading)?)
}

/// Debug builds of the database panic where release builds say what is wrong with a file.
fn guarded<T>(path: &Path, what: impl FnOnce() -> Result<T, JournalError>) -> Result<T, JournalError> {
    let done = catch_unwind(AssertUnwindSafe(what));
    done.unwrap_or_else(|_| Err(JournalError::Damaged("it cannot be read".to_owned())))
        .map_err(|error| named(path, error))
}

/// Which of the two files it is about.
fn named(path: &Path, error: JournalError) -> JournalError {
    match error {
        JournalError::Damaged(what) => JournalError::Damaged(format!("{}: {what}", path.display())),
        JournalError::Io(error) => {
            JournalError::Io(io::Error::new(error.kind(), format!("{}: {error}", path.display())))
        }
        other => other,
    }
}
