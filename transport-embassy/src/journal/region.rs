//! Where slots lie in the flash.

use core::ops::Range;

use embedded_storage_async::nor_flash::NorFlash;
use pay_core::sale::Record;

use super::error::Geometry;
use super::head::Head;

/// The largest word a flash may have.
pub(super) const MAX_WORD: usize = 32;
/// Room for the head and the largest image, in whole words of any size.
pub(super) const MAX_BODY: usize = (Head::LEN + Record::IMAGE_LEN).next_multiple_of(MAX_WORD);
/// As many as a [`Head`] has bits for.
pub(super) const MAX_SECTORS: usize = 32;

/// The journal's part of a flash. A slot is one word that says it was begun, head and image, and two marks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Region {
    start: u32,
    /// Bytes of a sector: whole erase units.
    sector: u32,
    /// Bytes of a slot.
    slot: u32,
    /// Slots of a sector, at least two.
    pub(super) slots: u8,
    /// Bytes that are written at once.
    pub(super) word: usize,
    /// Bytes of head and image, in whole words.
    pub(super) body: usize,
}

/// The words of a slot beside its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Written first, and always the same: a cut in it may leave it reading blank, and then it is written again.
    Begin,
    /// Written when the body was read back: the image counts from here.
    Counted,
    /// Written when the first mark was read back: the image is acknowledged, and reads the same for ever.
    Sealed,
}

impl Region {
    /// `sectors` of them in `range`, for images of `image` bytes.
    pub(super) fn new<F: NorFlash>(
        capacity: usize,
        range: &Range<u32>,
        sectors: usize,
        image: usize,
    ) -> Result<Self, Geometry> {
        let word = F::WRITE_SIZE;
        if !word.is_power_of_two() || word > MAX_WORD || F::READ_SIZE == 0 || !word.is_multiple_of(F::READ_SIZE) {
            return Err(Geometry::Word);
        }
        let whole = |offset: u32| (offset as usize).is_multiple_of(F::ERASE_SIZE);
        if range.end <= range.start || range.end as usize > capacity || !whole(range.start) || !whole(range.end) {
            return Err(Geometry::Range);
        }
        let len = (range.end - range.start) as usize;
        let sector = len / sectors;
        if !len.is_multiple_of(sectors) || !sector.is_multiple_of(F::ERASE_SIZE) || !sector.is_multiple_of(word) {
            return Err(Geometry::Sectors);
        }
        let body = (Head::LEN + image).next_multiple_of(word);
        let slot = body + 3 * word;
        let slots = u8::try_from(sector / slot).unwrap_or(u8::MAX);
        if slots < 2 {
            return Err(Geometry::Sector);
        }
        let narrow = |bytes: usize| u32::try_from(bytes).map_err(|_| Geometry::Sectors);
        Ok(Self { start: range.start, sector: narrow(sector)?, slot: narrow(slot)?, slots, word, body })
    }

    /// The first byte of a sector, and the first after it.
    pub(super) const fn sector(&self, sector: usize) -> Range<u32> {
        // No overflow: the range was checked to be inside the flash.
        let start = self.start + self.sector * sector as u32;
        start..start + self.sector
    }

    /// Where head and image of a slot begin.
    pub(super) const fn body(&self, sector: usize, slot: u8) -> u32 {
        self.word(sector, slot, Word::Begin) + self.word as u32
    }

    /// Where one of the other words of a slot is.
    pub(super) const fn word(&self, sector: usize, slot: u8, word: Word) -> u32 {
        let begin = self.sector(sector).start + self.slot * slot as u32;
        begin
            + match word {
                Word::Begin => 0,
                Word::Counted => (self.word + self.body) as u32,
                Word::Sealed => (2 * self.word + self.body) as u32,
            }
    }
}
