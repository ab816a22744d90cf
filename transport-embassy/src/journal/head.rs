//! What stands before each image: everything the journal knows, as it is if this image is the newest.

use crc::{CRC_32_ISO_HDLC, Crc, NoTable};

const CRC: Crc<u32, NoTable> = Crc::<u32, NoTable>::new(&CRC_32_ISO_HDLC);
const MAGIC: [u8; 2] = *b"PJ";
/// The format that is written. A newer one keeps place and meaning of magic, version, sectors and checksum.
const VERSION: u8 = 2;
/// Bytes before the checksum and before the table.
const SUM: usize = 10;
const TABLE: usize = 15;
/// In a byte of the table: that sector holds an open sale. The other bits are its slot, from 1; 0 is none.
const OPEN: u8 = 0x80;

/// The newest head says which images count: all others are dead, whatever they read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head<const SECTORS: usize> {
    /// Counts the heads of the whole journal; the highest is the newest.
    pub(super) serial: u32,
    /// The sector that is dead as a whole.
    pub(super) spare: u8,
    /// Where the image of each sector is.
    pub(super) table: [Option<Entry>; SECTORS],
}

/// A sector's image, as a head knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) slot: u8,
    pub(super) open: bool,
}

/// Why a head whose checksum fits cannot be used.
pub(super) enum Unusable {
    /// It is of a newer format.
    Newer(u8),
    /// It was written with so many sectors, or for images of another length.
    Geometry,
}

impl<const SECTORS: usize> Head<SECTORS> {
    /// Bytes of a head.
    pub(super) const LEN: usize = TABLE + SECTORS;

    /// Writes the head to the begin of `bytes`; `image`: bytes of an image.
    pub(super) fn encode(&self, image: usize, bytes: &mut [u8]) {
        let Some(bytes) = bytes.get_mut(..Self::LEN) else { return };
        let fields = MAGIC.into_iter().chain([VERSION, SECTORS as u8]).chain((image as u16).to_le_bytes());
        let fields = fields.chain(self.serial.to_le_bytes()).chain([0; 4]).chain([self.spare]);
        let table = self
            .table
            .iter()
            .map(|entry| entry.map_or(0, |Entry { slot, open }| (slot + 1) | if open { OPEN } else { 0 }));
        for (byte, field) in bytes.iter_mut().zip(fields.chain(table)) {
            *byte = field;
        }
        let sum = checksum(bytes);
        if let Some(place) = bytes.get_mut(SUM..SUM + 4) {
            place.copy_from_slice(&sum.to_le_bytes());
        }
    }

    /// The sale in this sector is open.
    pub(super) fn is_open(&self, sector: usize) -> bool {
        self.table.get(sector).copied().flatten().is_some_and(|entry| entry.open)
    }

    /// `None`: no head, or one that was not written whole.
    pub(super) fn decode(bytes: &[u8], image: usize) -> Result<Option<Self>, Unusable> {
        let Some(&[m0, m1, version, sectors, l0, l1, n0, n1, n2, n3, s0, s1, s2, s3, spare]) = bytes.first_chunk()
        else {
            return Ok(None);
        };
        let Some(bytes) = bytes.get(..TABLE + usize::from(sectors)) else { return Ok(None) };
        if [m0, m1] != MAGIC || checksum(bytes) != u32::from_le_bytes([s0, s1, s2, s3]) {
            return Ok(None);
        }
        if version > VERSION {
            return Err(Unusable::Newer(version));
        }
        if version < VERSION || usize::from(sectors) != SECTORS || usize::from(u16::from_le_bytes([l0, l1])) != image {
            return Err(Unusable::Geometry);
        }
        let serial = u32::from_le_bytes([n0, n1, n2, n3]);
        // No flash lives that long, and so nothing overflows.
        if serial > u32::MAX / 2 {
            return Ok(None);
        }
        let mut table = [None; SECTORS];
        for (entry, byte) in table.iter_mut().zip(bytes.get(TABLE..).unwrap_or_default()) {
            *entry = (byte & !OPEN).checked_sub(1).map(|slot| Entry { slot, open: byte & OPEN != 0 });
        }
        Ok(Some(Self { serial, spare, table }))
    }
}

/// Of a whole head but the checksum itself.
fn checksum(head: &[u8]) -> u32 {
    let mut digest = CRC.digest();
    digest.update(head.get(..SUM).unwrap_or_default());
    digest.update(head.get(SUM + 4..).unwrap_or_default());
    digest.finalize()
}
