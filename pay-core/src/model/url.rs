//! Addresses the server hands us. This crate never opens one.

use core::fmt;

use super::super::json::ascii::{all, other_than, within};
use super::{Amount, Currency};

/// An `https` address from the gateway, safe to hand to a browser: no user information, no control characters, no white
/// space. The host is for people to see: a 3-DS form goes to any bank, so there is no allow-list here.
///
/// Addresses carry session tokens, so [`fmt::Debug`] shows only the host.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Url<'a>(&'a str);

impl<'a> Url<'a> {
    /// Checks an address; `None` if it is not safe to hand on.
    pub fn parse(text: &'a str) -> Option<Self> {
        Self::is_safe(text.as_bytes()).then_some(Self(text))
    }

    /// What [`Url::parse`] checks.
    pub(crate) fn is_safe(text: &[u8]) -> bool {
        let Some(rest) = text.strip_prefix(b"https://") else { return false };
        // Its end is one of three characters that no host has, and `@` is none of those a host has.
        let in_host = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']');
        let host = rest.iter().position(|b| !in_host(b)).unwrap_or(rest.len());
        let ends = matches!(rest.get(host), None | Some(b'/' | b'?' | b'#'));
        ends && !matches!(rest.first(), None | Some(b':' | b'/' | b'?' | b'#')) && is_clean(rest)
    }

    /// From what has been checked.
    pub(crate) const fn checked_before(text: &'a str) -> Self {
        Self(text)
    }

    /// The address.
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// Host and port, as written.
    pub fn host(self) -> &'a str {
        authority(self.0.strip_prefix("https://").unwrap_or(""))
    }
}

