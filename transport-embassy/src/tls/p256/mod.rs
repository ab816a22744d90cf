//! The curve P-256 (SP 800-186 section 3.2.1.3): its points and their multiples, for secrets and for what is public.
//!
//! Two crates do the arithmetic: `p256-cm4`, in assembly, on a Cortex-M4 with the feature of that name; RustCrypto's everywhere else. What
//! is built on them is the same code for both.

#[cfg(all(feature = "p256-cm4", target_arch = "arm"))]
mod cortex_m4;
#[cfg(not(all(feature = "p256-cm4", target_arch = "arm")))]
mod portable;

#[cfg(all(feature = "p256-cm4", target_arch = "arm"))]
use cortex_m4 as arithmetic;
#[cfg(not(all(feature = "p256-cm4", target_arch = "arm")))]
use portable as arithmetic;

use zeroize::Zeroize;

/// A coordinate or a scalar, the least significant word first.
pub(super) type Number = [u32; 8];

/// Bytes of a point as it is sent: 4, x, y (SEC 1 section 2.3.3).
pub(super) const POINT_BYTES: usize = 65;

/// Two coordinates. Whether they are a point of the curve is asked where it is multiplied.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) x: Number,
    pub(super) y: Number,
}

impl Point {
    /// From the uncompressed form, which is the one that TLS 1.3 and certificates have.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let [4, coordinates @ ..] = bytes else { return None };
        let (x, y) = coordinates.split_first_chunk()?;
        Some(Self { x: number(x), y: number(y.try_into().ok()?) })
    }

    /// The uncompressed form.
    pub(super) fn to_bytes(&self) -> [u8; POINT_BYTES] {
        let mut bytes = [4; POINT_BYTES];
        let (x, y) = bytes[1..].split_at_mut(32);
        x.copy_from_slice(&big_endian(&self.x));
        y.copy_from_slice(&big_endian(&self.y));
        bytes
    }

    /// `scalar * self`, in a time that depends on neither. Nothing if `self` is no point of the curve, or the scalar is zero or not below the
    /// order.
    pub(super) fn times(&self, scalar: &Number) -> Option<Self> {
        arithmetic::multiple(scalar, self)
    }

    /// `scalar` times the base point, likewise.
    pub(super) fn base_times(scalar: &Number) -> Option<Self> {
        arithmetic::multiple_of_base(scalar)
    }
}

impl Zeroize for Point {
    fn zeroize(&mut self) {
        self.x.zeroize();
        self.y.zeroize();
    }
}

/// The number of 32 bytes.
pub(super) fn number(big_endian: &[u8; 32]) -> Number {
    let mut number = Number::default();
    for (word, bytes) in number.iter_mut().rev().zip(big_endian.as_chunks().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    number
}

/// Its 32 bytes.
pub(super) fn big_endian(number: &Number) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (bytes, word) in bytes.as_chunks_mut().0.iter_mut().zip(number.iter().rev()) {
        *bytes = word.to_be_bytes();
    }
    bytes
}
