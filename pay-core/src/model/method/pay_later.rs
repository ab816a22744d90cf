//! `paylater`: a lender pays now.

use super::super::id::{Phone, Provider};

/// A payment by a lender. Channel `link` is the only one. Providers on the page: kotak, flexipay, zestmoney, lazypay,
/// olapostpaid, simpl, freechargepaylater.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct PayLater {
    pub(crate) provider: Provider,
    pub(crate) phone: Phone,
}

impl PayLater {
    /// With a lender, for the holder of this phone number.
    pub const fn new(provider: Provider, phone: Phone) -> Self {
        Self { provider, phone }
    }
}
