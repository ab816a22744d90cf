//! Chance that can be had again.

/// splitmix64.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// A number below `below`.
    pub(super) fn below(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (word ^ (word >> 31)) % below.max(1)
    }

    /// Of these, the ends included.
    pub(super) fn within(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to - from + 1)
    }

    /// Once in so many.
    pub(super) fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    /// How long until what happens so often comes again, if it comes whenever it likes.
    pub(super) fn pause(&mut self, mean_ms: f64) -> u64 {
        let part = (self.below(1 << 53) as f64 + 1.0) / (1_u64 << 53) as f64;
        (-part.ln() * mean_ms) as u64
    }
}
