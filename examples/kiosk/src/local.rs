//! Why the program cannot go on.

use core::fmt;

use pay_core::model::InvalidValue;
use pay_core::till::TillError;

use crate::card::CardError;

/// Why a sale could not be made. Nothing that could charge was sent.
pub(crate) enum Local<E> {
    /// A file or a word of the command line: which argument, and what is wrong.
    File(&'static str, &'static str),
    /// A value was refused.
    Value(InvalidValue),
    /// The card was refused.
    Card(CardError),
    /// The till could not do it.
    Till(TillError<E>),
}

impl<E> From<InvalidValue> for Local<E> {
    fn from(error: InvalidValue) -> Self {
        Self::Value(error)
    }
}

impl<E: fmt::Display> fmt::Display for Local<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(name, why) => write!(f, "{name}: {why}"),
            Self::Value(error) => error.fmt(f),
            Self::Card(error) => write!(f, "--card: {error}"),
            Self::Till(error) => error.fmt(f),
        }
    }
}
