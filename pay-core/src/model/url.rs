//! Addresses the server hands us. This crate never opens one.

use core::fmt;

/// An `https` address from the gateway, safe to hand to a browser: no user information, no control characters, no white
/// space. The host is for people to see: a 3-DS form goes to any bank, so there is no allow-list here.
///
/// Addresses carry session tokens, so [`fmt::Debug`] shows only the host.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Url<'a>(&'a str);

impl<'a> Url<'a> {
    /// Checks an address; `None` if it is not safe to hand on.
    pub fn parse(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix("https://")?;
        let authority = authority(rest);
        let safe = !authority.is_empty()
            && !authority.contains('@')
            && !authority.starts_with(':')
            && authority.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b))
            && is_clean(text);
        safe.then_some(Self(text))
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
        let (scheme, rest) = text.split_once(':')?;
        let known =
            rest.starts_with("//") && ["upi", "tez", "gpay", "phonepe", "paytmmp", "paytm", "bhim"].contains(&scheme);
        ((known && is_clean(text)) || Url::parse(text).is_some()).then_some(Self(text))
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
}

impl fmt::Debug for UpiLink<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://***", self.0.split("://").next().unwrap_or(""))
    }
}

fn authority(rest: &str) -> &str {
    rest.split(['/', '?', '#']).next().unwrap_or("")
}

/// Printable ASCII without characters that leave a quoted attribute or a shell word.
fn is_clean(text: &str) -> bool {
    // Without an early exit, so that the compiler can look at many bytes at once: every link of an answer passes here.
    text.bytes().fold(true, |clean, b| {
        let breaks_out = (b == b'"') | (b == b'\'') | (b == b'<') | (b == b'>') | (b == b'\\') | (b == b'`');
        clean & b.is_ascii_graphic() & !breaks_out
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
}
