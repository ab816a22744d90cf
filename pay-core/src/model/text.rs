//! Text of a fixed capacity. The only file that names the crate behind it.

use core::fmt;
use core::ops::Deref;

use super::error::{InvalidValue, Reason};

/// UTF-8 text of at most `N` bytes, stored in place.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Text<const N: usize>(heapless::String<N>);

impl<const N: usize> Text<N> {
    /// The empty text.
    pub const fn new() -> Self {
        Self(heapless::String::new())
    }

    /// Copies `text`; `field` names it in the error.
    ///
    /// # Errors
    /// [`Reason::TooLong`] if it has more than `N` bytes.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, InvalidValue> {
        let mut inner = heapless::String::new();
        inner.push_str(text).map_err(|_| InvalidValue::new(field, Reason::TooLong { max: N }))?;
        Ok(Self(inner))
    }

    /// Copies as much of `text` as fits, cut between characters. For words of the server that are shown to people.
    pub fn cut(text: &str) -> Self {
        let mut inner = heapless::String::new();
        let _ = inner.push_str(head(text, N));
        Self(inner)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// As many whole characters as have room in `most` bytes. One function for texts of every capacity.
#[inline(never)]
fn head(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

impl<const N: usize> fmt::Write for Text<N> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        self.0.push_str(s).map_err(|_| fmt::Error)
    }
}

impl<const N: usize> Deref for Text<N> {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

#[cfg(feature = "defmt")]
impl<const N: usize> defmt::Format for Text<N> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{=str}", self.as_str());
    }
}

/// Checks length and alphabet of an id or a header value. `allowed` sees one byte at a time.
pub(crate) fn check(
    field: &'static str,
    text: &str,
    length: core::ops::RangeInclusive<usize>,
    allowed: fn(u8) -> bool,
) -> Result<(), InvalidValue> {
    if text.len() < *length.start() {
        return Err(InvalidValue::new(field, Reason::TooShort { min: *length.start() }));
    }
    if text.len() > *length.end() {
        return Err(InvalidValue::new(field, Reason::TooLong { max: *length.end() }));
    }
    match text.bytes().position(|byte| !allowed(byte)) {
        Some(at) => Err(InvalidValue::new(field, Reason::Character { at })),
        None => Ok(()),
    }
}

/// Letters, digits, `_` and `-`: the alphabet of the gateway's order ids.
pub(crate) fn is_id(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// A decimal digit.
pub(crate) fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

/// Visible ASCII: what is safe in a header value (RFC 9110, section 5.5, without white space).
pub(crate) fn is_visible(byte: u8) -> bool {
    byte.is_ascii_graphic()
}

/// Anything but control characters: what people write (names, notes, addresses).
pub(crate) fn is_prose(byte: u8) -> bool {
    !byte.is_ascii_control()
}
