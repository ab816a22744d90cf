//! ECDSA over P-384, verification alone (FIPS 186-5 section 6.4.2; SP 800-186 section 3.2.1.4 for the curve).
//!
//! Key, message and signature are public, so nothing here runs in constant time. One formula adds any two points, equal, opposite or at
//! infinity (Renes, Costello, Batina: "Complete addition formulas for prime order elliptic curves", 2015, algorithm 4), so that there
//! are no cases to get wrong. The crate `p384`, which the tests compare this with, is made for secrets, and takes 150 KB of flash.

use super::der::two_positive;
use super::modular::{Modulus, candidates, number, words};

const WORDS: usize = 12;
const BYTES: usize = 4 * WORDS;

/// The least significant word first.
type Number = [u32; WORDS];

/// The prime of the field.
const P: Number = [
    0xffffffff, 0x00000000, 0x00000000, 0xffffffff, 0xfffffffe, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff,
    0xffffffff, 0xffffffff, 0xffffffff,
];
/// The order of the curve, which is prime.
const N: Number = [
    0xccc52973, 0xecec196a, 0x48b0a77a, 0x581a0db2, 0xf4372ddf, 0xc7634d81, 0xffffffff, 0xffffffff, 0xffffffff,
    0xffffffff, 0xffffffff, 0xffffffff,
];
/// y² = x³ - 3x + B.
const B: Number = [
    0xd3ec2aef, 0x2a85c8ed, 0x8a2ed19d, 0xc656398d, 0x5013875a, 0x0314088f, 0xfe814112, 0x181d9c6e, 0xe3f82d19,
    0x988e056b, 0xe23ee7e4, 0xb3312fa7,
];
/// The base point.
const GX: Number = [
    0x72760ab7, 0x3a545e38, 0xbf55296c, 0x5502f25d, 0x82542a38, 0x59f741e0, 0x8ba79b98, 0x6e1d3b62, 0xf320ad74,
    0x8eb1c71e, 0xbe8b0537, 0xaa87ca22,
];
const GY: Number = [
    0x90ea0e5f, 0x7a431d7c, 0x1d7e819d, 0x0a60b1ce, 0xb5f0b8c0, 0xe9da3113, 0x289a147c, 0xf8f41dbd, 0x9292dc29,
    0x5d9e98bf, 0x96262c6f, 0x3617de4a,
];

/// Whether `signature` (DER of ECDSA-Sig-Value, RFC 3279 section 2.2.3) is of this hash, of at most 384 bits, under `key`: a point in its
/// uncompressed form (SEC 1 section 2.3.3), which is the one that certificates have.
pub(super) fn verify(key: &[u8], hash: &[u8], signature: &[u8]) -> Option<()> {
    let field = Field::new(&P);
    let key = field.point(key)?;
    let order = Field::new(&N);
    let (r, s) = two_positive(signature)?;
    let (r, s) = (number(r, &N)?, number(s, &N)?);
    let mut e = Number::default();
    // It may be above the order, which one factor may be.
    words(hash, &mut e);
    // A product of one number times R and one that is not is without R.
    let inverse = order.modulus.divide(&order.one, &s);
    let (u1, u2) = (order.mul(&inverse, &e), order.mul(&inverse, &r));
    let sum = field.sum_of_multiples(&u1, &field.base(), &u2, &key);
    if sum.z == Number::default() {
        return None;
    }
    // x / z = r or r + n, without a division.
    let is = |x: Number| field.mul(&field.raised(&x), &sum.z) == sum.x;
    candidates(&r, &N, &P).any(is).then_some(())
}

/// A point (x / z, y / z) in numbers times R; at infinity where z is zero.
#[derive(Clone, Copy)]
struct Point {
    x: Number,
    y: Number,
    z: Number,
}

/// Arithmetic modulo a prime. What is called often is not copied to where it is called: that is 2 KB of flash.
struct Field<'a> {
    modulus: Modulus<'a>,
    /// R = 2^384 and its square, modulo the prime.
    one: Number,
    square: Number,
}

impl<'a> Field<'a> {
    fn new(prime: &'a Number) -> Self {
        let modulus = Modulus::new(prime);
        let mut one = Number::default();
        one[0] = 1;
        let raise = |mut number: Number| {
            for _ in 0..8 * BYTES {
                modulus.double(&mut number);
            }
            number
        };
        let one = raise(one);
        let square = raise(one);
        Self { modulus, one, square }
    }

    /// `number * R`.
    fn raised(&self, number: &Number) -> Number {
        self.mul(number, &self.square)
    }

    // What is given back is made in the caller's variable: a function that returns so many words copies them.

    /// `a * b / R`.
    #[inline(always)]
    fn mul(&self, a: &Number, b: &Number) -> Number {
        let mut out = Number::default();
        self.mul_into(&mut out, a, b);
        out
    }

    #[inline(always)]
    fn add(&self, a: &Number, b: &Number) -> Number {
        let mut out = *a;
        self.add_into(&mut out, b);
        out
    }

    #[inline(always)]
    fn sub(&self, a: &Number, b: &Number) -> Number {
        let mut out = *a;
        self.sub_into(&mut out, b);
        out
    }

    #[inline(never)]
    fn mul_into(&self, out: &mut Number, a: &Number, b: &Number) {
        self.modulus.mul(out, a, b);
    }

    #[inline(never)]
    fn add_into(&self, out: &mut Number, b: &Number) {
        self.modulus.add(out, b);
    }

    #[inline(never)]
    fn sub_into(&self, out: &mut Number, b: &Number) {
        self.modulus.sub(out, b);
    }

    #[inline(always)]
    fn triple(&self, a: &Number) -> Number {
        let mut out = *a;
        self.add_into(&mut out, a);
        self.add_into(&mut out, a);
        out
    }

