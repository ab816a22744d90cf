//! The tokens of a sale as plain data, for a life that is one value and can be copied whole.

use super::super::model::CallKind;
use super::release::VendToken;
use super::step::{Commit, InFlight};

/// What a sale gave out and waits for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Token {
    Commit { version: u32 },
    InFlight { sale: [u8; 16], serial: u32, call: CallKind },
    Vend { sale: [u8; 16] },
}

impl From<Commit> for Token {
    fn from(token: Commit) -> Self {
        Self::Commit { version: token.version }
    }
}

impl From<InFlight> for Token {
    fn from(token: InFlight) -> Self {
        Self::InFlight { sale: token.sale, serial: token.serial, call: token.call }
    }
}

impl From<VendToken> for Token {
    fn from(token: VendToken) -> Self {
        Self::Vend { sale: token.sale }
    }
}

impl Token {
    pub(crate) fn commit(self) -> Option<Commit> {
        match self {
            Self::Commit { version } => Some(Commit { version }),
            Self::InFlight { .. } | Self::Vend { .. } => None,
        }
    }

    pub(crate) fn in_flight(self) -> Option<InFlight> {
        match self {
            Self::InFlight { sale, serial, call } => Some(InFlight { sale, serial, call }),
            Self::Commit { .. } | Self::Vend { .. } => None,
        }
    }

    pub(crate) fn vend(self) -> Option<VendToken> {
        match self {
            Self::Vend { sale } => Some(VendToken { sale }),
            Self::Commit { .. } | Self::InFlight { .. } => None,
        }
    }
}
