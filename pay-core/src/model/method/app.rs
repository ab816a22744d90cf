//! `app`: a wallet or payment app.

use super::super::id::{Phone, Provider};

/// A payment in a wallet or app. Channel `link` is the only one. Providers on the page: gpay, phonepe, ola, paytm,
/// amazon, airtel, freecharge, mobikwik, jio.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct App {
    pub(crate) provider: Provider,
    pub(crate) phone: Phone,
}

impl App {
    /// A payment by the holder of this phone number.
    pub const fn new(provider: Provider, phone: Phone) -> Self {
        Self { provider, phone }
    }
}
