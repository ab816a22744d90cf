//! What to do next for the shopper to pay. Everything is borrowed from the receive buffer.

use core::fmt;

use super::super::json::ascii;
use super::super::json::escape::Escaped;
use super::super::json::members;
use super::super::json::scan::{Kind, Value};
use super::url::{UpiLink, Url};

/// The next action of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NextAction<'a> {
    /// Open this page (the gateway's, a bank's, a wallet's).
    OpenUrl(Url<'a>),
    /// Post these fields to this page, as `application/x-www-form-urlencoded` (3-DS).
    PostForm {
        /// Where to.
        url: Url<'a>,
        /// What.
        fields: FormFields<'a>,
    },
    /// Show this image.
    ShowQr(QrImage<'a>),
    /// Open one of these in a UPI app, or draw the `upi://` one as a QR.
    UpiLinks(UpiLinks<'a>),
    /// Ask for the OTP the bank sent.
    EnterOtp {
        /// The bank's page, should the OTP not work out.
        redirect_to_bank: Option<Url<'a>>,
        /// The OTP given last was wrong.
        was_wrong: bool,
    },
    /// Show these details to transfer to.
    BankTransfer(BankTransferDetails<'a>),
    /// Nothing to show: the shopper acts in their app.
    Wait,
    /// An action this crate does not know, or one whose data is not safe to hand on. The attempt exists: ask for its status.
    Unknown {
        /// The gateway's word; empty where absent.
        action: &'a str,
    },
}

/// The fields of a form, in the server's order. Values may have been numbers; they come as their digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FormFields<'a> {
    /// An object, or nothing.
    raw: &'a [u8],
}

/// One field of a form.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FormField<'a> {
    /// Its name.
    pub name: Escaped<'a>,
    /// Its value.
    pub value: Escaped<'a>,
}

/// A PNG image as base64, checked for its alphabet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct QrImage<'a>(&'a [u8]);

/// Links of one payment for several UPI apps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UpiLinks<'a> {
    /// BHIM.
    pub bhim: Option<UpiLink<'a>>,
    /// Any app: `upi://pay?…` in production.
    pub default: Option<UpiLink<'a>>,
    /// Google Pay.
    pub gpay: Option<UpiLink<'a>>,
    /// Paytm.
    pub paytm: Option<UpiLink<'a>>,
    /// PhonePe.
    pub phonepe: Option<UpiLink<'a>>,
    /// A page of the gateway.
    pub web: Option<UpiLink<'a>>,
}

/// Where to transfer to; each part as the gateway wrote it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BankTransferDetails<'a> {
    /// Account number.
    pub account_number: Option<&'a str>,
    /// IFSC code of the branch.
    pub ifsc: Option<&'a str>,
    /// A UPI address for the same account.
    pub virtual_vpa: Option<&'a str>,
}

impl NextAction<'_> {
    /// A word for logs and output: `open_url`, `post_form`, `show_qr`, `upi_links`, `enter_otp`, `bank_transfer`, `wait`, `unknown`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::OpenUrl(_) => "open_url",
            Self::PostForm { .. } => "post_form",
            Self::ShowQr(_) => "show_qr",
            Self::UpiLinks(_) => "upi_links",
            Self::EnterOtp { .. } => "enter_otp",
            Self::BankTransfer(_) => "bank_transfer",
            Self::Wait => "wait",
            Self::Unknown { .. } => "unknown",
        }
    }
}

impl<'a> FormFields<'a> {
    /// `raw` must be an object that has passed the scanner, or empty.
    pub(crate) const fn new(raw: &'a [u8]) -> Self {
        Self { raw }
    }

    /// Calls `field` for each field.
    pub fn for_each(&self, mut field: impl FnMut(FormField<'a>)) {
        // The text has passed the scanner, so walking it cannot fail; if it did, the rest would be left out.
        let _ = members::walk(self.raw, 0, 0, |name, value| {
            let text = |value: &Value| core::str::from_utf8(value.span.of(self.raw)).unwrap_or("");
            let written = if value.kind == Kind::Null { "" } else { text(&value) };
            field(FormField { name: Escaped::new(text(&name)), value: Escaped::new(written) });
        });
    }

    /// Writes the fields as `application/x-www-form-urlencoded` (WHATWG URL, section 5.2): what a browser would post.
    ///
    /// # Errors
    /// What `out` returns: it is full.
    pub fn write_urlencoded(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        let mut result = Ok(());
        let mut first = true;
        self.for_each(|field| {
            if result.is_ok() {
                result = (|| {
                    if !first {
                        out.write_char('&')?;
                    }
                    first = false;
                    urlencode(field.name, out)?;
                    out.write_char('=')?;
                    urlencode(field.value, out)
                })();
            }
        });
        result
    }
}

impl fmt::Debug for FormFields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FormFields(***)")
    }
}

impl<'a> QrImage<'a> {
    const PREFIX: &'static str = "data:image/png;base64,";

    /// From a data URL; `None` unless it is `data:image/png;base64,` and base64 (RFC 4648, section 4) with its padding.
    pub fn parse(data_url: &'a str) -> Option<Self> {
        let data_url = data_url.as_bytes();
        if Self::is_one(data_url) { Self::checked_before(data_url) } else { None }
    }

