//! What stands before an image: which of all images is the newest, and which sector is dead by it.

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};

const CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);
const MAGIC: [u8; 2] = *b"PJ";
/// The slot format that is written. A newer one keeps place and meaning of magic, version and checksum.
const VERSION: u8 = 1;

/// The head of a slot. The image behind it has a checksum of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// Counts the images of the whole journal; the highest is the newest.
    pub(super) serial: u64,
    /// The sector that is dead if this is the newest image.
    pub(super) spare: u8,
    /// The sectors that hold an open sale if this is the newest image, bit by bit.
    pub(super) open: u32,
    /// Bytes of the image; none for the root, which only names a spare.
    pub(super) len: u16,
}

/// A head as bytes says that it is newer.
pub(super) struct Newer(pub(super) u8);

impl Head {
    /// Bytes of a head.
    pub(super) const LEN: usize = 24;

    pub(super) fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let (magic, rest) = bytes.split_at_mut(2);
        magic.copy_from_slice(&MAGIC);
        let fields = [VERSION, self.spare].into_iter();
        let fields =
            fields.chain(self.serial.to_le_bytes()).chain(self.open.to_le_bytes()).chain(self.len.to_le_bytes());
        for (byte, field) in rest.iter_mut().zip(fields) {
            *byte = field;
        }
        let (body, sum) = bytes.split_at_mut(Self::LEN - 4);
        sum.copy_from_slice(&CRC.checksum(body).to_le_bytes());
        bytes
    }

    /// `None`: no head, or one that was not written whole.
    pub(super) fn decode(bytes: &[u8]) -> Result<Option<Self>, Newer> {
        let Some((body, [s0, s1, s2, s3, ..])) = bytes.split_at_checked(Self::LEN - 4) else { return Ok(None) };
        let [m0, m1, version, spare, rest @ ..] = body else { return Ok(None) };
        if [*m0, *m1] != MAGIC || CRC.checksum(body) != u32::from_le_bytes([*s0, *s1, *s2, *s3]) {
            return Ok(None);
        }
        if *version > VERSION {
            return Err(Newer(*version));
        }
        let Some((serial, rest)) = rest.split_first_chunk() else { return Ok(None) };
        let Some((open, rest)) = rest.split_first_chunk() else { return Ok(None) };
        let Some((len, _)) = rest.split_first_chunk() else { return Ok(None) };
        let serial = u64::from_le_bytes(*serial);
        // Nobody counts that far, and so nothing overflows.
        if serial > u64::MAX / 2 {
            return Ok(None);
        }
        Ok(Some(Self { serial, spare: *spare, open: u32::from_le_bytes(*open), len: u16::from_le_bytes(*len) }))
    }
}
