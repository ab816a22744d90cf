//! What the curve's equation keeps away.

extern crate std;

use super::tests::{bytes_of, small, written};
use super::*;

/// A key that is no point of the curve, and a signature that its sums would bear out. Mutant seen red: the curve's equation not asked.
#[test]
fn a_key_off_the_curve() {
    let field = Field::new(&P);
    let order = Field::new(&N);
    let (x, y) = (small(5), small(6));
    let key = Point { x: field.raised(&x), y: field.raised(&y), z: field.one };
    let (u1, u2) = (small(3), small(7));
    let sum = field.sum_of_multiples(&u1, &field.base(), &u2, &key);
    // r = x / z, s = r / u2, e = u1 * s
    let r = field.mul(&field.mul(&sum.x, &field.modulus.divide(&field.square, &sum.z)), &small(1));
    let s = order.mul(&order.modulus.divide(&order.square, &order.raised(&u2)), &r);
    let e = order.mul(&order.raised(&u1), &s);
    let bytes = [&[4][..], &bytes_of(&x), &bytes_of(&y)].concat();
    assert!(verify(&bytes, &bytes_of(&e), &written(&bytes_of(&r), &bytes_of(&s))).is_none());
}