    /// What [`QrImage::parse`] checks.
    pub(crate) fn is_one(data_url: &'a [u8]) -> bool {
        let Some(image) = Self::checked_before(data_url) else { return false };
        let digits = image.digits();
        !digits.is_empty()
            && image.0.len().is_multiple_of(4)
            && ascii::all(digits, b'A', |word| {
                let letters = ascii::within(word | u32::from_ne_bytes([0x20; 4]), b'a', b'z');
                // A slash comes right before the digits.
                letters | ascii::within(word, b'/', b'9') | ascii::within(word, b'+', b'+')
            })
    }

    /// From what has been checked: looking at each of its 10,000 digits again shows on a small core.
    pub(crate) fn checked_before(data_url: &'a [u8]) -> Option<Self> {
        data_url.strip_prefix(Self::PREFIX.as_bytes()).map(Self)
    }

    /// The image as base64.
    pub const fn base64(self) -> &'a str {
        // Its alphabet is part of ASCII.
        match core::str::from_utf8(self.0) {
            Ok(text) => text,
            Err(_) => "",
        }
    }

    fn digits(self) -> &'a [u8] {
        match self.0 {
            [digits @ .., b'=', b'='] | [digits @ .., b'='] => digits,
            digits => digits,
        }
    }

    /// The size of the PNG file in bytes.
    pub fn png_len(self) -> usize {
        self.digits().len() * 3 / 4
    }

    /// Writes the PNG file to `out`; returns its size, or `None` if `out` is smaller than [`QrImage::png_len`].
    pub fn decode(self, out: &mut [u8]) -> Option<usize> {
        let len = self.png_len();
        let out = out.get_mut(..len)?;
        let digits = self.digits();
        for (to, from) in out.chunks_mut(3).zip(digits.chunks(4)) {
            let bits = from.iter().fold(0_u32, |bits, digit| bits << 6 | u32::from(sextet(*digit).unwrap_or(0)));
            let bits = bits << (6 * (4 - from.len()));
            let [_, bytes @ ..] = bits.to_be_bytes();
            for (to, from) in to.iter_mut().zip(bytes) {
                *to = from;
            }
        }
        Some(len)
    }
}

impl fmt::Debug for QrImage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QrImage({} bytes)", self.png_len())
    }
}

impl<'a> UpiLinks<'a> {
    /// The links there are, with the gateway's names.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, UpiLink<'a>)> {
        [
            ("bhim", self.bhim),
            ("default", self.default),
            ("gpay", self.gpay),
            ("paytm", self.paytm),
            ("phonepe", self.phonepe),
            ("web", self.web),
        ]
        .into_iter()
        .filter_map(|(name, link)| link.map(|link| (name, link)))
    }

    /// The link to draw as a QR: the first of the `upi` scheme.
    pub fn upi(&self) -> Option<UpiLink<'a>> {
        self.iter().map(|(_, link)| link).find(|link| link.as_str().starts_with("upi://"))
    }
}

/// The value of a digit of base64 (RFC 4648, section 4).
pub(crate) const fn sextet(digit: u8) -> Option<u8> {
    match digit {
        b'A'..=b'Z' => Some(digit - b'A'),
        b'a'..=b'z' => Some(digit - b'a' + 26),
        b'0'..=b'9' => Some(digit - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

fn urlencode(text: Escaped<'_>, out: &mut dyn fmt::Write) -> fmt::Result {
    for c in text.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '*' | '-' | '.' | '_' => out.write_char(c)?,
            ' ' => out.write_char('+')?,
            _ => {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    write!(out, "%{byte:02X}")?;
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::String;

    #[test]
    fn forms_post_as_a_browser_would() {
        let fields = FormFields::new(br#"{"MD":89811231231,"PaReq":"a+b/c= \u0026\u20b9","x":null}"#);
        let mut out = String::new();
        fields.write_urlencoded(&mut out).unwrap();
        assert_eq!(out, "MD=89811231231&PaReq=a%2Bb%2Fc%3D+%26%E2%82%B9&x=");
    }

    #[test]
    fn images_are_base64_of_png() {
        let image = QrImage::parse("data:image/png;base64,iVBORw0KGgo=").unwrap();
        let mut out = [0; 8];
        assert_eq!((image.png_len(), image.decode(&mut out)), (8, Some(8)));
        assert_eq!(out, *b"\x89PNG\r\n\x1a\n");
        assert_eq!(image.decode(&mut [0; 7]), None);
        for text in [
            "data:image/png;base64,",
            "data:image/png;base64,a b=",
            "data:image/svg+xml;base64,AAAA",
            "iVBO",
            "data:image/png;base64,AA===",
        ] {
            assert!(QrImage::parse(text).is_none(), "{text}");
        }
    }

    /// Mutants seen red: `0` for the slash; the plus left out; `| 0x20` left out.
    #[test]
    fn digits_of_images_are_those_of_base64() {
        for byte in 0..=0x7f_u8 {
            let digit = byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
            for place in 0..5 {
                let mut bytes = *b"AbC9AA==";
                bytes[place] = byte;
                let mut text = String::from(QrImage::PREFIX);
                text.push_str(core::str::from_utf8(&bytes).unwrap());
                assert_eq!(QrImage::parse(&text).is_some(), digit, "{byte:#x} at {place}");
            }
        }
        assert!(QrImage::parse("data:image/png;base64,AA\u{e1}").is_none());
    }
}
