//! What can go wrong with a journal in a file.

use core::{error, fmt};
use std::io;

use pay_core::model::OrderId;
use pay_core::sale::{Conflict, ImageError};

/// What can go wrong with a [`FileJournal`](super::FileJournal). Acknowledged records are still there.
#[derive(Debug)]
#[non_exhaustive]
pub enum JournalError {
    /// The file is open already, in another process or by another call. One process at a time; threads share a clone.
    InUse,
    /// The file is not a journal, or is damaged. It was not changed: keep it, and let a person look.
    Damaged(String),
    /// A newer version of this library wrote the file, with this layout. It was not changed: use the newer version.
    Newer {
        /// The layout's number.
        layout: u32,
    },
    /// The record of this order cannot be read. It was not changed, and does not affect other orders.
    Record {
        /// The order.
        order_id: OrderId,
        /// What is wrong with it.
        why: ImageError,
    },
    /// The record of this order contradicts the stored one, and was not stored. Nothing may be sent for it.
    Refused {
        /// The order.
        order_id: OrderId,
        /// How it contradicts.
        conflict: Conflict,
    },
    /// The file cannot be read or written. After a failed write the journal stores nothing until it is opened again.
    Io(io::Error),
}

impl JournalError {
    pub(super) fn damaged_at(order_id: &OrderId) -> Self {
        Self::Damaged(format!("there is no record of order {order_id}, which it lists as open"))
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse => f.write_str("another process is using the journal"),
            Self::Damaged(what) => write!(f, "the journal is damaged, or no journal, and was left as it is: {what}"),
            Self::Newer { layout } => {
                write!(f, "the journal was made by a newer version of this program (layout {layout}): use that one")
            }
            Self::Record { order_id, why } => {
                write!(f, "order {order_id}: its record in the journal cannot be read and was left as it is: {why}")
            }
            Self::Refused { order_id, conflict } => write!(f, "order {order_id}: {conflict}"),
            Self::Io(error) => write!(f, "the journal cannot be read or written: {error}"),
        }
    }
}

impl error::Error for JournalError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Record { why, .. } => Some(why),
            Self::Refused { conflict, .. } => Some(conflict),
            Self::Io(error) => Some(error),
            Self::InUse | Self::Damaged(_) | Self::Newer { .. } => None,
        }
    }
}

impl From<io::Error> for JournalError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<redb::Error> for JournalError {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::DatabaseAlreadyOpen => Self::InUse,
            // Its word for a file that begins otherwise.
            redb::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => Self::Damaged(error.to_string()),
            redb::Error::Io(error) => Self::Io(error),
            redb::Error::PreviousIo => Self::Io(io::Error::other("an earlier write failed; open it again")),
            redb::Error::Corrupted(what) => Self::Damaged(what),
            redb::Error::UpgradeRequired(format) => Self::Damaged(format!("its file format is {format}")),
            other => Self::Damaged(other.to_string()),
        }
    }
}

macro_rules! from_part {
    ($($part:ident),+) => {$(
        impl From<redb::$part> for JournalError {
            fn from(error: redb::$part) -> Self {
                redb::Error::from(error).into()
            }
        }
    )+};
}
from_part!(CommitError, DatabaseError, StorageError, TableError, TransactionError);
