//! Values that must never be shown, and are wiped when dropped.

use core::fmt;
use core::hash::{Hash, Hasher};

use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroize;

use super::error::{InvalidValue, Reason};

/// Secret text of at most `N` bytes: a card number, a CVV, an OTP, a token, a key.
///
/// Prints as `***`, is wiped on drop (PCI DSS 4.0.1, requirement 3.3.1: sensitive authentication data is not kept), has
/// compares in constant time and has no serializer. Moving a Rust value copies it: make a
/// secret once, where it will live, and lend it.
#[derive(Clone)]
pub struct Secret<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Secret<N> {
    /// Copies `text`; `field` names it in the error.
    ///
    /// # Errors
    /// [`Reason::TooLong`] if it has more than `N` bytes.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, InvalidValue> {
        let mut secret = Self { bytes: [0; N], len: 0 };
        secret
            .bytes
            .get_mut(..text.len())
            .ok_or(InvalidValue::new(field, Reason::TooLong { max: N }))?
            .copy_from_slice(text.as_bytes());
        secret.len = text.len();
        Ok(secret)
    }

    /// The text. The name says what the call does: keep the result as short-lived as possible.
    pub fn expose(&self) -> &str {
        self.bytes.get(..self.len).and_then(|bytes| core::str::from_utf8(bytes).ok()).unwrap_or("")
    }
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        self.bytes.zeroize();
        self.len.zeroize();
    }
}

impl<const N: usize> ConstantTimeEq for Secret<N> {
    /// Equal text; the time taken depends on the lengths only.
    fn ct_eq(&self, other: &Self) -> Choice {
        self.len.ct_eq(&other.len) & self.bytes.ct_eq(&other.bytes)
    }
}

impl<const N: usize> PartialEq for Secret<N> {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl<const N: usize> Eq for Secret<N> {}

impl<const N: usize> Hash for Secret<N> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.expose().hash(state);
    }
}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<const N: usize> fmt::Display for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(feature = "defmt")]
impl<const N: usize> defmt::Format for Secret<N> {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "***");
    }
}
