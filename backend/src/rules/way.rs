//! How a device pays.

/// How a device pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // a choice of the merchant's
pub enum Way {
    /// Through the backend, with an alias that works with its token only.
    Relayed,
    /// Directly at the gateway, with the gateway's session.
    Direct,
}
