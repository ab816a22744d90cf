//! The card and the OTPs that stand in for a reader and a keypad.

use core::fmt;

use pay_core::model::method::{Card, CardExpiry, CardNumber, Cvv, PlainCard};
use pay_core::model::{InvalidValue, Otp};
use pay_core::{OrderPay, PaymentSessionId};
use zeroize::Zeroize;

/// The file of a card.
#[derive(Default)]
struct CardFile<'a> {
    number: Option<&'a str>,
    expiry_month: Option<&'a str>,
    expiry_year: Option<&'a str>,
    cvv: Option<&'a str>,
    holder: Option<&'a str>,
}

/// Why a card cannot be used. Shows nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)]
pub enum CardError {
    /// Not a JSON object of the texts `number`, `expiry_month`, `expiry_year`, `cvv` and, if wanted, `holder`, without escapes.
    Form,
    /// A value was refused.
    Value(InvalidValue),
}

/// An Order Pay request for the card in `file`: JSON, the year with two or four digits. `native_otp`: the OTP is entered here.
///
/// What it returns is moved, which leaves copies of the card on the stack: scrub that afterwards.
pub(crate) fn order_pay(file: &[u8], session: PaymentSessionId, native_otp: bool) -> Result<OrderPay, CardError> {
    let card = read(file)?;
    let card = if native_otp { Card::native_otp(card) } else { Card::link(card) };
    Ok(OrderPay::new(session, card))
}

/// Whether the card in `file` can be used. Leaves copies of it on the stack, as [`order_pay`] does.
#[inline(never)]
pub(crate) fn check(file: &[u8]) -> Result<(), CardError> {
    read(file).map(|_| ())
}

fn read(file: &[u8]) -> Result<PlainCard, CardError> {
    let file = CardFile::read(file).ok_or(CardError::Form)?;
    let needed = |value: Option<_>| value.ok_or(CardError::Form);
    let (month, year) = (needed(file.expiry_month)?, needed(file.expiry_year)?);
    let year = year.strip_prefix("20").filter(|rest| rest.len() == 2).unwrap_or(year);
    let expiry = CardExpiry::parse(month, year)?;
    let mut card = PlainCard::new(CardNumber::parse(needed(file.number)?)?, expiry, Cvv::parse(needed(file.cvv)?)?);
    if let Some(holder) = file.holder {
        card = card.with_holder(holder)?;
    }
    Ok(card)
}

impl<'a> CardFile<'a> {
    /// Reads an object of texts without escapes, each name once.
    fn read(file: &'a [u8]) -> Option<Self> {
        let mut card = Self::default();
        let mut rest = after(file, b'{')?;
        loop {
            let (name, value);
            (name, rest) = text(rest)?;
            (value, rest) = text(after(rest, b':')?)?;
            let place = match name {
                "number" => &mut card.number,
                "expiry_month" => &mut card.expiry_month,
                "expiry_year" => &mut card.expiry_year,
                "cvv" => &mut card.cvv,
                "holder" => &mut card.holder,
                _ => return None,
            };
            if place.replace(value).is_some() {
                return None;
            }
            match after(rest, b',') {
                Some(more) => rest = more,
                None => break,
            }
        }
        after(rest, b'}')?.trim_ascii().is_empty().then_some(card)
    }
}

/// What comes after this mark.
fn after(rest: &[u8], mark: u8) -> Option<&[u8]> {
    rest.trim_ascii_start().strip_prefix(&[mark])
}

/// A text in quotes, and what comes after it.
fn text(rest: &[u8]) -> Option<(&str, &[u8])> {
    let rest = after(rest, b'"')?;
    let end = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
    let (text, rest) = rest.split_at(end);
    Some((core::str::from_utf8(text).ok()?, after(rest, b'"')?))
}

/// The OTPs of a file, one a line, taken one after the other; each is wiped when it was taken.
pub(crate) struct Otps<'a> {
    rest: &'a mut [u8],
    wipe: bool,
}

