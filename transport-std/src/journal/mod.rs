//! Stores sales in a file, over power cuts and reboots.

mod error;
mod file;
mod memory;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use pay_core::drive::journal::blocking;
use pay_core::model::{OrderId, UnixSeconds};
use pay_core::sale::{Attempt, Conflict, ImageError, Record};
use redb::{
    Database, ReadTransaction, ReadableDatabase, ReadableTable, StorageBackend, TableDefinition, WriteTransaction,
};

pub use error::JournalError;

/// Order id to image ([`Record::to_image`]).
const RECORDS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("records");
/// The orders of the records that are open.
const OPEN: TableDefinition<'_, &str, ()> = TableDefinition::new("open");
/// Key of an attempt to its order.
const KEYS: TableDefinition<'_, &str, &str> = TableDefinition::new("keys");
/// The layout of these tables, under the empty name.
const LAYOUT: TableDefinition<'_, &str, u32> = TableDefinition::new("layout");
const LAYOUT_NOW: u32 = 1;

/// A journal in one file: any number of sales, for any number of threads of one process. A clone is the same journal.
///
/// Records that [`blocking::Journal::store`] has acknowledged are on the disk (as far as the operating system and the
/// disk report truthfully), and survive a power cut. Closed records stay until [`FileJournal::prune`] removes them, so
/// that an order id is not used for another intent.
#[derive(Clone)]
pub struct FileJournal {
    database: Arc<Database>,
}

/// A journal's entry of one order.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Entry {
    /// The order.
    pub order_id: OrderId,
    /// Whether the sale is open.
    pub open: bool,
    /// The record, or why it cannot be read.
    pub record: Result<Record, ImageError>,
}

impl FileJournal {
    /// Opens the journal in this file, or makes one. A new file can be read and written by its owner only (Unix).
    /// Checks every page's checksum before it changes the file.
    ///
    /// # Errors
    /// [`JournalError::InUse`] if another process has it open, or this one by another call; [`JournalError::Damaged`]
    /// and [`JournalError::Newer`], and the file is left as it is; [`JournalError::Io`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        file::open(path.as_ref())
    }

    /// Reads the entries of the journal in this file, by order id, also while another process has it open; none if
    /// there is no file. Reads a copy in memory: it writes nothing, and does not take the file's lock.
    ///
    /// # Errors
    /// As [`FileJournal::open`]. If the other process's lock keeps out readers too (Windows), [`JournalError::InUse`].
    pub fn peek(path: impl AsRef<Path>) -> Result<Vec<Entry>, JournalError> {
        file::peek(path.as_ref())
    }

    /// Returns all records, or only the open ones, by order id. One that cannot be read does not hide the others.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn entries(&self, open_only: bool) -> Result<Vec<Entry>, JournalError> {
        let reading = self.read()?;
        let (records, open) = (reading.open_table(RECORDS)?, reading.open_table(OPEN)?);
        let mut entries = Vec::new();
        for item in records.iter()? {
            let (id, image) = item?;
            let is_open = open.get(id.value())?.is_some();
            if is_open || !open_only {
                let order_id = order(id.value())?;
                entries.push(Entry { record: decode(&order_id, image.value()), order_id, open: is_open });
            }
        }
        Ok(entries)
    }

    /// Removes a sale that cannot have charged: no attempt was made, or each was refused or never left. Its order can
    /// then be paid from here again. `false`: there is no such sale.
    ///
    /// # Errors
    /// [`JournalError::Refused`] with [`Conflict::Stale`] if it may have charged; it stays.
    pub fn discard(&self, order_id: &OrderId) -> Result<bool, JournalError> {
        let writing = self.write()?;
        let found = match kept(&writing, order_id)? {
            None => return Ok(false),
            Some(record) if record.attempts().any(Attempt::may_have_charged) => {
                return Err(JournalError::Refused { order_id: order_id.clone(), conflict: Conflict::Stale });
            }
            Some(_) => {
                writing.open_table(OPEN)?.remove(order_id.as_str())?;
                writing.open_table(RECORDS)?.remove(order_id.as_str())?.is_some()
            }
        };
        writing.commit()?;
        Ok(found)
    }

    /// Removes closed records of sales that began before this time, with the keys of their attempts; returns how many.
    /// Records without a time, and those that cannot be read, stay. The order ids and keys can then be used again:
    /// choose a time after which those orders can no longer be paid.
    ///
    /// # Errors
    /// The file cannot be read or written; nothing was removed.
    pub fn prune(&self, before: UnixSeconds) -> Result<usize, JournalError> {
        let old = |entry: &Entry| {
            !entry.open && matches!(&entry.record, Ok(record) if record.created.is_some_and(|time| time.0 < before.0))
        };
        let writing = self.write()?;
        let entries: Vec<_> = self.entries(false)?.into_iter().filter(old).collect();
        {
            let (mut records, mut keys) = (writing.open_table(RECORDS)?, writing.open_table(KEYS)?);
            for entry in &entries {
                records.remove(entry.order_id.as_str())?;
                for attempt in entry.record.iter().flat_map(Record::attempts) {
                    keys.remove(attempt.key.as_str())?;
                }
            }
        }
        writing.commit()?;
        Ok(entries.len())
    }

    /// On any storage. Tables that are missing are made.
    fn on(storage: impl StorageBackend, check: bool) -> Result<Self, JournalError> {
        let mut builder = Database::builder();
        // A journal is small: 8 MiB of pages in memory is most of one.
        builder.set_cache_size(8 * 1024 * 1024).set_check_integrity_on_open(check);
        let journal = Self { database: Arc::new(builder.create_with_backend(storage)?) };
        match journal.layout()? {
            Some(LAYOUT_NOW) => {}
            Some(layout) if layout > LAYOUT_NOW => return Err(JournalError::Newer { layout }),
            Some(_) => return Err(JournalError::Damaged("its layout has no number".to_owned())),
            None => {
                let writing = journal.write()?;
                writing.open_table(RECORDS)?;
                writing.open_table(OPEN)?;
                writing.open_table(KEYS)?;
                writing.open_table(LAYOUT)?.insert("", LAYOUT_NOW)?;
                writing.commit()?;
            }
        }
        Ok(journal)
    }

    /// `None`: an empty database.
    fn layout(&self) -> Result<Option<u32>, JournalError> {
        let reading = self.read()?;
        if reading.list_tables()?.next().is_none() {
            return Ok(None);
        }
        match reading.open_table(LAYOUT)?.get("")? {
            Some(layout) => Ok(Some(layout.value())),
            None => Err(JournalError::Damaged("it is another program's database".to_owned())),
        }
    }

    fn read(&self) -> Result<ReadTransaction, JournalError> {
        Ok(self.database.begin_read()?)
    }

    /// Nothing is written until it is committed, and a commit is durable when it returns. Dropped, it never was.
    fn write(&self) -> Result<WriteTransaction, JournalError> {
        let mut writing = self.database.begin_write()?;
        // The state before is left alone until the new one is on the disk, and is never taken for the new one afterwards.
        writing.set_two_phase_commit(true);
        Ok(writing)
    }
}

