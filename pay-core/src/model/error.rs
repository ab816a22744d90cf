//! Why a value was refused before it was sent.

use core::fmt;

use super::version::ApiVersion;

/// A value that the gateway would refuse, or that would be unsafe to send. It names the field, never the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct InvalidValue {
    /// The member's name in the gateway's JSON, or the header's name.
    pub field: &'static str,
    /// What was wrong with it.
    pub reason: Reason,
}

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Reason {
    /// Shorter than `min` bytes.
    TooShort {
        /// The least length in bytes.
        min: usize,
    },
    /// Longer than `max` bytes.
    TooLong {
        /// The greatest length in bytes.
        max: usize,
    },
    /// A character outside the alphabet of the field, at this byte offset.
    Character {
        /// Byte offset of the first such character.
        at: usize,
    },
    /// The check digit of a card number (ISO/IEC 7812-1, Annex B) does not fit.
    CheckDigit,
    /// A number outside `min..=max`.
    OutOfRange {
        /// The least value allowed.
        min: u64,
        /// The greatest value allowed.
        max: u64,
    },
    /// Not of the form the field has (an amount with a third decimal, a VPA without `@`, …).
    Form,
    /// A member that this combination needs is missing.
    Missing,
    /// The API version asked for does not know this member or value.
    NotInVersion(ApiVersion),
}

impl InvalidValue {
    pub(crate) const fn new(field: &'static str, reason: Reason) -> Self {
        Self { field, reason }
    }
}

impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.field)?;
        match self.reason {
            Reason::TooShort { min: 1 } => f.write_str("is empty"),
            Reason::TooShort { min } => write!(f, "is shorter than {min} characters"),
            Reason::TooLong { max } => write!(f, "is longer than {max} characters"),
            Reason::Character { at } => write!(f, "has a character that is not allowed, at position {at}"),
            Reason::CheckDigit => f.write_str("has a wrong check digit"),
            Reason::OutOfRange { min, max } => write!(f, "is not between {min} and {max}"),
            Reason::Form => f.write_str("does not have the form of this field"),
            Reason::Missing => f.write_str("is missing"),
            Reason::NotInVersion(version) => write!(f, "is not part of API version {version}"),
        }
    }
}

impl core::error::Error for InvalidValue {}
