//! `netbanking`: a bank's own page.

use super::super::error::{InvalidValue, Reason};
use super::super::text::{self, Text};

/// A net-banking payment at one bank, named by code or by name. Channel `link` is the only one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct NetBanking(pub(crate) Bank);

#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub(crate) enum Bank {
    Code(u16),
    Name(Text<5>),
}

impl NetBanking {
    /// By the gateway's code: four digits, 1000 to 9999.
    ///
    /// # Errors
    /// [`Reason::OutOfRange`].
    pub const fn code(code: u16) -> Result<Self, InvalidValue> {
        if code < 1000 || code > 9999 {
            return Err(InvalidValue::new("netbanking_bank_code", Reason::OutOfRange { min: 1000, max: 9999 }));
        }
        Ok(Self(Bank::Code(code)))
    }

    /// By the gateway's name: five capital letters.
    ///
    /// # Errors
    /// [`InvalidValue`] naming `netbanking_bank_name`.
    pub fn name(name: &str) -> Result<Self, InvalidValue> {
        text::check("netbanking_bank_name", name, 5..=5, |b| b.is_ascii_uppercase())?;
        Text::parse("netbanking_bank_name", name).map(|name| Self(Bank::Name(name)))
    }
}
