//! What becomes of the goods: released at most once, and never both released and refunded by itself.

/// What became of the goods of a paid order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
// Exhaustive on purpose: a journal must store each.
#[allow(clippy::exhaustive_enums)]
pub enum Release {
    /// Nobody tells the sale ([`Policy::release`](super::Policy::release) is off), or it is not paid.
    #[default]
    Untracked,
    /// Paid, not handed out: [`Sale::begin_release`](super::Sale::begin_release).
    Due,
    /// The actuator may be moving, or have moved.
    Releasing,
    /// The power went while it may have been moving. A sensor or an operator says what happened
    /// ([`Sale::settle_release`](super::Sale::settle_release)); nothing is handed out or refunded before.
    Unknown,
    /// Handed out.
    Released,
    /// Not handed out, for certain: the money must go back.
    NotReleased,
    /// Not handed out, and the money went back.
    Returned,
}

/// What a sale that was cut off while it was releasing is taken for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum AfterCut {
    /// Nothing: a sensor or an operator must say.
    #[default]
    AskOperator,
    /// Released: the merchant would rather answer a complaint than lose goods.
    AssumeReleased,
    /// Not released, the money goes back: the merchant would rather lose goods than answer a complaint.
    AssumeNotReleased,
}

/// The right to move the actuator, once: neither `Clone` nor `Copy`, issued after the journal knows of it, never again
/// for the same order. Give it back with [`Sale::released`](super::Sale::released).
#[must_use]
#[derive(Debug)]
pub struct VendToken {
    pub(super) sale: [u8; 16],
}

impl Release {
    /// Somebody still has to do something about it.
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
