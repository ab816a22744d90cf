//! The API versions that the sandbox speaks.

/// A value of the `x-api-version` header. Later versions compare greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ApiVersion {
    /// `2022-09-01`
    V2022_09_01,
    /// `2023-08-01`
    V2023_08_01,
    /// `2025-01-01`
    V2025_01_01,
    /// `2026-01-01`
    V2026_01_01,
}

impl ApiVersion {
    /// The oldest version spoken.
    pub(crate) const FIRST: Self = Self::V2022_09_01;
    /// The newest version spoken.
    pub(crate) const LAST: Self = Self::V2026_01_01;

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::V2022_09_01, Self::V2023_08_01, Self::V2025_01_01, Self::V2026_01_01]
            .into_iter()
            .find(|version| version.as_str() == text)
    }

    /// The header's text.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2022_09_01 => "2022-09-01",
            Self::V2023_08_01 => "2023-08-01",
            Self::V2025_01_01 => "2025-01-01",
            Self::V2026_01_01 => "2026-01-01",
        }
    }

    /// Ids were JSON numbers in 2022-09-01 and are strings since.
    pub(crate) fn id(self, id: u64) -> serde_json::Value {
        if self == Self::V2022_09_01 { id.into() } else { id.to_string().into() }
    }
}
