//! `banktransfer`: a transfer to a virtual account.

/// A bank transfer, since `2023-08-01`. Channel `link` is the only one; it has no members.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct BankTransfer;

impl BankTransfer {
    /// A transfer.
    pub const fn new() -> Self {
        Self
    }
}
