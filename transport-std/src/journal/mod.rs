//! Stores sales in a file, over power cuts and reboots.

mod closed;
mod error;
mod file;
mod memory;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use pay_core::drive::journal::blocking;
use pay_core::model::{OrderId, UnixSeconds};
use pay_core::sale::{Attempt, Conflict, ImageError, Record};
use redb::{
    Database, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata, StorageBackend, TableDefinition,
    WriteTransaction,
};

use closed::Closed;
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
/// that an order id is not used for another intent. Once there are more than a hundred, the next start moves them to a second
/// file (the same name with `.closed`), of which a start reads nothing. Keep the two together: if the second is missing, older
/// or another journal's, open sales go on, and new ones are refused with [`JournalError::Damaged`].
#[derive(Clone)]
pub struct FileJournal {
    database: Arc<Database>,
    closed: Arc<Closed>,
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
        let here = entries(&self.read()?, open_only)?;
        Ok(if open_only { here } else { merged(self.closed.entries()?, here) })
    }

    /// Removes a sale that cannot have charged: no attempt was made, or each was refused or never left. Its order can
    /// then be paid from here again. `false`: there is no such sale.
    ///
    /// # Errors
    /// [`JournalError::Refused`] with [`Conflict::Stale`] if it may have charged; it stays.
    pub fn discard(&self, order_id: &OrderId) -> Result<bool, JournalError> {
        let elsewhere = self.closed.find(order_id)?;
        let writing = self.write()?;
        let here = kept(&writing, order_id)?;
        let is_here = here.is_some();
        let Some(record) = here.or(elsewhere) else { return Ok(false) };
        if record.attempts().any(Attempt::may_have_charged) {
            return Err(JournalError::Refused { order_id: order_id.clone(), conflict: Conflict::Stale });
        }
        writing.open_table(OPEN)?.remove(order_id.as_str())?;
        writing.open_table(RECORDS)?.remove(order_id.as_str())?;
        // There first: cut in between, it is still here.
        let there = self.closed.change(|closed| closed.discard(order_id))?;
        writing.commit()?;
        Ok(is_here || there == Some(true))
    }

    /// Removes closed records of sales that began before this time, with the keys of their attempts; returns how many.
    /// Records without a time, and those that cannot be read, stay. The order ids and keys can then be used again:
    /// choose a time after which those orders can no longer be paid.
    ///
    /// # Errors
    /// A file cannot be read or written. Of the second file they may be removed by then.
    pub fn prune(&self, before: UnixSeconds) -> Result<usize, JournalError> {
        let there = self.closed.change(|closed| closed.prune_here(before))?.unwrap_or_default();
        let here = self.prune_here(before)?;
        Ok(there.union(&here).count())
    }

    /// The orders that were removed from this file.
    fn prune_here(&self, before: UnixSeconds) -> Result<BTreeSet<OrderId>, JournalError> {
        let old = |entry: &Entry| {
            !entry.open && matches!(&entry.record, Ok(record) if record.created.is_some_and(|time| time.0 < before.0))
        };
        let writing = self.write()?;
        let entries: Vec<_> = entries(&self.read()?, false)?.into_iter().filter(old).collect();
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
        Ok(entries.into_iter().map(|entry| entry.order_id).collect())
    }

    /// The sale of this order, if this file has it.
    fn find_here(&self, order_id: &OrderId) -> Result<Option<Record>, JournalError> {
        match self.read()?.open_table(RECORDS)?.get(order_id.as_str())? {
            None => Ok(None),
            Some(image) => match decode(order_id, image.value()) {
                Ok(record) => Ok(Some(record)),
                Err(why) => Err(JournalError::Record { order_id: order_id.clone(), why }),
            },
        }
    }

    /// So many are closed in this file.
    fn closed_here(&self) -> Result<u64, JournalError> {
        let reading = self.read()?;
        let (records, open) = (reading.open_table(RECORDS)?.len()?, reading.open_table(OPEN)?.len()?);
        Ok(records.saturating_sub(open))
    }

    /// On any storage. Tables that are missing are made.
    fn on(storage: impl StorageBackend, check: bool) -> Result<Self, JournalError> {
        let mut builder = Database::builder();
        // A journal is small: 8 MiB of pages in memory is most of one.
        builder.set_cache_size(8 * 1024 * 1024).set_check_integrity_on_open(check);
        let journal = Self { database: Arc::new(builder.create_with_backend(storage)?), closed: Arc::default() };
        if !is_laid_out(&journal.read()?)? {
            let writing = journal.write()?;
            writing.open_table(RECORDS)?;
            writing.open_table(OPEN)?;
            writing.open_table(KEYS)?;
            writing.open_table(LAYOUT)?.insert("", LAYOUT_NOW)?;
            writing.commit()?;
        }
        Ok(journal)
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
        let kept = match kept(&writing, &record.order_id)? {
            None => self.closed.find(&record.order_id)?,
            kept => kept,
        };
        if let Some(kept) = kept {
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
                    None if self.closed.is_of_another(key, &record.order_id)? => {
                        return Err(refused(Conflict::KeyReused));
                    }
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
        match self.find_here(&order_id)? {
            None => Err(JournalError::damaged_at(&order_id)),
            record => Ok(record),
        }
    }

    fn find(&mut self, order_id: &OrderId) -> Result<Option<Record>, JournalError> {
        match self.find_here(order_id)? {
            None => self.closed.find(order_id),
            record => Ok(record),
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

/// `false`: an empty database.
fn is_laid_out(reading: &ReadTransaction) -> Result<bool, JournalError> {
    if reading.list_tables()?.next().is_none() {
        return Ok(false);
    }
    match reading.open_table(LAYOUT)?.get("")?.map(|layout| layout.value()) {
        Some(LAYOUT_NOW) => Ok(true),
        Some(layout) if layout > LAYOUT_NOW => Err(JournalError::Newer { layout }),
        Some(_) => Err(JournalError::Damaged("its layout has no number".to_owned())),
        None => Err(JournalError::Damaged("it is another program's database".to_owned())),
    }
}

/// What one file has, by order id.
fn entries(reading: &ReadTransaction, open_only: bool) -> Result<Vec<Entry>, JournalError> {
    let (records, open) = (reading.open_table(RECORDS)?, reading.open_table(OPEN)?);
    let mut entries = Vec::new();
    if open_only {
        for item in open.iter()? {
            let order_id = order(item?.0.value())?;
            let Some(image) = records.get(order_id.as_str())? else { continue };
            entries.push(Entry { record: decode(&order_id, image.value()), order_id, open: true });
        }
        return Ok(entries);
    }
    for item in records.iter()? {
        let (id, image) = item?;
        let order_id = order(id.value())?;
        let is_open = open.get(id.value())?.is_some();
        entries.push(Entry { record: decode(&order_id, image.value()), order_id, open: is_open });
    }
    Ok(entries)
}

/// What either has, by order id; what the journal itself has is newer.
fn merged(closed: Vec<Entry>, here: Vec<Entry>) -> Vec<Entry> {
    let all = closed.into_iter().chain(here).map(|entry| (entry.order_id.clone(), entry));
    all.collect::<BTreeMap<_, _>>().into_values().collect()
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
