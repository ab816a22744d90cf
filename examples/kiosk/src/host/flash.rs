//! NOR flash in a file, as the firmware's: sectors of 4 KiB, words of 4 bytes, written once between two erases.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use anyhow::Context;
use embedded_storage_async::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};
use transport_embassy::journal::{FlashJournal, JournalError};

/// Nine sectors: eight open sales and the spare.
pub(crate) type Journal = FlashJournal<FileFlash, SECTORS>;

const SECTORS: usize = 9;
const SECTOR: u32 = 4096;
const ALL: core::ops::Range<u32> = 0..SECTORS as u32 * SECTOR;

/// The journal in this file, which is made if there is none. One program at a time.
pub(crate) async fn open(path: &Path) -> anyhow::Result<Journal> {
    let name = path.display();
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    let mut file = file.with_context(|| format!("--flash: cannot open {name}"))?;
    file.try_lock().with_context(|| format!("--flash: {name} is in use"))?;
    if file.metadata()?.len() == 0 {
        file.write_all(&[0xFF; ALL.end as usize])?;
    }
    let flash = || anyhow::Ok(FileFlash(file.try_clone()?));
    let journal = match FlashJournal::open(flash()?, ALL).await {
        Err(JournalError::Blank) => FlashJournal::format(flash()?, ALL).await,
        other => other,
    };
    journal.with_context(|| format!("--flash: {name}"))
}

/// The flash.
#[derive(Debug)]
pub(crate) struct FileFlash(File);

/// Why the flash did not do what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FlashError {
    /// Not whole words or sectors, or beyond the end.
    Range,
    /// The word was written since its last erase.
    WrittenTwice,
    /// The file.
    File(io::ErrorKind),
}

impl FileFlash {
    fn at(&mut self, from: u32, length: usize, unit: u32) -> Result<&mut File, FlashError> {
        let end = u32::try_from(length).ok().and_then(|length| from.checked_add(length)).ok_or(FlashError::Range)?;
        if end > ALL.end || !from.is_multiple_of(unit) || !end.is_multiple_of(unit) {
            return Err(FlashError::Range);
        }
        self.0.seek(SeekFrom::Start(from.into()))?;
        Ok(&mut self.0)
    }

    /// On the disk, before it is relied on.
    fn put(&mut self, at: u32, bytes: &[u8], unit: u32) -> Result<(), FlashError> {
        self.at(at, bytes.len(), unit)?.write_all(bytes)?;
        Ok(self.0.sync_data()?)
    }
}

impl ErrorType for FileFlash {
    type Error = FlashError;
}

impl ReadNorFlash for FileFlash {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        Ok(self.at(offset, bytes.len(), 1)?.read_exact(bytes)?)
    }

    fn capacity(&self) -> usize {
        ALL.end as usize
    }
}

impl NorFlash for FileFlash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = SECTOR as usize;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        let length = to.checked_sub(from).ok_or(FlashError::Range)?;
        self.put(from, &vec![0xFF; length as usize], SECTOR)
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        let mut old = vec![0; bytes.len()];
        self.at(offset, old.len(), 4)?.read_exact(&mut old)?;
        if old.iter().any(|byte| *byte != 0xFF) {
            return Err(FlashError::WrittenTwice);
        }
        self.put(offset, bytes, 4)
    }
}

impl From<io::Error> for FlashError {
    fn from(error: io::Error) -> Self {
        Self::File(error.kind())
    }
}

impl NorFlashError for FlashError {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::Range => NorFlashErrorKind::OutOfBounds,
            Self::WrittenTwice | Self::File(_) => NorFlashErrorKind::Other,
        }
    }
}

impl fmt::Display for FlashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range => f.write_str("not whole words or sectors of the flash"),
            Self::WrittenTwice => f.write_str("the word was written since its last erase"),
            Self::File(error) => write!(f, "the file: {error}"),
        }
    }
}

impl core::error::Error for FlashError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mutants seen red: the check of what is there left out of `write`; `unit` not looked at; no lock.
    #[test]
    fn it_is_as_strict_as_a_chip() {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(strict());
    }

    async fn strict() {
        let path = std::env::temp_dir().join(format!("kiosk-flash-{}", std::process::id()));
        let journal = open(&path).await.unwrap();
        assert!(open(&path).await.is_err(), "two programs");
        let mut flash = journal.into_inner();
        let (last, mut read) = (ALL.end - SECTOR, [0; 4]);
        flash.write(last, &[1, 2, 3, 4]).await.unwrap();
        assert_eq!(flash.write(last, &[0; 4]).await, Err(FlashError::WrittenTwice));
        assert_eq!(flash.write(last + 2, &[0; 4]).await, Err(FlashError::Range));
        assert_eq!(flash.write(ALL.end, &[0; 4]).await, Err(FlashError::Range));
        assert_eq!(flash.erase(last + 4, ALL.end).await, Err(FlashError::Range));
        flash.read(last, &mut read).await.unwrap();
        assert_eq!(read, [1, 2, 3, 4]);
        flash.erase(last, ALL.end).await.unwrap();
        flash.read(last, &mut read).await.unwrap();
        assert_eq!(read, [0xFF; 4]);
        drop(flash);
        open(&path).await.expect("kept");
        std::fs::remove_file(&path).unwrap();
    }
}