impl fmt::Debug for Url<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}/***", self.host())
    }
}

/// A link that opens a UPI app: of a known UPI scheme (`upi`, `tez`, `gpay`, `phonepe`, `paytmmp`, `paytm`, `bhim`), or `https`
/// (the gateway's sandbox gives those).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct UpiLink<'a>(&'a str);

impl<'a> UpiLink<'a> {
    /// Checks a link; `None` if it is not safe to hand on.
    pub fn parse(text: &'a str) -> Option<Self> {
        Self::is_safe(text.as_bytes()).then_some(Self(text))
    }

    /// What [`UpiLink::parse`] checks.
    pub(crate) fn is_safe(text: &[u8]) -> bool {
        let Some(colon) = text.iter().position(|b| *b == b':') else { return false };
        let (scheme, rest) = text.split_at(colon);
        match scheme {
            b"upi" | b"tez" | b"gpay" | b"phonepe" | b"paytmmp" | b"paytm" | b"bhim" => {
                rest.starts_with(b"://") && is_clean(rest)
            }
            _ => Url::is_safe(text),
        }
    }

    /// From what has been checked.
    pub(crate) const fn checked_before(text: &'a str) -> Self {
        Self(text)
    }

    /// The link.
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// The value of a parameter of the query, still percent-encoded: `pa` (payee), `am` (amount in major units), `cu`
    /// (currency), `tr` (reference).
    pub fn parameter(self, name: &str) -> Option<&'a str> {
        let (_, query) = self.0.split_once('?')?;
        query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// Whether it asks the shopper for this amount in this currency: members `am` (in major units) and `cu` of NPCI's linking
    /// specification. A link without an amount lets the shopper type any, so it is refused as well. Look before showing a link or a
    /// code of it.
    ///
    /// # Errors
    /// [`WrongLink`]; show neither the link nor a code of it.
    pub fn asks_for(self, amount: Amount, currency: &Currency) -> Result<(), WrongLink> {
        if self.only("am").and_then(|text| Amount::parse(text).ok()) != Some(amount) {
            return Err(WrongLink::Amount);
        }
        if self.only("cu") != Some(currency.as_str()) {
            return Err(WrongLink::Currency);
        }
        Ok(())
    }

    /// The value of a parameter that is there exactly once, in whatever spelling of its name: an app may take another one
    /// than we do.
    fn only(self, name: &str) -> Option<&'a str> {
        // By bytes, which are the characters of a checked link.
        let query = self.0.as_bytes();
        let query = query.get(query.iter().position(|byte| *byte == b'?')? + 1..)?;
        let query = query.split(|byte| *byte == b'#').next()?;
        let mut found = None;
        for pair in query.split(|byte| matches!(byte, b'&' | b';')) {
            let end = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let (key, value) = pair.split_at(end);
            if key.contains(&b'%') {
                return None;
            }
            if key.eq_ignore_ascii_case(name.as_bytes()) && (key != name.as_bytes() || found.replace(value).is_some()) {
                return None;
            }
        }
        core::str::from_utf8(found?.strip_prefix(b"=").unwrap_or_default()).ok()
    }
}

/// Why a link is not for a shopper to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // what a link asks for is an amount and a currency
pub enum WrongLink {
    /// It asks for another amount than the order's, for none, or for two.
    Amount,
    /// It asks for another currency than the order's, for none, or for two.
    Currency,
}

impl fmt::Display for WrongLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Amount => "the link does not ask for the amount of the order",
            Self::Currency => "the link does not ask for the currency of the order",
        })
    }
}

impl core::error::Error for WrongLink {}

impl fmt::Debug for UpiLink<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://***", self.0.split("://").next().unwrap_or(""))
    }
}

fn authority(rest: &str) -> &str {
    rest.split(['/', '?', '#']).next().unwrap_or("")
}

/// Printable ASCII without characters that leave a quoted attribute or a shell word. Every link of an answer passes here.
fn is_clean(text: &[u8]) -> bool {
    all(text, b'a', |word| {
        let others =
            other_than(word, b'"') & other_than(word, b'\'') & other_than(word, b'\\') & other_than(word, b'`');
        // `<` and `>` differ in one bit.
        within(word, b'!', b'~') & others & other_than(word | u32::from_ne_bytes([b'<' ^ b'>'; 4]), b'<' | b'>')
    })
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    // Mutant: without the check for `@`, "https://api.cashfree.com@evil.example/" passes and people read the wrong host.
    #[test]
    fn only_safe_addresses_pass() {
        for text in [
            "https://api.cashfree.com/pg/view?a=1&b=2",
            "https://bank.example:8443/x",
            "https://[::1]/",
            "https://a.b?q#f",
        ] {
            assert!(Url::parse(text).is_some(), "{text}");
        }
        for text in [
            "http://a.b/",
            "https://",
            "https://user@a.b/",
            "https://a.b@evil.example/",
            "https:///x",
            "javascript:alert(1)",
            "https://a.b/\n",
            "https://a.b/ x",
            "https://a.b/\"onload=",
            "HTTPS://a.b",
            "https://a\\b/",
            "https://é/",
        ] {
            assert!(Url::parse(text).is_none(), "{text}");
        }
        assert_eq!(Url::parse("https://bank.example:8443/x?y").unwrap().host(), "bank.example:8443");
        assert!(!std::format!("{:?}", Url::parse("https://a.b/session_x").unwrap()).contains("session"));
    }

    #[test]
    fn upi_links_have_known_schemes() {
        let link = UpiLink::parse("upi://pay?pa=shop@upi&am=10.15&cu=INR").unwrap();
        assert_eq!(
            (link.parameter("am"), link.parameter("cu"), link.parameter("tn")),
            (Some("10.15"), Some("INR"), None)
        );
        for text in ["intent://x", "file:///etc/passwd", "upi:pay", "upi://pay?a\nb", "http://a.b"] {
            assert!(UpiLink::parse(text).is_none(), "{text}");
        }
    }

    /// Every byte at every place of a word, and one beyond it. Mutants seen red: `!word` left out; `0x80 - last` for `0x7f - last`;
    /// `others` left out.
    #[test]
    fn four_characters_at_once_are_each_looked_at() {
        for byte in 0..=0x7f_u8 {
            let clean = byte.is_ascii_graphic() && !b"\"'<>\\`".contains(&byte);
            for place in 0..6 {
                let mut bytes = *b"abcdef";
                bytes[place] = byte;
                assert_eq!(is_clean(&bytes), clean, "{byte:#x} at {place}");
            }
        }
        // Beyond ASCII, whatever its other bits look like.
        for text in ["\u{e1}aa", "aa\u{e1}", "aaa\u{e1}", "\u{ff41}", "a\u{10ffff}"] {
            assert!(!is_clean(text.as_bytes()), "{text}");
        }
        assert!(is_clean(b""));
    }
}
