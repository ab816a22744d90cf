//! `emi`: instalments on a card.

use super::super::error::{InvalidValue, Reason};
use super::super::id::Provider;
use super::super::text::{self, Text};
use super::super::version::ApiVersion;
use super::card::PlainCard;

/// A card payment in instalments. Channel `link` is the only one.
#[derive(Clone, Debug)]
pub struct Emi {
    pub(crate) card: PlainCard,
    pub(crate) bank: Provider,
    pub(crate) tenure_months: u8,
    pub(crate) alias: Option<Text<64>>,
}

impl Emi {
    /// Instalments with the card's bank (the page's words are in lower case, its sample is `ICICI`: sent as given) over
    /// `tenure_months`, 1 to 120.
    ///
    /// # Errors
    /// [`Reason::OutOfRange`] for the tenure.
    pub fn new(card: PlainCard, bank: Provider, tenure_months: u8) -> Result<Self, InvalidValue> {
        Ok(Self { card, bank, tenure_months: tenure(tenure_months)?, alias: None })
    }

    /// Adds an alias (`card_alias`, before `2026-01-01`), 1 to 64 of `[A-Za-z0-9_-]`.
    ///
    /// # Errors
    /// [`InvalidValue`] naming `card_alias`.
    pub fn with_alias(mut self, alias: &str) -> Result<Self, InvalidValue> {
        text::check("card_alias", alias, 1..=64, text::is_id)?;
        self.alias = Some(Text::parse("card_alias", alias)?);
        Ok(self)
    }

    pub(super) fn check(&self, version: ApiVersion) -> Result<(), InvalidValue> {
        if self.alias.is_some() && version >= ApiVersion::V2026_01_01 {
            return Err(InvalidValue::new("card_alias", Reason::NotInVersion(version)));
        }
        Ok(())
    }
}

/// Checks a tenure in months; the page gives no bounds, ten years are more than any lender offers.
pub(super) fn tenure(months: u8) -> Result<u8, InvalidValue> {
    if (1..=120).contains(&months) {
        Ok(months)
    } else {
        Err(InvalidValue::new("emi_tenure", Reason::OutOfRange { min: 1, max: 120 }))
    }
}
