//! A host file that is read at any offset.

use crate::semihosting::{File, FileError, call};

impl File {
    /// Its length in bytes.
    pub fn length(&self) -> Result<usize, FileError> {
        let block = [self.0];
        // SAFETY: the block has the one word that SYS_FLEN reads.
        let length = unsafe { call(LENGTH, block.as_ptr() as usize) };
        usize::try_from(length).map_err(|_| FileError::Read)
    }

    /// Fills `buffer` from this offset on.
    pub fn read_at(&self, at: usize, buffer: &mut [u8]) -> Result<(), FileError> {
        self.seek(at)?;
        if self.read(buffer)? == buffer.len() { Ok(()) } else { Err(FileError::Read) }
    }

    /// The next call reads or writes there.
    pub fn seek(&self, at: usize) -> Result<(), FileError> {
        let block = [self.0, at];
        // SAFETY: the block has the two words that SYS_SEEK reads.
        if unsafe { call(SEEK, block.as_ptr() as usize) } >= 0 { Ok(()) } else { Err(FileError::Read) }
    }
}

const SEEK: u32 = 0x0A;
const LENGTH: u32 = 0x0C;
