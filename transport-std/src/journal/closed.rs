//! Sales that are over, in a file of their own beside the journal's, laid out as that is. A start reads none of it, so it is as quick
//! after years as on the first day.

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use pay_core::model::OrderId;
use pay_core::sale::Record;
use redb::{Builder, ReadOnlyDatabase, ReadTransaction, ReadableDatabase as _};

use super::{Entry, FileJournal, JournalError, KEYS, RECORDS, decode, entries, file, is_laid_out};

/// So many may lie in the journal itself, which is read whole at each start.
const MOST: u64 = 100;
/// After so many the journal's file is made smaller.
const MANY: usize = 1_000;

/// The file, if there is a place for one.
#[derive(Default)]
pub(super) struct Closed {
    path: Option<PathBuf>,
    /// Opened when it is first asked: most programs end without.
    reading: Mutex<Option<Arc<ReadOnlyDatabase>>>,
}

impl Closed {
    /// Beside this journal.
    pub(super) fn beside(journal: &Path) -> Self {
        Self { path: Some(path(journal)), ..Self::default() }
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

    /// Changes it, if it is there.
    pub(super) fn change<T>(
        &self,
        what: impl FnOnce(&FileJournal) -> Result<T, JournalError>,
    ) -> Result<Option<T>, JournalError> {
        let Some(path) = self.path.as_deref().filter(|path| path.exists()) else { return Ok(None) };
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        *reading = None;
        guarded(|| what(&file::open_unread(path)?)).map(Some)
    }

    /// Takes over what is over, if the journal has much of it.
    pub(super) fn take(&self, journal: &mut FileJournal) -> Result<(), JournalError> {
        let Some(path) = &self.path else { return Ok(()) };
        if journal.closed_here()? <= MOST {
            return Ok(());
        }
        file::make_if_missing(path)?;
        let moved = self.change(|closed| hand_over(journal, closed))?;
        if moved.is_some_and(|moved| moved >= MANY)
            && let Some(database) = Arc::get_mut(&mut journal.database)
        {
            // Without it the file stays as large as it was.
            let _ = database.compact();
        }
        Ok(())
    }

    /// Nothing, where there is no file.
    fn look<T>(
        &self,
        what: impl FnOnce(ReadTransaction) -> Result<T, JournalError>,
    ) -> Result<Option<T>, JournalError> {
        let Some(path) = self.path.as_deref() else { return Ok(None) };
        let database = {
            let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
            match &*reading {
                Some(database) => Arc::clone(database),
                None if !path.exists() => return Ok(None),
                None => {
                    let database = Arc::new(guarded(|| open(path))?);
                    *reading = Some(Arc::clone(&database));
                    database
                }
            }
        };
        guarded(|| what(database.begin_read()?)).map(Some)
    }
}

/// Whose file that is: `NAME.closed`.
pub(super) fn path(journal: &Path) -> PathBuf {
    let mut name = journal.file_name().map_or_else(OsString::new, OsString::from);
    name.push(".closed");
    journal.with_file_name(name)
}

/// For reading only: then no cut while it is open makes the next who opens it read it all.
fn open(path: &Path) -> Result<ReadOnlyDatabase, JournalError> {
    let builder = || {
        let mut builder = Builder::new();
        builder.set_cache_size(1024 * 1024);
        builder
    };
    let database = match builder().open_read_only(path) {
        Err(redb::DatabaseError::RepairAborted) => {
            // The power went while sales were taken over.
            drop(file::open_unread(path)?);
            builder().open_read_only(path)?
        }
        opened => opened?,
    };
    if !is_laid_out(&database.begin_read()?)? {
        return Err(JournalError::Damaged("the file of closed sales has no tables".to_owned()));
    }
    Ok(database)
}

/// Moves what is over from one to the other; how many. Cut in between, both have it, and the next time moves it again.
pub(super) fn hand_over(from: &FileJournal, to: &FileJournal) -> Result<usize, JournalError> {
    let over: Vec<_> = entries(&from.read()?, false)?.into_iter().filter(|entry| !entry.open).collect();
    // One that cannot be read stays where a person looks.
    let over: Vec<_> = over.iter().filter_map(|entry| entry.record.as_ref().ok()).collect();
    let writing = to.write()?;
    {
        let (mut records, mut keys) = (writing.open_table(RECORDS)?, writing.open_table(KEYS)?);
        for record in &over {
            let id = record.order_id.as_str();
            records.insert(id, record.to_image().as_slice())?;
            for attempt in record.attempts() {
                keys.insert(attempt.key.as_str(), id)?;
            }
        }
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
    }
    writing.commit()?;
    Ok(over.len())
}

/// Debug builds of the database panic where release builds say what is wrong with a file.
fn guarded<T>(what: impl FnOnce() -> Result<T, JournalError>) -> Result<T, JournalError> {
    let done = catch_unwind(AssertUnwindSafe(what));
    done.unwrap_or_else(|_| Err(JournalError::Damaged("the file of closed sales cannot be read".to_owned())))
}
