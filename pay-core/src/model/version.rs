//! The API versions of the gateway.

use core::fmt;

use super::error::{InvalidValue, Reason};

/// The value of the `x-api-version` header. Ordered by date, so that `version >= ApiVersion::V2023_08_01` reads as it should.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ApiVersion {
    /// `2022-09-01`: ids are JSON numbers; the version of the Order Pay page this project started from.
    V2022_09_01,
    /// `2023-08-01`: ids are strings; bank transfer, order termination, `simulate`.
    V2023_08_01,
    /// `2025-01-01`: `help` in errors, billing address of a card, `redirect_to_bank`. The default.
    #[default]
    V2025_01_01,
    /// `2026-01-01`: `par`, `podQrCode`, one token type.
    V2026_01_01,
}

impl ApiVersion {
    /// Every version, oldest first.
    pub const ALL: [Self; 4] = [Self::V2022_09_01, Self::V2023_08_01, Self::V2025_01_01, Self::V2026_01_01];

    /// The header's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2022_09_01 => "2022-09-01",
            Self::V2023_08_01 => "2023-08-01",
            Self::V2025_01_01 => "2025-01-01",
            Self::V2026_01_01 => "2026-01-01",
        }
    }

    /// Reads a header value.
    ///
    /// # Errors
    /// [`Reason::Form`] for a version this crate does not know.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        Self::ALL
            .into_iter()
            .find(|version| version.as_str() == text)
            .ok_or(InvalidValue::new("x-api-version", Reason::Form))
    }

    /// Refuses `field` where `self` is older than `since`.
    pub(crate) fn needs(self, since: Self, field: &'static str) -> Result<(), InvalidValue> {
        if self >= since { Ok(()) } else { Err(InvalidValue::new(field, Reason::NotInVersion(self))) }
    }
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
