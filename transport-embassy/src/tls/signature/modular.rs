//! Arithmetic modulo an odd number, for signatures: over public values only, so it need not run in constant time.
//!
//! Numbers are slices of words, the least significant first, all as long as the modulus and less than it. One routine for every length
//! takes a fraction of the flash, and of the stack, of a library's one per length.

/// An odd number greater than one.
pub(super) struct Modulus<'a> {
    words: &'a [u32],
    /// The negative of its inverse modulo 2^32.
    inverse: u32,
}

impl<'a> Modulus<'a> {
    /// `words` must be odd.
    pub(super) const fn new(words: &'a [u32]) -> Self {
        // Newton's iteration: each step doubles the number of right bits, and an odd number is its own inverse modulo 8.
        let first = words[0];
        let mut inverse = first;
        let mut step = 0;
        while step < 4 {
            inverse = inverse.wrapping_mul(2u32.wrapping_sub(first.wrapping_mul(inverse)));
            step += 1;
        }
        Self { words, inverse: inverse.wrapping_neg() }
    }

    /// `out = a * b / R`, where R is 2^32 to the number of words (Montgomery's product). One of the two may be greater than the modulus.
    pub(super) fn mul(&self, out: &mut [u32], a: &[u32], b: &[u32]) {
        let len = self.words.len();
        let (n, out, a) = (&self.words[..len], &mut out[..len], &a[..len]);
        out.fill(0);
        let mut top = 0;
        for &b in &b[..len] {
            // Adds a * b, then as many times the modulus as make the lowest word zero, and drops that word.
            let mut product = sum(a[0], b, out[0], 0);
            let times = (product as u32).wrapping_mul(self.inverse);
            let mut reduced = sum(n[0], times, product as u32, 0);
            // Tested at its end: compiled for size, a `for` of a loop this short takes a fifth longer.
            let mut at = 1;
            if len > 1 {
                loop {
                    product = sum(a[at], b, out[at], (product >> 32) as u32);
                    reduced = sum(n[at], times, product as u32, (reduced >> 32) as u32);
                    out[at - 1] = reduced as u32;
                    at += 1;
                    if at >= len {
                        break;
                    }
                }
            }
            let last = (product >> 32).wrapping_add(reduced >> 32).wrapping_add(top);
            out[len - 1] = last as u32;
            top = last >> 32;
        }
        self.reduce(out, top != 0);
    }

    /// `number / divisor`, by Euclid's algorithm; zero for a divisor of zero. Both less than the modulus, which must be prime.
    pub(super) fn divide<const W: usize>(&self, number: &[u32; W], divisor: &[u32; W]) -> [u32; W] {
        // At each step a * number = x * divisor and b * number = y * divisor, and b is odd. The two change places by reference.
        let (mut first, mut second) = ((*divisor, *number), ([0; W], [0; W]));
        second.0.copy_from_slice(self.words);
        let (mut one, mut other) = (&mut first, &mut second);
        while one.0.iter().any(|word| *word != 0) {
            let (a, x) = &mut *one;
            while a[0].trailing_zeros() != 0 {
                let bits = a[0].trailing_zeros().min(31);
                shift(a, bits, 0);
                self.halve(x, bits);
            }
            if is_less(a, &other.0) {
                core::mem::swap(&mut one, &mut other);
            }
            subtract(&mut one.0, &other.0);
            self.sub(&mut one.1, &other.1);
        }
        other.1
    }

    /// `x = x / 2^bits`, at most 31 of them.
    fn halve(&self, x: &mut [u32], bits: u32) {
        // As many times the modulus as make the lowest bits zero.
        let times = x[0].wrapping_mul(self.inverse) & ((1 << bits) - 1);
        let mut carry = 0;
        for (x, n) in x.iter_mut().zip(self.words) {
            let word = sum(*n, times, *x, carry);
            (*x, carry) = (word as u32, (word >> 32) as u32);
        }
        shift(x, bits, carry);
    }

    /// `x = 2 * x`.
    #[cfg(any(feature = "p384", feature = "rsa"))]
    pub(super) fn double(&self, x: &mut [u32]) {
        let mut carry = 0;
        for word in &mut *x {
            (*word, carry) = (*word << 1 | carry, *word >> 31);
        }
        self.reduce(x, carry != 0);
    }

    /// `x = x + y`.
    pub(super) fn add(&self, x: &mut [u32], y: &[u32]) {
        let above = add(x, y);
        self.reduce(x, above);
    }

    /// `x = x - y`.
    pub(super) fn sub(&self, x: &mut [u32], y: &[u32]) {
        if subtract(x, y) {
            add(x, self.words);
        }
    }

