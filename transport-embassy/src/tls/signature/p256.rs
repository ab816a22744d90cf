//! ECDSA over P-256, verification alone (FIPS 186-5 section 6.4.2; SP 800-186 section 3.2.1.3 for the curve).
//!
//! What takes time, two multiples of points, is the curve's ([`crate::tls::p256`]); the rest is here, once for each way to multiply. Key,
//! message and signature are public, so nothing here runs in constant time.

use super::der::two_positive;
use super::modular::{Modulus, candidates, number, words};
use crate::tls::p256::{Number, Point};

/// The prime of the field.
const P: Number = [0xffffffff, 0xffffffff, 0xffffffff, 0x00000000, 0x00000000, 0x00000000, 0x00000001, 0xffffffff];
/// The order of the curve, which is prime.
const N: Number = [0xfc632551, 0xf3b9cac2, 0xa7179e84, 0xbce6faad, 0xffffffff, 0xffffffff, 0x00000000, 0xffffffff];
/// R = 2^256, modulo the order: all that is missing from it, since the order is more than half of R.
const R: Number = [0x039cdaaf, 0x0c46353d, 0x58e8617b, 0x43190552, 0x00000000, 0x00000000, 0xffffffff, 0x00000000];
const ONE: Number = [1, 0, 0, 0, 0, 0, 0, 0];
const TWO: Number = [2, 0, 0, 0, 0, 0, 0, 0];

/// Whether `signature` (DER of ECDSA-Sig-Value, RFC 3279 section 2.2.3) is of this hash under `key`: a point in its uncompressed form (SEC 1
/// section 2.3.3), which is the one that certificates have. Of a longer hash its first 256 bits count.
pub(super) fn verify(key: &[u8], hash: &[u8], signature: &[u8]) -> Option<()> {
    let key = Point::from_bytes(key)?;
    let (r, s) = two_positive(signature)?;
    let (r, s) = (number(r, &N)?, number(s, &N)?);
    let mut e = Number::default();
    // It may be above the order, which one factor may be.
    words(&hash[..hash.len().min(32)], &mut e);
    let order = Modulus::new(&N);
    // A product of one number times R and one that is not is without R.
    let inverse = order.divide(&R, &s);
    let product = |number: &Number| {
        let mut out = Number::default();
        order.mul(&mut out, &inverse, number);
        out
    };
    let (u1, u2) = (product(&e), product(&r));
    let second = key.times(&u2)?;
    let sum = if u1 == Number::default() { Sum::Known(second) } else { Sum::of(Point::base_times(&u1)?, second)? };
    candidates(&r, &N, &P).any(|x| sum.has(&x)).then_some(())
}

/// A sum of two points.
enum Sum {
    Known(Point),
    /// Of two that are not the same.
    Of(Point, Point),
}

impl Sum {
    fn of(a: Point, b: Point) -> Option<Self> {
        if a == b { a.times(&TWO).map(Self::Known) } else { Some(Self::Of(a, b)) }
    }

    /// Whether this is its x, without a division: that of a sum is ((b.y - a.y) / (b.x - a.x))² - a.x - b.x.
    /// Opposite points have none: there nothing is left of the side with x, and the other is not zero.
    fn has(&self, x: &Number) -> bool {
        let (a, b) = match self {
            Self::Known(point) => return point.x == *x,
            Self::Of(a, b) => (a, b),
        };
        let field = Modulus::new(&P);
        let mul = |a: &Number, b: &Number| {
            let mut out = Number::default();
            field.mul(&mut out, a, b);
            out
        };
        let square_of_difference = |a: &Number, b: &Number| {
            let mut difference = *b;
            field.sub(&mut difference, a);
            mul(&difference, &difference)
        };
        let mut all = *x;
        field.add(&mut all, &a.x);
        field.add(&mut all, &b.x);
        // Both sides are divided by R twice.
        mul(&all, &square_of_difference(&a.x, &b.x)) == mul(&square_of_difference(&a.y, &b.y), &ONE)
    }
}

#[cfg(test)]
const BYTES: usize = 32;
#[cfg(test)]
use {::p256 as oracle, ::p256::U256 as Uint};

#[cfg(test)]
#[path = "curve_tests.rs"]
#[allow(clippy::duplicate_mod, reason = "the same tests of each curve")]
mod tests;
