//! Why the program cannot go on.

use core::fmt;

use pay_core::model::InvalidValue;
use pay_core::till::TillError;

use crate::card::CardError;
use crate::config::ConfigError;

/// Why a sale could not be made. Nothing that could charge was sent.
pub(crate) enum Local<E> {
    /// The config cannot be used.
    Config(ConfigError),
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

impl<E> From<ConfigError> for Local<E> {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl<E: fmt::Display> fmt::Display for Local<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Value(error) => error.fmt(f),
            Self::Card(error) => write!(f, "card: {error}"),
            Self::Till(error) => error.fmt(f),
        }
    }
}
