//! A host file as a list of lines.

use crate::host::READ_BINARY;
use crate::semihosting::{File, FileError};

/// Adds a line to a host file, which is made if there is none; all of it or nothing.
pub fn append_line(path: &str, line: &str) -> Result<(), FileError> {
    let mut bytes = [0; LINE_MAX + 1];
    let used = bytes.get_mut(..=line.len()).ok_or(FileError::TooLong)?;
    let (end, text) = used.split_last_mut().ok_or(FileError::TooLong)?;
    text.copy_from_slice(line.as_bytes());
    *end = b'\n';
    File::open(path, APPEND_BINARY)?.write(used)
}

/// Whether a host file has this line. A file that is not there has none.
pub fn has_line(path: &str, line: &str) -> Result<bool, FileError> {
    let Ok(file) = File::open(path, READ_BINARY) else { return Ok(false) };
    // How much of the line at hand is like this one; `None` once it is not.
    let mut same = Some(0);
    let mut buffer = [0; 64];
    loop {
        let length = file.read(&mut buffer)?;
        for &byte in &buffer[..length] {
            match same {
                Some(count) if byte == b'\n' && count == line.len() => return Ok(true),
                _ if byte == b'\n' => same = Some(0),
                Some(count) if line.as_bytes().get(count) == Some(&byte) => same = Some(count + 1),
                _ => same = None,
            }
        }
        if length < buffer.len() {
            return Ok(false);
        }
    }
}

/// Longest line of [`append_line`], in bytes.
const LINE_MAX: usize = 64;

/// Mode "ab".
const APPEND_BINARY: usize = 9;
