//! A hash for fingerprints.

use std::hash::Hasher;

/// Fingerprints are hashes already.
#[derive(Default)]
pub struct Same(u64);

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// A fast hash of 64 bits: each word is mixed in by a multiplication of 128 bits (as wyhash and its kin do).
#[derive(Default)]
pub struct Mix(u64);

impl Mix {
    const fn mix(&mut self, word: u64) {
        let product = ((self.0 ^ word) as u128) * 0xe703_7ed1_a0b4_28db_u128;
        self.0 = ((product as u64) ^ ((product >> 64) as u64)).wrapping_add(0xa076_1d64_78bd_642f);
    }
}

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        let mut last = Self(self.0);
        last.mix(0x5899_65cc_7537_4cc3);
        last.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(8);
        for word in words.by_ref() {
            self.mix(u64::from_le_bytes(word.try_into().expect("eight")));
        }
        let mut last = [0; 8];
        last[..words.remainder().len()].copy_from_slice(words.remainder());
        self.mix(u64::from_le_bytes(last) ^ ((bytes.len() as u64) << 56));
    }

    fn write_u8(&mut self, value: u8) {
        self.mix(value.into());
    }

    fn write_u32(&mut self, value: u32) {
        self.mix(value.into());
    }

    fn write_u64(&mut self, value: u64) {
        self.mix(value);
    }

    fn write_usize(&mut self, value: usize) {
        self.mix(value as u64);
    }

    fn write_isize(&mut self, value: isize) {
        self.mix(value as u64);
    }
}