impl<'a> Otps<'a> {
    pub(crate) fn new(file: &'a mut [u8], wipe: bool) -> Self {
        Self { rest: file, wipe }
    }

    /// Nothing is left, or there was nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next one that is an OTP.
    pub(crate) fn next(&mut self) -> Option<Otp> {
        while !self.rest.is_empty() {
            let rest = core::mem::take(&mut self.rest);
            let at = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
            let (line, rest) = rest.split_at_mut(at);
            self.rest = rest;
            let otp = core::str::from_utf8(line).ok().and_then(|text| Otp::parse(text.trim_ascii()).ok());
            if self.wipe {
                line.zeroize();
            }
            if otp.is_some() {
                return otp;
            }
        }
        None
    }
}

impl From<InvalidValue> for CardError {
    fn from(error: InvalidValue) -> Self {
        Self::Value(error)
    }
}

impl fmt::Display for CardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form => f.write_str("not JSON with number, expiry_month, expiry_year, cvv and holder as text"),
            Self::Value(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for CardError {}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    fn pay_with(file: &str) -> Result<OrderPay, CardError> {
        order_pay(file.as_bytes(), PaymentSessionId::parse("s").unwrap(), false)
    }

    #[test]
    fn years_have_two_or_four_digits() {
        const CARD: &str = r#"{"number": "4111111111111111", "expiry_month": "03", "expiry_year": "28", "cvv": "123", "holder": "A B"}"#;
        for year in ["28", "2028"] {
            assert!(pay_with(&CARD.replace("28", year)).is_ok(), "{year}");
        }
        let without = CARD.replace(r#", "holder": "A B""#, "");
        assert!(pay_with(&without).is_ok());
        assert!(matches!(pay_with(&CARD.replace("03", "13")), Err(CardError::Value(_))));
        assert_eq!(pay_with(&CARD[1..]).err(), Some(CardError::Form));
        let without = CARD.replace(r#""cvv": "123", "#, "");
        assert_eq!(pay_with(&without).err(), Some(CardError::Form));
    }

    /// Mutants: the last quote not needed; a name taken twice; an unknown name, or what follows the object, passed over.
    #[test]
    fn a_file_of_another_form_is_refused() {
        const CARD: &str = r#"{"number":"4111111111111111","expiry_month":"03","expiry_year":"28","cvv":"123"}"#;
        assert!(pay_with(&std::format!(" {CARD}\n")).is_ok());
        for length in 0..CARD.len() {
            assert_eq!(pay_with(&CARD[..length]).err(), Some(CardError::Form), "{length}");
        }
        for (right, wrong) in [
            (r#""123""#, "123"),
            ("123", r"1\u00323"),
            (r#""cvv""#, r#""cvv":"123","cvv""#),
            (r#""cvv""#, r#""pin":"1","cvv""#),
            ("}", r#","}"#),
            ("}", ",}"),
            ("}", "}}"),
            (",", ";"),
        ] {
            assert_eq!(pay_with(&CARD.replace(right, wrong)).err(), Some(CardError::Form), "{right} as {wrong}");
        }
        assert_eq!(pay_with("{}").err(), Some(CardError::Form));
    }

    #[test]
    fn a_holder_is_checked() {
        const CARD: &str =
            r#"{"number":"4111111111111111","expiry_month":"03","expiry_year":"28","cvv":"123","holder":"H"}"#;
        assert!(pay_with(CARD).is_ok());
        assert!(matches!(pay_with(&CARD.replace("\"H\"", "\"\"")), Err(CardError::Value(_))));
    }

    /// Mutant seen red: the line not wiped.
    #[test]
    fn an_otp_is_gone_once_taken() {
        let mut file = *b"12345678\n\nnot one\n111000";
        let mut otps = Otps::new(&mut file, true);
        assert!(otps.next().is_some());
        assert!(otps.next().is_some());
        assert!(otps.next().is_none());
        assert_eq!(file, [0; 24]);
    }
}
