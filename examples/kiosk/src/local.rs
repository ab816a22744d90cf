//! Why the program cannot go on.

use core::fmt;

use pay_core::DriveError;
use pay_core::model::InvalidValue;
use pay_core::sale::{LimitReached, SaleError};

use crate::card::CardError;

/// Why a sale could not be made. Nothing that could charge was sent.
pub(crate) enum Local<E> {
    /// A file of the command line: which argument, and what is wrong.
    File(&'static str, &'static str),
    /// A value was refused.
    Value(InvalidValue),
    /// The card was refused.
    Card(CardError),
    /// The sale could not go on, or the journal could not keep it.
    Drive(DriveError<E>),
    /// The journal could not be read.
    Journal(E),
    /// Too much is unsettled for another sale.
    Limit(LimitReached),
    /// The order cannot be had.
    Order(&'static str),
}

impl<E> From<InvalidValue> for Local<E> {
    fn from(error: InvalidValue) -> Self {
        Self::Value(error)
    }
}

impl<E> From<DriveError<E>> for Local<E> {
    fn from(error: DriveError<E>) -> Self {
        Self::Drive(error)
    }
}

impl<E> From<SaleError> for Local<E> {
    fn from(error: SaleError) -> Self {
        Self::Drive(DriveError::Sale(error))
    }
}

impl<E: fmt::Display> fmt::Display for Local<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(name, why) => write!(f, "{name}: {why}"),
            Self::Value(error) => error.fmt(f),
            Self::Card(error) => write!(f, "--card: {error}"),
            Self::Drive(error) => error.fmt(f),
            Self::Journal(error) => write!(f, "the journal cannot be read: {error}"),
            Self::Limit(why) => write!(f, "no new sale: {why}"),
            Self::Order(why) => f.write_str(why),
        }
    }
}
