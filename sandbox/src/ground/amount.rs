//! Money as whole paise, read from and written as a JSON number's text.

use serde_json::Value;

/// An amount of Indian rupees in paise (1/100 rupee).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Paise(pub u64);

impl Paise {
    /// Largest amount taken: ten thousand million rupees, far above any order.
    const MAX: u64 = 1_000_000_000_000;

    /// Reads the text of a JSON number: digits, at most two decimals that are not zero, no exponent.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        if whole.is_empty() || fraction.is_empty() || whole.len() > 15 {
            return None;
        }
        let mut paise = 0_u64;
        for digit in whole.bytes() {
            paise = paise * 10 + digit_value(digit)?;
        }
        for place in 0..2 {
            paise = paise * 10 + digit_value(*fraction.as_bytes().get(place).unwrap_or(&b'0'))?;
        }
        let exact = fraction.bytes().skip(2).all(|digit| digit == b'0');
        (exact && paise <= Self::MAX).then_some(Self(paise))
    }

    /// Reads a JSON value that must be a number.
    pub(crate) fn from_json(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => Self::parse(&number.to_string()),
            _ => None,
        }
    }

    /// `1`, `200.5`, `10.15`: no zero that can be left out.
    pub(crate) fn shortest(self) -> String {
        let text = self.two_decimals();
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }

    /// `1.00`, `200.50`, `10.15`: as UPI links carry it.
    pub(crate) fn two_decimals(self) -> String {
        format!("{}.{:02}", self.0 / 100, self.0 % 100)
    }

    /// A JSON number printed without needless zeros.
    pub(crate) fn json(self) -> Value {
        number(&self.shortest())
    }

    /// A JSON number printed with two decimals.
    pub(crate) fn json_two_decimals(self) -> Value {
        number(&self.two_decimals())
    }
}

/// A JSON number that keeps this very text.
fn number(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

fn digit_value(digit: u8) -> Option<u64> {
    digit.is_ascii_digit().then(|| u64::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::Paise;

    // Mutant: without the `exact` check `1.005` is read as 1.00.
    #[test]
    fn amounts_are_exact() {
        for (text, paise) in
            [("1", 100), ("200.5", 20_050), ("1.20", 120), ("10.15", 1015), ("1.000", 100), ("0.01", 1)]
        {
            assert_eq!(Paise::parse(text), Some(Paise(paise)), "{text}");
        }
        for wrong in ["1.005", "-1", "1e2", "1.", ".5", "", "99999999999999999999", "1,5"] {
            assert_eq!(Paise::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Paise(100).shortest(), "1");
        assert_eq!(Paise(1000).shortest(), "10");
        assert_eq!(Paise(20_050).shortest(), "200.5");
        assert_eq!(Paise(120).json_two_decimals().to_string(), "1.20");
    }
}
