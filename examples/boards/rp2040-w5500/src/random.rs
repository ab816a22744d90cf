//! Seeds from a ring oscillator that is no cryptographic source by itself.
//!
//! The processor has no random generator. Its ring oscillator jitters, and one bit of it can be read; the data sheet says
//! itself that this does not meet the needs of security: bits are biased, neighbours resemble each other, and cold, supply
//! and injected signals change it. So no byte of it is used as it comes. Many samples are watched for stuck and lopsided
//! output and hashed together with a secret of this device and the time of the clock chip; what comes out seeds a generator
//! once per start.
//!
//! What this rests on, and what is not proven here: that at least 256 bits of min-entropy are in [`SAMPLES`] samples (one
//! hundred and twenty-eighth of a bit each), **or** that the secret is secret and no two starts fall into one second. A
//! product that does not want to rest on it takes a processor with a real source (RP2350, STM32) or a secure element.

use embassy_rp::clocks::RoscRng;
use sha2::{Digest, Sha256};

/// Samples for one seed; they take a quarter of a second.
const SAMPLES: u32 = 32_768;

/// Shortest secret that is taken.
const SECRET_MIN: usize = 32;

/// A seed, or nothing if the oscillator looks broken or there is no secret. `id` and `now_s` need not be secret.
pub(crate) fn seed(secret: &[u8], id: &[u8], now_s: Option<u64>) -> Option<[u8; 32]> {
    if secret.len() < SECRET_MIN {
        return None;
    }
    let mut hash = Sha256::new_with_prefix(b"kiosk seed, version 1");
    let mut health = Health::default();
    for _ in 0..SAMPLES {
        // Some turns of the oscillator between two samples, so that they resemble each other less.
        cortex_m::asm::delay(500);
        let sample = RoscRng::next_u8();
        health.see(sample & 1);
        hash.update([sample]);
    }
    for part in [secret, id, &now_s.unwrap_or(0).to_le_bytes()] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    health.is_good().then(|| hash.finalize().into())
}

/// The two tests that NIST SP 800-90B asks of every source (4.4.1, 4.4.2), for an eighth of a bit in each sample: far more
/// than is needed, and still seldom failed by a source that works (once in 2^20).
#[derive(Default)]
struct Health {
    last: u8,
    run: u32,
    first: u8,
    seen: u32,
    same: u32,
    bad: bool,
}

impl Health {
    /// 1 + 20 / (1/8).
    const RUN_MAX: u32 = 160;
    const WINDOW: u32 = 1024;
    /// Of 1024 samples with the probability 2^-(1/8) more are seen once in 2^20, by the binomial distribution.
    const SAME_MAX: u32 = 978;

    fn see(&mut self, bit: u8) {
        self.run = if bit == self.last { self.run + 1 } else { 1 };
        self.last = bit;
        if self.seen.is_multiple_of(Self::WINDOW) {
            (self.first, self.same) = (bit, 0);
        }
        self.seen += 1;
        self.same += u32::from(bit == self.first);
        self.bad |= self.run > Self::RUN_MAX || self.same > Self::SAME_MAX;
    }

    fn is_good(&self) -> bool {
        !self.bad
    }
}
