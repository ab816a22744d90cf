//! Seeded numbers: the same seed gives the same ids, so a run can be repeated.

/// SplitMix64. Not for secrets: the sandbox's credentials come from the operating system.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// `length` characters of letters, digits, `_` and `-`.
    pub(crate) fn token(&mut self, length: usize) -> String {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
        (0..length).map(|_| char::from(ALPHABET[(self.next() % 64) as usize])).collect()
    }

    /// `length` lower-case hexadecimal digits.
    pub(crate) fn hex(&mut self, length: usize) -> String {
        (0..length).map(|_| char::from(b"0123456789abcdef"[(self.next() % 16) as usize])).collect()
    }

    /// `length` decimal digits, the first of them not 0.
    pub(crate) fn digits(&mut self, length: u32) -> u64 {
        let least = 10_u64.pow(length - 1);
        least + self.next() % (9 * least)
    }

    /// A random UUID (version 4).
    pub(crate) fn uuid(&mut self) -> String {
        let hex = self.hex(30);
        format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[12..15], &hex[15..18], &hex[18..])
    }
}
