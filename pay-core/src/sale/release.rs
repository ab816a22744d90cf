//! What becomes of the goods: released at most once, and never both released and refunded by itself.

/// The state of the goods of a paid order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
// Exhaustive on purpose: a journal must store each.
#[allow(clippy::exhaustive_enums)]
pub enum Release {
    /// Not tracked ([`Policy::release`](super::Policy::release) is off), or the order is not paid.
    #[default]
    Untracked,
    /// Paid, not handed out yet: call [`Sale::begin_release`](super::Sale::begin_release).
    Due,
    /// The actuator may be moving, or have moved.
    Releasing,
    /// The power went while the actuator may have been moving. A sensor or an operator says what happened
    /// ([`Sale::settle_release`](super::Sale::settle_release)); nothing is handed out or refunded before that.
    Unknown,
    /// Handed out.
    Released,
    /// Certainly not handed out: the payment must be refunded.
    NotReleased,
    /// Not handed out, and refunded.
    Returned,
}

/// How to treat a sale whose goods were going out when the power went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum AfterCut {
    /// As unknown: a sensor or an operator must say.
    #[default]
    AskOperator,
    /// As released: the merchant prefers a complaint to lost goods.
    AssumeReleased,
    /// As not released, with a refund: the merchant prefers lost goods to a complaint.
    AssumeNotReleased,
}

/// The right to move the actuator once: neither `Clone` nor `Copy`. The sale issues it after the journal has stored it,
/// and never again for the same order. Return it with [`Sale::released`](super::Sale::released).
#[must_use]
#[derive(Debug)]
pub struct VendToken {
    pub(super) sale: [u8; 16],
}

impl Release {
    /// Whether the goods still need an action.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Due | Self::Releasing | Self::Unknown | Self::NotReleased)
    }

    /// Goods went out, or may have: the payment they went out for stands.
    pub(super) const fn is_under_way(self) -> bool {
        matches!(self, Self::Releasing | Self::Unknown | Self::Released)
    }

    /// After a reboot.
    pub(super) const fn after_cut(self, policy: AfterCut) -> Self {
        match (self, policy) {
            (Self::Releasing, AfterCut::AskOperator) => Self::Unknown,
            (Self::Releasing, AfterCut::AssumeReleased) => Self::Released,
            (Self::Releasing, AfterCut::AssumeNotReleased) => Self::NotReleased,
            (other, _) => other,
        }
    }
}

/// Where the right to move the actuator is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Vend {
    #[default]
    None,
    Due,
    Issued,
}
