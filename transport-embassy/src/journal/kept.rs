//! What a slot holds that counts.

use pay_core::sale::ImageError;

use super::error::JournalError;
use super::image::Image;

/// A record, or one that is whole and cannot be read: a newer program wrote it.
pub(super) enum Kept<R: Image> {
    Record(R),
    Unreadable { sector: usize, order: R::Order, error: ImageError },
}

impl<R: Image> Kept<R> {
    /// # Errors
    /// [`JournalError::Record`].
    pub(super) fn record<E>(self) -> Result<R, JournalError<E, R::Order>> {
        match self {
            Self::Record(record) => Ok(record),
            Self::Unreadable { sector, order, error } => {
                Err(JournalError::Record { sector, order: Some(order), error })
            }
        }
    }
}
