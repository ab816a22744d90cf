//! How a device pays.

/// How a device pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // a choice of the merchant's
pub enum Way {
    /// Through the backend, by a name that only its token can use.
    Relayed,
    /// At the gateway, with the gateway's session.
    Direct,
}
