//! Where sales are remembered: in flash over a power cut, or in memory.

use core::fmt;

use pay_core::OrderId;
use pay_core::drive::{Blocking, Journal, MemoryJournal, MemoryJournalError};
use pay_core::sale::Record;
use transport_embassy::journal::{FlashJournal, JournalError};

use crate::flash::{FileFlash, FlashError};

/// Sectors of the flash that the journal takes, which are all: eight open sales and the spare.
const SECTORS: usize = 9;

/// Open sales that it keeps without a flash, which is for trying things out: no more RAM than a journal in flash takes.
const IN_MEMORY: usize = 2;

/// One of the two.
#[allow(clippy::large_enum_variant)] // there is one value, and no heap
pub enum Kept {
    /// Over an error, not over a power cut.
    Memory(Blocking<MemoryJournal<IN_MEMORY>>),
    /// Over a power cut.
    Flash(FlashJournal<FileFlash, SECTORS>),
}

/// Why it does not keep a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeptError {
    /// The one in memory.
    Memory(MemoryJournalError),
    /// The one in flash.
    Flash(JournalError<FlashError>),
}

impl Kept {
    /// In memory.
    pub const fn in_memory() -> Self {
        Self::Memory(Blocking(MemoryJournal::new()))
    }

    /// In the flash of this file. A blank one is formatted first, as it would be in the factory.
    pub async fn in_flash(path: &str, cut_at: Option<u32>) -> Result<Self, KeptError> {
        let flash = || FileFlash::open(path, cut_at).map_err(|error| KeptError::Flash(JournalError::Flash(error)));
        let first = flash()?;
        let all = 0..first.bytes();
        let journal = match FlashJournal::open(first, all.clone()).await {
            Err(JournalError::Blank) => FlashJournal::format(flash()?, all).await,
            other => other,
        };
        journal.map(Self::Flash).map_err(KeptError::Flash)
    }
}

impl Journal for Kept {
    type Error = KeptError;

    async fn store(&mut self, record: &Record) -> Result<(), KeptError> {
        match self {
            Self::Memory(journal) => journal.store(record).await.map_err(KeptError::Memory),
            Self::Flash(journal) => journal.store(record).await.map_err(KeptError::Flash),
        }
    }

    async fn next_open(&mut self, after: Option<&OrderId>) -> Result<Option<Record>, KeptError> {
        match self {
            Self::Memory(journal) => journal.next_open(after).await.map_err(KeptError::Memory),
            Self::Flash(journal) => journal.next_open(after).await.map_err(KeptError::Flash),
        }
    }

    async fn find(&mut self, order: &OrderId) -> Result<Option<Record>, KeptError> {
        match self {
            Self::Memory(journal) => journal.find(order).await.map_err(KeptError::Memory),
            Self::Flash(journal) => journal.find(order).await.map_err(KeptError::Flash),
        }
    }

    fn capacity(&self) -> usize {
        match self {
            Self::Memory(journal) => journal.capacity(),
            Self::Flash(journal) => journal.capacity(),
        }
    }

    fn unreadable(error: &KeptError) -> Option<OrderId> {
        match error {
            KeptError::Memory(_) => None,
            KeptError::Flash(error) => FlashJournal::<FileFlash, SECTORS>::unreadable(error),
        }
    }
}

impl fmt::Display for KeptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(error) => error.fmt(f),
            Self::Flash(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for KeptError {}
