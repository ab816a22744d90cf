//! Why a till did not carry out a call.

use core::fmt;

use super::super::model::OpenOrder;
use super::super::sale::{Outcome, SaleError};
use super::ended::{Done, Trouble};

/// Why a till did not carry out a call. What that means for money: see [`Trouble`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)]
pub enum TillError<E> {
    /// The journal cannot be read or written. Nothing that could charge was sent.
    Journal(E),
    /// Any other reason.
    Trouble(Trouble),
}

impl<E> From<Trouble> for TillError<E> {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl<E: fmt::Display> fmt::Display for TillError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Journal(error) => write!(f, "the journal: {error}"),
            Self::Trouble(trouble) => trouble.fmt(f),
        }
    }
}

impl<E: core::error::Error> core::error::Error for TillError<E> {}

/// The outcome of a sale.
pub(super) fn over<E>(done: Done) -> Result<Outcome, TillError<E>> {
    match done {
        Done::Over(outcome) => Ok(outcome),
        done => Err(refused(done)),
    }
}

/// The reason of an unexpected end.
pub(super) fn refused<E>(done: Done) -> TillError<E> {
    TillError::Trouble(match done {
        Done::Refused(trouble) => trouble,
        Done::Over(outcome) => Trouble::Over(outcome),
        _ => Trouble::Sale(SaleError::NotNow),
    })
}

/// The order that was created.
pub(super) fn created<E>(done: Done) -> Result<OpenOrder, TillError<E>> {
    match done {
        Done::Created(order) => Ok(order),
        done => Err(refused(done)),
    }
}
