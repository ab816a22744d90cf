//! Where things lie in the flash.

use core::ops::Range;

use embedded_storage_async::nor_flash::NorFlash;
use pay_core::sale::Record;

use super::error::Geometry;

/// The largest word a flash may have.
pub(super) const MAX_WORD: usize = 32;
/// As many as a head has room for.
pub(super) const MAX_SECTORS: usize = 32;
/// Room for the longest head and the largest image, in whole words of any size.
pub(super) const MAX_BODY: usize = (MAX_HEAD + Record::IMAGE_LEN).next_multiple_of(MAX_WORD);
const MAX_HEAD: usize = super::head::Head::<MAX_SECTORS>::LEN;
/// Notes a sector has at least, and at most.
const NOTES: Range<usize> = 2..8;
/// Slots a sector has at least, and at most.
const SLOTS: Range<usize> = 2..100;

/// The journal's part of a flash. A sector has slots, and behind them notes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Region {
    start: u32,
    /// Bytes of a sector: whole erase units.
    sector: u32,
    /// Bytes of what a slot and a note hold, in whole words.
    slot: usize,
    note: usize,
    /// Slots of a sector.
    pub(super) slots: u8,
    /// Notes of a sector.
    pub(super) notes: u8,
    /// Bytes that are written at once.
    pub(super) word: usize,
}

/// Somewhere that a head can be written: a word that says it was begun, the body, and two marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) sector: usize,
    pub(super) kind: Kind,
    /// Which of its kind in the sector.
    pub(super) index: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Head and image.
    Slot,
    /// A head alone.
    Note,
}

/// The words of a place beside its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// Written first, and always the same: a cut in it may leave it reading blank, and then it is written again.
    Begin,
    /// Written when the body was read back: from here it never reads otherwise.
    Counted,
    /// Written when the first mark was read back: the head is acknowledged, and the first mark never reads blank.
    Sealed,
}

impl Region {
    /// `sectors` of them in `range`, for heads and images of so many bytes.
    pub(super) fn new<F: NorFlash>(
        capacity: usize,
        range: &Range<u32>,
        sectors: usize,
        head: usize,
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
        let (slot, note) = ((head + image).next_multiple_of(word), head.next_multiple_of(word));
        let for_slots = sector.saturating_sub(NOTES.start * (note + 3 * word));
        let slots = (for_slots / (slot + 3 * word)).min(SLOTS.end);
        if slots < SLOTS.start {
            return Err(Geometry::Sector);
        }
        let notes = ((sector - slots * (slot + 3 * word)) / (note + 3 * word)).min(NOTES.end);
        let sector = u32::try_from(sector).map_err(|_| Geometry::Sectors)?;
        Ok(Self { start: range.start, sector, slot, note, slots: slots as u8, notes: notes as u8, word })
    }

    /// The first byte of a sector, and the first after it.
    pub(super) const fn sector(&self, sector: usize) -> Range<u32> {
        // No overflow: the range was checked to be inside the flash.
        let start = self.start + self.sector * sector as u32;
        start..start + self.sector
    }

    /// The places of a sector.
    pub(super) fn places(&self, sector: usize) -> impl Iterator<Item = Place> + use<> {
        let of = move |kind| move |index| Place { sector, kind, index };
        (0..self.slots).map(of(Kind::Slot)).chain((0..self.notes).map(of(Kind::Note)))
    }

    /// Bytes of the body of a place, in whole words.
    pub(super) const fn body_len(&self, kind: Kind) -> usize {
        match kind {
            Kind::Slot => self.slot,
            Kind::Note => self.note,
        }
    }

    /// Where the body of a place begins.
    pub(super) fn body(&self, place: Place) -> u32 {
        self.word(place, Word::Begin) + self.word as u32
    }

    /// Where one of the other words of a place is.
    pub(super) fn word(&self, place: Place, word: Word) -> u32 {
        let whole = |kind| self.body_len(kind) + 3 * self.word;
        let before = match place.kind {
            Kind::Slot => 0,
            Kind::Note => usize::from(self.slots) * whole(Kind::Slot),
        };
        let begin = before + usize::from(place.index) * whole(place.kind);
        let offset = match word {
            Word::Begin => 0,
            Word::Counted => self.word + self.body_len(place.kind),
            Word::Sealed => 2 * self.word + self.body_len(place.kind),
        };
        self.sector(place.sector).start + (begin + offset) as u32
    }
}