    /// Takes the modulus away once where `x`, with a word of one above it if `above`, is not less.
    fn reduce(&self, x: &mut [u32], above: bool) {
        if above || !is_less(x, self.words) {
            subtract(x, self.words);
        }
    }
}

pub(super) fn is_less(a: &[u32], b: &[u32]) -> bool {
    // The highest words that differ decide.
    let mut at = a.len().min(b.len());
    while at > 0 {
        at -= 1;
        if a[at] != b[at] {
            return a[at] < b[at];
        }
    }
    false
}

/// `x = x + y`, without what is beyond its words: whether there is something.
pub(super) fn add(x: &mut [u32], y: &[u32]) -> bool {
    let mut carry = 0;
    for (word, y) in x.iter_mut().zip(y) {
        let more = u64::from(*word).wrapping_add((*y).into()).wrapping_add(carry);
        *word = more as u32;
        carry = more >> 32;
    }
    carry != 0
}

/// `x = x - y`; whether it was less.
fn subtract(x: &mut [u32], y: &[u32]) -> bool {
    let mut borrow = 0;
    for (word, y) in x.iter_mut().zip(y) {
        let less = u64::from(*word).wrapping_sub((*y).into()).wrapping_sub(borrow);
        *word = less as u32;
        borrow = less >> 63;
    }
    borrow != 0
}

/// Shifts 1 to 31 bits down, and those of `above` in.
fn shift(x: &mut [u32], bits: u32, mut above: u32) {
    for word in x.iter_mut().rev() {
        (*word, above) = (*word >> bits | above << (32 - bits), *word);
    }
}

/// `a * b + c + d`, which always fits.
fn sum(a: u32, b: u32, c: u32, d: u32) -> u64 {
    (u64::from(a) * u64::from(b)).wrapping_add(c.into()).wrapping_add(d.into())
}

/// The words of a big-endian number that fits into `words`.
pub(super) fn words(bytes: &[u8], words: &mut [u32]) {
    words.fill(0);
    for (word, chunk) in words.iter_mut().zip(bytes.rchunks(4)) {
        *word = chunk.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
    }
}

/// A big-endian number that is less than `limit`.
pub(super) fn number<const W: usize>(bytes: &[u8], limit: &[u32; W]) -> Option<[u32; W]> {
    let mut number = [0; W];
    if bytes.len() > 4 * W {
        return None;
    }
    words(bytes, &mut number);
    is_less(&number, limit).then_some(number)
}

/// The two numbers that are `r` modulo a curve's order and may be an x of a point: `r`, and `r` plus the order if that is less than the
/// field's prime.
pub(super) fn candidates<const W: usize>(
    r: &[u32; W],
    order: &[u32; W],
    prime: &[u32; W],
) -> impl Iterator<Item = [u32; W]> {
    let mut sum = *r;
    let carry = add(&mut sum, order);
    let second = (!carry && is_less(&sum, prime)).then_some(sum);
    core::iter::once(*r).chain(second)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A product can come out as the modulus itself. Mutant seen red: `reduce` only where `x` is greater.
    #[test]
    fn zero_has_one_form() {
        let modulus = Modulus::new(&[15]);
        let mut out = [9];
        modulus.mul(&mut out, &[3], &[5]);
        assert_eq!(out, [0]);
    }

    /// Divisors with whole words of zeros at their end, too. Mutants seen red: a shift by the bits of a word; what `halve` carries lost.
    #[test]
    fn quotients() {
        // The order of P-256.
        let prime = [0xfc632551, 0xf3b9cac2, 0xa7179e84, 0xbce6faad, 0xffffffff, 0xffffffff, 0x00000000, 0xffffffff];
        let modulus = Modulus::new(&prime);
        let product = |a: &[u32; 8], b: &[u32; 8]| {
            let mut out = [0; 8];
            modulus.mul(&mut out, a, b);
            out
        };
        let mut number = [7; 8];
        for bit in 0..256 {
            let mut divisor = [0; 8];
            divisor[bit / 32] = 1 << (bit % 32);
            let quotient = modulus.divide(&number, &divisor);
            assert!(is_less(&quotient, &prime));
            assert_eq!(product(&quotient, &divisor), product(&number, &[1, 0, 0, 0, 0, 0, 0, 0]), "{bit}");
            assert_eq!(modulus.divide(&quotient, &quotient), [1, 0, 0, 0, 0, 0, 0, 0]);
            number = quotient;
        }
        assert_eq!(modulus.divide(&number, &[0; 8]), [0; 8]);
    }
}
