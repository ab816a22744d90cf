//! A short record, so that every pair of cuts can be tried.

use pay_core::sale::{Conflict, ImageError};
use transport_embassy::journal::Image;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    pub order: u16,
    pub seq: u32,
    pub open: bool,
    /// Differs from note to note: losses may depend on values.
    pub salt: u32,
}

impl Note {
    pub const fn new(order: u16, seq: u32, open: bool) -> Self {
        let salt = (order as u32 + 1).wrapping_mul(0x9E37_79B9).rotate_left(seq);
        Self { order, seq, open, salt }
    }
}

impl Image for Note {
    type Order = u16;

    const LEN: usize = 16;

    fn encode(&self, out: &mut [u8]) {
        out[0..2].copy_from_slice(&self.order.to_le_bytes());
        out[2..6].copy_from_slice(&self.seq.to_le_bytes());
        out[6] = u8::from(self.open);
        out[7] = 0;
        out[8..12].copy_from_slice(&self.salt.to_le_bytes());
        let sum = crc32(&out[..12]);
        out[12..16].copy_from_slice(&sum.to_le_bytes());
    }

    fn decode(image: &[u8]) -> Result<Self, ImageError> {
        let word = |at: usize| u32::from_le_bytes(image[at..at + 4].try_into().unwrap());
        if crc32(&image[..12]) != word(12) {
            return Err(ImageError::Checksum);
        }
        if image[7] > 0 {
            return Err(ImageError::Newer { version: image[7] });
        }
        let order = u16::from_le_bytes([image[0], image[1]]);
        Ok(Self { order, seq: word(2), open: image[6] == 1, salt: word(8) })
    }

    fn order_of(image: &[u8]) -> Option<u16> {
        (crc32(&image[..12]).to_le_bytes() == image[12..16]).then(|| u16::from_le_bytes([image[0], image[1]]))
    }

    fn order(&self) -> &u16 {
        &self.order
    }

    fn is_open(&self) -> bool {
        self.open
    }

    fn may_replace(&self, kept: &Self) -> Result<(), Conflict> {
        if self.seq > kept.seq || self == kept { Ok(()) } else { Err(Conflict::Stale) }
    }

    fn may_join(&self, _: &Self) -> Result<(), Conflict> {
        Ok(())
    }
}

/// CRC-32 (ISO-HDLC), bit by bit.
pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg()))
    })
}
