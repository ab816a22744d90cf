//! What can go wrong with a journal.

use core::fmt;

use pay_core::model::OrderId;
use pay_core::sale::{Conflict, ImageError};

/// Why the journal cannot do what it was asked. Nothing is erased or lost by any of these. `E`: the flash driver's error; `O`: what
/// tells one order from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JournalError<E, O = OrderId> {
    /// The flash driver's own error.
    Flash(E),
    /// What was written or erased does not read back. Store again: another place is tried.
    Verify {
        /// Which sector of the journal, from 0.
        sector: usize,
    },
    /// Every sector but the spare holds an open sale: settle one before taking another.
    Full,
    /// What is kept forbids this record.
    Conflict(Conflict),
    /// Sector size, word size or range do not fit.
    Geometry(Geometry),
    /// Every byte of the region is blank: it was never formatted (or the range is wrong).
    Blank,
    /// The region holds something, and nothing of it is a journal: a format that was cut off, or another's data.
    Foreign,
    /// A newer program wrote here: use that one.
    Newer {
        /// The number of its slot format.
        version: u8,
    },
    /// A record whose checksum fits cannot be read, mostly because a newer program wrote it ([`ImageError::Newer`]). It stands in the way
    /// of its own order and of no other, is never replaced, and keeps its sector while it is open.
    Record {
        /// Which sector of the journal, from 0.
        sector: usize,
        /// Its order. `None`: not even that can be read, and the journal does not open.
        order: Option<O>,
        /// What is wrong with it.
        error: ImageError,
    },
    /// Cuts in a row, each in the last words of what repaired the one before, have used up the room for repairs. The next open may
    /// find that it needs none.
    NoRoom,
    /// What stands in this sector contradicts the newest image, or was acknowledged once and is damaged now. No power cut
    /// does this: keep the chip, and ask the gateway about its orders.
    Corrupt {
        /// Which sector of the journal, from 0.
        sector: usize,
    },
}

/// What of a region does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Geometry {
    /// Start or end are no multiples of the flash's erase size, or lie outside of it.
    Range,
    /// The range does not divide into so many sectors of whole erase units.
    Sectors,
    /// A sector has no room for two images and two notes.
    Sector,
    /// It was formatted with another number of sectors, or for records of another length or format.
    Formatted,
    /// The word is larger than 32 bytes, no power of two, or smaller than what can be read.
    Word,
}

impl<E: fmt::Debug, O: fmt::Display> fmt::Display for JournalError<E, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flash(error) => write!(f, "the flash reports {error:?}"),
            Self::Verify { sector } => write!(f, "sector {sector} does not read back what was written"),
            Self::Full => f.write_str("every sector of the journal holds an open sale"),
            Self::Conflict(conflict) => conflict.fmt(f),
            Self::Geometry(Geometry::Range) => f.write_str("range: not whole erase units of this flash"),
            Self::Geometry(Geometry::Sectors) => f.write_str("range: not so many sectors of whole erase units"),
            Self::Geometry(Geometry::Sector) => f.write_str("range: a sector has no room for two images and two notes"),
            Self::Geometry(Geometry::Formatted) => f.write_str("range: formatted for other sectors or records"),
            Self::Geometry(Geometry::Word) => f.write_str("flash: words of this size cannot be used"),
            Self::Blank => f.write_str("the journal's flash is blank: not formatted"),
            Self::Foreign => f.write_str("the journal's flash holds no journal"),
            Self::Newer { version } => write!(f, "the journal has format {version}, of a newer program"),
            Self::Record { sector, order, error } => {
                write!(f, "sector {sector}: the record of ")?;
                match order {
                    Some(order) => write!(f, "order {order}")?,
                    None => f.write_str("an unknown order")?,
                }
                match error {
                    ImageError::Newer { version } => write!(f, " has format {version}, of a newer program"),
                    error => write!(f, " cannot be read: {error}"),
                }
            }
            Self::NoRoom => {
                f.write_str("the journal has no room left to repair what power cuts left; nothing was changed")
            }
            Self::Corrupt { sector } => write!(f, "sector {sector} of the journal is damaged; nothing was changed"),
        }
    }
}

impl<E: fmt::Debug, O: fmt::Debug + fmt::Display> core::error::Error for JournalError<E, O> {}
