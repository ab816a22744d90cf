//! The chunked transfer coding (RFC 9112 section 7.1), byte by byte.

use super::error::HttpError;

/// Most bytes of chunk extensions in one chunk header; they are ignored.
const MAX_EXTENSION: u16 = 256;
/// Most bytes of trailers; they are ignored.
const MAX_TRAILER: u16 = 4096;

/// Where in the coding the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunked {
    /// In the hexadecimal length, with so many digits so far.
    Size {
        size: u32,
        digits: u8,
    },
    /// In blanks after the length; an extension or the end of the line may follow.
    Blank {
        size: u32,
        seen: u16,
    },
    /// In the extensions, up to the end of the line.
    Extension {
        size: u32,
        seen: u16,
    },
    /// The line feed after a length.
    SizeLf {
        size: u32,
    },
    /// In the data, with so many bytes to come.
    Data {
        left: u32,
    },
    /// The line end after the data.
    DataCr,
    DataLf,
    /// In the trailers: bytes of this line and of all.
    Trailer {
        line: u16,
        seen: u16,
    },
    /// After a carriage return in the trailers; of an empty line, if so.
    TrailerLf {
        empty: bool,
        seen: u16,
    },
    /// After the last byte.
    Done,
}

impl Chunked {
    pub(super) const START: Self = Self::Size { size: 0, digits: 0 };

    /// Takes one byte that is not data.
    pub(super) fn step(self, byte: u8) -> Result<Self, HttpError> {
        const BAD: HttpError = HttpError::Malformed("chunk");
        Ok(match (self, byte) {
            (Self::Size { size, digits }, _) if byte.is_ascii_hexdigit() => {
                // Seven digits: 256 MiB, far beyond any buffer here.
                let digit = (byte as char).to_digit(16).ok_or(BAD)?;
                if digits >= 16 || size >= 1 << 24 {
                    return Err(BAD);
                }
                Self::Size { size: size << 4 | digit, digits: digits + 1 }
            }
            (Self::Size { digits: 0, .. }, _) => return Err(BAD),
            (Self::Size { size, .. } | Self::Blank { size, .. } | Self::Extension { size, .. }, b'\r') => {
                Self::SizeLf { size }
            }
            (Self::Size { size, .. }, b' ' | b'\t') => Self::Blank { size, seen: 0 },
            (Self::Blank { size, seen }, b' ' | b'\t') if seen < MAX_EXTENSION => Self::Blank { size, seen: seen + 1 },
            (Self::Size { size, .. } | Self::Blank { size, .. }, b';') => Self::Extension { size, seen: 0 },
            (Self::Extension { size, seen }, b'\t' | b' '..=0x7e | 0x80..) if seen < MAX_EXTENSION => {
                Self::Extension { size, seen: seen + 1 }
            }
            (Self::SizeLf { size: 0 }, b'\n') => Self::Trailer { line: 0, seen: 0 },
            (Self::SizeLf { size }, b'\n') => Self::Data { left: size },
            (Self::DataCr, b'\r') => Self::DataLf,
            (Self::DataLf, b'\n') => Self::START,
            (Self::Trailer { line, seen }, b'\r') => Self::TrailerLf { empty: line == 0, seen },
            (Self::Trailer { line, seen }, b'\t' | b' '..=0x7e | 0x80..) if seen < MAX_TRAILER => {
                Self::Trailer { line: line + 1, seen: seen + 1 }
            }
            (Self::TrailerLf { empty: true, .. }, b'\n') => Self::Done,
            (Self::TrailerLf { empty: false, seen }, b'\n') => Self::Trailer { line: 0, seen },
            _ => return Err(BAD),
        })
    }
}
