//! NOR flash for the journal, in a file of the host: sectors of 4 KiB, words of 4 bytes.
//!
//! It is as strict as the chips are: writing only clears bits, a word is written once between two erases, an erase is of whole
//! sectors. The file is changed in place, word after word, so what was written stays when the emulator is killed.
//! A product has the driver of its flash chip here.

use core::fmt;
use core::sync::atomic::{AtomicU32, Ordering};

use embedded_storage_async::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};

use crate::semihosting::{self, File, FileError};

/// The flash.
pub struct FileFlash {
    file: File,
    bytes: usize,
    cut: Option<Cut>,
}

/// Why the flash did not do what was asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum FlashError {
    /// Not whole words or sectors, or beyond the end.
    Range,
    /// The word was written since its last erase.
    WrittenTwice,
    /// The host's file.
    File(FileError),
}

/// The power goes at some write or erase, which stays half done. Only for tests that look at every one of them.
struct Cut {
    /// Writes and erases until then.
    left: u32,
    /// Which bits of the last one have changed by then.
    noise: u32,
}

/// Exit status when the power went as asked.
const POWER_CUT: u8 = 75;

/// Words written and sectors erased since the start.
pub fn writes() -> u32 {
    WRITES.load(Ordering::Relaxed)
}

static WRITES: AtomicU32 = AtomicU32::new(0);

const WORD: usize = 4;
const SECTOR: usize = 4096;

impl FileFlash {
    /// The flash in this file, which must exist and be whole sectors long. With `cut_at` the power goes at that write or
    /// erase, counted from 1.
    pub fn open(path: &str, cut_at: Option<u32>) -> Result<Self, FlashError> {
        let file = File::open_to_change(path).map_err(FlashError::File)?;
        let bytes = file.length().map_err(FlashError::File)?;
        if bytes == 0 || !bytes.is_multiple_of(SECTOR) {
            return Err(FlashError::Range);
        }
        Ok(Self { file, bytes, cut: cut_at.map(|at| Cut { left: at, noise: at }) })
    }

    /// Its size.
    pub fn bytes(&self) -> u32 {
        u32::try_from(self.bytes).unwrap_or(u32::MAX)
    }

    /// The place, if it is within the flash and of whole units.
    fn place(&self, from: u32, length: usize, unit: usize) -> Result<usize, FlashError> {
        let from = from as usize;
        let inside = length <= self.bytes && from <= self.bytes - length;
        let whole = from.is_multiple_of(unit) && length.is_multiple_of(unit);
        if inside && whole { Ok(from) } else { Err(FlashError::Range) }
    }

    fn get(&mut self, at: usize) -> Result<[u8; WORD], FlashError> {
        let mut word = [0; WORD];
        self.file.read_at(at, &mut word).map_err(FlashError::File)?;
        Ok(word)
    }

    fn put(&mut self, at: usize, word: [u8; WORD]) -> Result<(), FlashError> {
        self.file.seek(at).and_then(|()| self.file.write(&word)).map_err(FlashError::File)
    }

    /// One more write or erase; whether the power goes in it.
    fn is_cut(&mut self) -> bool {
        WRITES.store(writes() + 1, Ordering::Relaxed);
        let Some(cut) = &mut self.cut else { return false };
        cut.left = cut.left.saturating_sub(1);
        cut.left == 0
    }

    /// Changes some bits of the word, others not yet.
    fn put_half(&mut self, at: usize, word: [u8; WORD]) -> Result<(), FlashError> {
        let old = self.get(at)?;
        let noise = self.cut.as_mut().map_or(0, |cut| {
            cut.noise = cut.noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // The low bits of such a generator are poor.
            cut.noise.rotate_left(16)
        });
        let mut half = u32::from_ne_bytes(old) & !noise;
        half |= u32::from_ne_bytes(word) & noise;
        self.put(at, half.to_ne_bytes())
    }
}

impl ErrorType for FileFlash {
    type Error = FlashError;
}

impl ReadNorFlash for FileFlash {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), FlashError> {
        let at = self.place(offset, bytes.len(), Self::READ_SIZE)?;
        self.file.read_at(at, bytes).map_err(FlashError::File)
    }

    fn capacity(&self) -> usize {
        self.bytes
    }
}

impl NorFlash for FileFlash {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = SECTOR;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), FlashError> {
        let length = to.checked_sub(from).ok_or(FlashError::Range)? as usize;
        let start = self.place(from, length, SECTOR)?;
        for sector in (start..start + length).step_by(SECTOR) {
            let cut = self.is_cut();
            for at in (sector..sector + SECTOR).step_by(WORD) {
                if cut { self.put_half(at, ERASED)? } else { self.put(at, ERASED)? }
            }
            if cut {
                semihosting::exit(POWER_CUT);
            }
        }
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        let start = self.place(offset, bytes.len(), WORD)?;
        let (words, _) = bytes.as_chunks();
        for (index, &word) in words.iter().enumerate() {
            let at = start + index * WORD;
            if self.get(at)? != ERASED {
                return Err(FlashError::WrittenTwice);
            }
            if self.is_cut() {
                self.put_half(at, word)?;
                semihosting::exit(POWER_CUT);
            }
            self.put(at, word)?;
        }
        Ok(())
    }
}

const ERASED: [u8; WORD] = [0xFF; WORD];

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
            Self::File(error) => error.fmt(f),
        }
    }
}

/// As [`fmt::Display`]: the names that a derive would have are printed nowhere else.
impl fmt::Debug for FlashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl core::error::Error for FlashError {}
