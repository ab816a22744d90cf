//! A random source from a seed.

use chacha20::ChaChaCore;
use chacha20::cipher::consts::U10;
use chacha20::cipher::{KeyIvInit, StreamCipherCore};
use rand_core::{CryptoRng, Error, RngCore, impls};
use zeroize::Zeroizing;

/// The key stream of ChaCha20, whose code the cipher suite needs anyway, in blocks of which each is used for one call. It ends after 2^32 of
/// them; the seed is wiped when it is dropped.
pub struct Random(ChaChaCore<U10>);

impl Random {
    /// From 32 bytes of a hardware source.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(ChaChaCore::new(&seed.into(), &Default::default()))
    }
}

impl RngCore for Random {
    fn next_u32(&mut self) -> u32 {
        impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(64) {
            assert_ne!(self.0.remaining_blocks(), Some(0), "the key stream ended");
            let mut block = Zeroizing::new([0; 64]);
            self.0.write_keystream_block((&mut *block).into());
            part.copy_from_slice(&block[..part.len()]);
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Random {}