impl blocking::Journal for FileJournal {
    type Error = JournalError;

    fn store(&mut self, record: &Record) -> Result<(), JournalError> {
        let refused = |conflict| JournalError::Refused { order_id: record.order_id.clone(), conflict };
        let id = record.order_id.as_str();
        let writing = self.write()?;
        if let Some(kept) = kept(&writing, &record.order_id)? {
            record.may_replace(&kept).map_err(refused)?;
            if kept == *record {
                return Ok(());
            }
        }
        {
            let mut keys = writing.open_table(KEYS)?;
            for attempt in record.attempts() {
                let key = attempt.key.as_str();
                let owner = keys.get(key)?.map(|owner| owner.value() == id);
                match owner {
                    Some(true) => {}
                    Some(false) => return Err(refused(Conflict::KeyReused)),
                    None => {
                        keys.insert(key, id)?;
                    }
                }
            }
            writing.open_table(RECORDS)?.insert(id, record.to_image().as_slice())?;
            let mut open = writing.open_table(OPEN)?;
            if record.is_open() {
                open.insert(id, ())?;
            } else {
                open.remove(id)?;
            }
        }
        Ok(writing.commit()?)
    }

    /// A record that cannot be read is an error that names its order: go on with that as `after`.
    fn next_open(&mut self, after: Option<&OrderId>) -> Result<Option<Record>, JournalError> {
        use core::ops::Bound::{Excluded, Unbounded};
        let reading = self.read()?;
        let open = reading.open_table(OPEN)?;
        let above = after.map_or(Unbounded, |after| Excluded(after.as_str()));
        let Some(item) = open.range::<&str>((above, Unbounded))?.next() else { return Ok(None) };
        let order_id = order(item?.0.value())?;
        self.find(&order_id)?.map_or_else(|| Err(JournalError::damaged_at(&order_id)), |record| Ok(Some(record)))
    }

    fn find(&mut self, order_id: &OrderId) -> Result<Option<Record>, JournalError> {
        match self.read()?.open_table(RECORDS)?.get(order_id.as_str())? {
            None => Ok(None),
            Some(image) => match decode(order_id, image.value()) {
                Ok(record) => Ok(Some(record)),
                Err(why) => Err(JournalError::Record { order_id: order_id.clone(), why }),
            },
        }
    }

    /// As many as the disk has room for.
    fn capacity(&self) -> usize {
        usize::MAX
    }

    fn unreadable(error: &JournalError) -> Option<OrderId> {
        match error {
            JournalError::Record { order_id, .. } => Some(order_id.clone()),
            _ => None,
        }
    }
}

/// What is kept of this order. A record that cannot be read is never replaced.
fn kept(writing: &WriteTransaction, order_id: &OrderId) -> Result<Option<Record>, JournalError> {
    let records = writing.open_table(RECORDS)?;
    let Some(image) = records.get(order_id.as_str())? else { return Ok(None) };
    let record = decode(order_id, image.value());
    record.map(Some).map_err(|why| JournalError::Record { order_id: order_id.clone(), why })
}

fn decode(order_id: &OrderId, image: &[u8]) -> Result<Record, ImageError> {
    let record = Record::from_image(image)?;
    if record.order_id == *order_id { Ok(record) } else { Err(ImageError::Field("order_id")) }
}

fn order(id: &str) -> Result<OrderId, JournalError> {
    OrderId::parse(id).map_err(|_| JournalError::Damaged("a record is under a name that is no order id".to_owned()))
}

impl core::fmt::Debug for FileJournal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("FileJournal")
    }
}
