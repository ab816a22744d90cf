//! What the host knows: its files, its clock, its randomness. A product has a clock of its own, and takes entropy from a hardware generator.

use crate::semihosting::{File, FileError, call};

/// Reads a whole host file; the answer is the part of `buffer` that it fills.
pub fn read_file<'a>(path: &str, buffer: &'a mut [u8]) -> Result<&'a mut [u8], FileError> {
    let file = File::open(path, READ_BINARY)?;
    let length = file.read(buffer)?;
    if length == buffer.len() && file.read(&mut [0])? != 0 {
        return Err(FileError::TooLong);
    }
    Ok(&mut buffer[..length])
}

/// Fills `buffer` with the host's randomness. **For the test rig only.**
pub fn entropy(buffer: &mut [u8]) -> Result<(), FileError> {
    let file = File::open("/dev/urandom", READ_BINARY)?;
    if file.read(buffer)? == buffer.len() { Ok(()) } else { Err(FileError::Read) }
}

/// The host's clock: seconds since 1970-01-01T00:00:00Z.
pub fn unix_seconds() -> u64 {
    // SAFETY: SYS_TIME takes no argument.
    u64::from(unsafe { call(TIME, 0) } as u32)
}

const TIME: u32 = 0x11;
/// Mode "rb".
pub const READ_BINARY: usize = 1;