    /// `x = 2^times * x`.
    #[inline(never)]
    fn double(&self, x: &mut Number, times: u32) {
        for _ in 0..times {
            self.modulus.double(x);
        }
    }

    fn base(&self) -> Point {
        Point { x: self.raised(&GX), y: self.raised(&GY), z: self.one }
    }

    /// A point on the curve.
    fn point(&self, key: &[u8]) -> Option<Point> {
        let [4, coordinates @ ..] = key else { return None };
        let (x, y) = coordinates.split_at_checked(BYTES).filter(|(_, y)| y.len() == BYTES)?;
        let (x, y) = (self.raised(&number(x, &P)?), self.raised(&number(y, &P)?));
        let cube = self.mul(&self.mul(&x, &x), &x);
        let right = self.add(&self.sub(&cube, &self.triple(&x)), &self.raised(&B));
        (self.mul(&y, &y) == right).then_some(Point { x, y, z: self.one })
    }

    /// `u * g + v * q`, by four bits of both at once.
    fn sum_of_multiples(&self, u: &Number, g: &Point, v: &Number, q: &Point) -> Point {
        let b = self.raised(&B);
        let tables = [(u, self.multiples(g, &b)), (v, self.multiples(q, &b))];
        let mut sum = Point { x: Number::default(), y: self.one, z: Number::default() };
        for place in (0..=2 * BYTES).rev() {
            sum = self.doubled_four_times(&sum);
            for (number, multiples) in &tables {
                let digit = digit(number, place);
                if digit == 0 {
                    continue;
                }
                let mut more = multiples[usize::from(digit.unsigned_abs()) - 1];
                if digit < 0 {
                    more.y = self.sub(&Number::default(), &more.y);
                }
                sum = self.sum(&sum, &more, &b);
            }
        }
        sum
    }

    /// Once to eight times the point.
    fn multiples(&self, point: &Point, b: &Number) -> [Point; 8] {
        let mut multiples = [*point; 8];
        for at in 1..8 {
            multiples[at] = self.sum(&multiples[at - 1], point, b);
        }
        multiples
    }

    /// In coordinates (x / z², y / z³), where to double takes 8 products, and not 14 (Bernstein, Lange: Explicit-Formulas Database,
    /// "dbl-2001-b"). No point of the curve is its own opposite, so there are no cases but that of infinity.
    fn doubled_four_times(&self, point: &Point) -> Point {
        if point.z == Number::default() {
            return *point;
        }
        let mut z = point.z;
        let mut x = self.mul(&point.x, &z);
        let mut y = self.mul(&point.y, &self.mul(&z, &z));
        for _ in 0..4 {
            let (yy, zz) = (self.mul(&y, &y), self.mul(&z, &z));
            let slope = self.triple(&self.mul(&self.sub(&x, &zz), &self.add(&x, &zz)));
            let mut xyy = self.mul(&x, &yy);
            self.double(&mut xyy, 2);
            z = self.mul(&y, &z);
            self.double(&mut z, 1);
            x = self.mul(&slope, &slope);
            self.sub_into(&mut x, &xyy);
            self.sub_into(&mut x, &xyy);
            let mut last = self.mul(&yy, &yy);
            self.double(&mut last, 3);
            y = self.mul(&slope, &self.sub(&xyy, &x));
            self.sub_into(&mut y, &last);
        }
        Point { x: self.mul(&x, &z), y, z: self.mul(&self.mul(&z, &z), &z) }
    }

    /// The sum of any two points; `b`: the curve's B times R.
    fn sum(&self, p: &Point, q: &Point, b: &Number) -> Point {
        let (xx, yy, zz) = (self.mul(&p.x, &q.x), self.mul(&p.y, &q.y), self.mul(&p.z, &q.z));
        // p.x q.y + p.y q.x, and so on.
        let cross = |[p0, p1, q0, q1]: [&Number; 4], a: &Number, b: &Number| {
            let product = self.mul(&self.add(p0, p1), &self.add(q0, q1));
            self.sub(&product, &self.add(a, b))
        };
        let xy = cross([&p.x, &p.y, &q.x, &q.y], &xx, &yy);
        let yz = cross([&p.y, &p.z, &q.y, &q.z], &yy, &zz);
        let xz = cross([&p.x, &p.z, &q.x, &q.z], &xx, &zz);
        let a = self.triple(&self.sub(&xz, &self.mul(b, &zz)));
        let (less, more) = (self.sub(&yy, &a), self.add(&yy, &a));
        let zz = self.triple(&zz);
        let c = self.triple(&self.sub(&self.sub(&self.mul(b, &xz), &zz), &xx));
        let d = self.sub(&self.triple(&xx), &zz);
        Point {
            x: self.sub(&self.mul(&xy, &more), &self.mul(&yz, &c)),
            y: self.add(&self.mul(&more, &less), &self.mul(&d, &c)),
            z: self.add(&self.mul(&yz, &less), &self.mul(&xy, &d)),
        }
    }
}

/// From -8 to 8: what 16^`place` counts in the number, where four bits from 8 on are so many less than 16, and one more in the next place.
fn digit(number: &Number, place: usize) -> i8 {
    let bits = |place: usize| number.get(place / 8).map_or(0, |word| (word >> (4 * (place % 8)) & 0xf) as i8);
    let from_below = place.checked_sub(1).map_or(0, |below| bits(below) >> 3);
    let here = bits(place);
    here - 16 * (here >> 3) + from_below
}

#[cfg(test)]
use {::p384 as oracle, ::p384::U384 as Uint};

#[cfg(test)]
mod off_curve;
#[cfg(test)]
#[path = "curve_tests.rs"]
#[allow(clippy::duplicate_mod, reason = "the same tests of each curve")]
mod tests;
