//! `cardless_emi`: instalments without a card.

use super::super::error::{InvalidValue, Reason};
use super::super::id::{Phone, Provider};
use super::super::version::ApiVersion;
use super::emi;

/// Instalments with a lender. Channel `link` is the only one. Providers on the page: flexmoney, zestmoney, hdfc, icici,
/// cashe, idfc, kotak, and since `2023-08-01` snapmint and bharatx.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct CardlessEmi {
    pub(crate) provider: Provider,
    pub(crate) phone: Phone,
    pub(crate) tenure_months: Option<u8>,
}

impl CardlessEmi {
    /// With a lender, for the holder of this phone number. hdfc, icici, cashe, idfc and kotak need a tenure.
    ///
    /// # Errors
    /// [`Reason::Missing`] for a tenure that the lender needs, [`Reason::OutOfRange`] outside 1 to 120 months.
    pub fn new(provider: Provider, phone: Phone, tenure_months: Option<u8>) -> Result<Self, InvalidValue> {
        let needed = ["hdfc", "icici", "cashe", "idfc", "kotak"].contains(&provider.as_str());
        if needed && tenure_months.is_none() {
            return Err(InvalidValue::new("emi_tenure", Reason::Missing));
        }
        let tenure_months = tenure_months.map(emi::tenure).transpose()?;
        Ok(Self { provider, phone, tenure_months })
    }

    pub(super) fn check(&self, version: ApiVersion) -> Result<(), InvalidValue> {
        match self.provider.as_str() {
            "snapmint" | "bharatx" => version.needs(ApiVersion::V2023_08_01, "provider"),
            _ => Ok(()),
        }
    }
}
