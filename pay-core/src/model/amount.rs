//! Money as an exact count of minor units.

use core::fmt;

use super::error::{InvalidValue, Reason};
use super::text::{self, Text};

/// The greatest amount: 15 digits, so that no arithmetic on a few of them can overflow.
const MAX_MINOR: u64 = 999_999_999_999_999;

/// An amount in minor units (paise for INR), never a float.
///
/// The gateway writes amounts in JSON as numbers with up to two decimals (`1`, `200.5`, `1.20`) for every currency it
/// takes; assumption: one major unit is 100 minor units everywhere, as in its documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Amount(u64);

impl Amount {
    /// From minor units: `from_minor(1015)` is 10.15.
    ///
    /// # Errors
    /// [`Reason::OutOfRange`] above 15 digits.
    pub const fn from_minor(minor: u64) -> Result<Self, InvalidValue> {
        if minor > MAX_MINOR {
            return Err(InvalidValue::new("amount", Reason::OutOfRange { min: 0, max: MAX_MINOR }));
        }
        Ok(Self(minor))
    }

    /// The count of minor units.
    pub const fn minor(self) -> u64 {
        self.0
    }

    /// Reads a JSON number (RFC 8259, section 6) exactly: `10.15`, `10.150` and `1.015e1` are all 1015 minor units.
    ///
    /// # Errors
    /// [`Reason::Form`] if it is no JSON number, is negative or has a part of a minor unit (`10.155`);
    /// [`Reason::OutOfRange`] if it is too large.
    pub fn parse(number: &str) -> Result<Self, InvalidValue> {
        parse_minor(number.as_bytes()).and_then(Self::from_minor)
    }
}

impl fmt::Display for Amount {
    /// Major units with two decimals, as the gateway reads them: `10.15`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// An ISO 4217 currency code of three capital letters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Currency(Text<3>);

impl Currency {
    /// Indian rupee, the only currency the gateway takes without a special agreement.
    pub fn inr() -> Self {
        Self(Text::cut("INR"))
    }

    /// Reads a code.
    ///
    /// # Errors
    /// If it is not three capital letters.
    pub fn parse(code: &str) -> Result<Self, InvalidValue> {
        text::check("order_currency", code, 3..=3, |byte| byte.is_ascii_uppercase())?;
        Ok(Self(Text::cut(code)))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Digits and exponent are collected as integers, so nothing is ever rounded.
fn parse_minor(number: &[u8]) -> Result<u64, InvalidValue> {
    const FORM: InvalidValue = InvalidValue::new("amount", Reason::Form);
    const LARGE: InvalidValue = InvalidValue::new("amount", Reason::OutOfRange { min: 0, max: MAX_MINOR });

    let exponent_at = number.iter().position(|b| matches!(b, b'e' | b'E'));
    let (mantissa, exponent) = match exponent_at {
        Some(at) => (number.get(..at).unwrap_or_default(), parse_exponent(number.get(at + 1..).unwrap_or_default())?),
        None => (number, 0),
    };
    let (whole, fraction) = match mantissa.iter().position(|b| *b == b'.') {
        Some(at) => {
            let fraction = mantissa.get(at + 1..).unwrap_or_default();
            if fraction.is_empty() {
                return Err(FORM);
            }
            (mantissa.get(..at).unwrap_or_default(), fraction)
        }
        None => (mantissa, &[][..]),
    };
    if whole.is_empty() || (whole.len() > 1 && whole.first() == Some(&b'0')) {
        return Err(FORM);
    }
    if !whole.iter().chain(fraction).all(u8::is_ascii_digit) {
        return Err(FORM);
    }

    // value = digits × 10^exponent; in minor units the digit at index i (of all digits) counts 10^(shift - i).
    let zero = whole.iter().chain(fraction).all(|digit| *digit == b'0');
    if zero {
        return Ok(0);
    }
    let shift = i64::try_from(whole.len()).map_err(|_| LARGE)? - 1 + exponent + 2;
    let mut minor: u64 = 0;
    for (index, digit) in whole.iter().chain(fraction).enumerate() {
        let power = shift - i64::try_from(index).map_err(|_| LARGE)?;
        if *digit == b'0' {
            continue;
        }
        if power < 0 {
            return Err(FORM);
        }
        let power = u32::try_from(power).map_err(|_| LARGE)?;
        let unit = 10_u64.checked_pow(power).ok_or(LARGE)?;
        minor = unit.checked_mul(u64::from(*digit - b'0')).and_then(|part| minor.checked_add(part)).ok_or(LARGE)?;
    }
    Ok(minor)
}

fn parse_exponent(text: &[u8]) -> Result<i64, InvalidValue> {
    const FORM: InvalidValue = InvalidValue::new("amount", Reason::Form);
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(FORM);
    }
    let mut value: i64 = 0;
    for digit in digits {
        // Saturating: an absurd exponent is told as too large (or as a part of a minor unit), never wraps.
        value = value.saturating_mul(10).saturating_add(i64::from(*digit - b'0')).min(1 << 40);
    }
    Ok(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minor(number: &str) -> Result<u64, Reason> {
        Amount::parse(number).map(Amount::minor).map_err(|error| error.reason)
    }

    #[test]
    fn reads_every_spelling_of_an_exact_amount() {
        for (number, want) in [
            ("1", 100),
            ("200.5", 20_050),
            ("1.20", 120),
            ("10.150", 1015),
            ("1.015e1", 1015),
            ("1015E-2", 1015),
            ("0", 0),
            ("0.00", 0),
            ("0e999999999999999999999", 0),
            ("9999999999999.99", MAX_MINOR),
            ("100e+2", 1_000_000),
        ] {
            assert_eq!(minor(number), Ok(want), "{number}");
        }
    }

    // Mutant: `power < 0` accepted (rounding down) makes "10.155" read as 1015.
    #[test]
    fn refuses_what_is_not_an_exact_amount() {
        for number in [
            "10.155", "-1", "+1", ".5", "5.", "01", "", "1e", "1e+", "1.2.3", "NaN", "1e-3", "0.001", "1 ", "--1",
            "0x1",
        ] {
            assert_eq!(minor(number), Err(Reason::Form), "{number}");
        }
        for number in ["10000000000000", "1e30", "1e999999999999999999999999", "99999999999999999999999999"] {
            assert!(matches!(minor(number), Err(Reason::OutOfRange { .. })), "{number}");
        }
    }

    #[test]
    fn prints_two_decimals() {
        for (minor, text) in [(0, "0.00"), (5, "0.05"), (1015, "10.15"), (100, "1.00")] {
            let mut out = Text::<20>::new();
            core::fmt::Write::write_fmt(&mut out, format_args!("{}", Amount::from_minor(minor).unwrap())).unwrap();
            assert_eq!(out.as_str(), text);
        }
    }
}
