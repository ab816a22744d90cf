//! By `p256-cm4`: assembly with UMAAL, a tenth of the portable code's time.
//!
//! Its `verify` and `sign` fault on this processor (version 0.4.0: a load-multiple of one register, which ARMv7-M leaves unpredictable); the two
//! functions that are called here do not come near that. Tables are read by secret digits, so this is not for processors with a data cache.

use zeroize::Zeroize;

use super::{Number, Point};

pub(super) fn multiple_of_base(scalar: &Number) -> Option<Point> {
    #[inline(never)]
    fn calculate(scalar: &Number) -> Option<Point> {
        let mut out = Point::default();
        p256_cm4::scalarmult_base(&mut out.x, &mut out.y, scalar).then_some(out)
    }
    let out = calculate(scalar);
    wipe_stack();
    out
}

pub(super) fn multiple(scalar: &Number, of: &Point) -> Option<Point> {
    #[inline(never)]
    fn calculate(scalar: &Number, of: &Point) -> Option<Point> {
        let mut out = Point::default();
        p256_cm4::scalarmult_generic(&mut out.x, &mut out.y, scalar, &of.x, &of.y).then_some(out)
    }
    let out = calculate(scalar, of);
    wipe_stack();
    out
}

/// Overwrites the stack below its caller, as far as the calculations reach: they leave digits of the scalar there.
#[inline(never)]
fn wipe_stack() {
    [0_u64; STACK / 8].zeroize();
}

/// Bytes of stack that a multiplication takes, and some more.
const STACK: usize = 2560;
