//! Reading, writing and erasing: everything that touches the flash.

use embedded_storage_async::nor_flash::{ErrorType, NorFlash};
use pay_core::sale::ImageError;

use super::error::{Geometry, JournalError};
use super::flash_journal::FlashJournal;
use super::head::{Head, Unusable};
use super::image::Image;
use super::kept::Kept;
use super::region::{Kind, MAX_WORD, Place, Word};
use super::tried::Tried;

const BLANK: u8 = 0xFF;
/// What the three words beside a body hold: no torn write of it reads as another's.
const MARK: u8 = 0x5A;
/// Bytes that are read back at once.
const CHUNK: usize = 2 * MAX_WORD;

/// An image in the buffer; `None`: it was not written whole.
pub(super) type Held<F, R> = Result<Option<Kept<R>>, JournalError<<F as ErrorType>::Error, <R as Image>::Order>>;

/// What a place holds.
pub(super) struct Seen<const SECTORS: usize> {
    /// Something was begun here, as far as can be read.
    pub(super) used: bool,
    /// The head, if all of the body fits its checksums.
    pub(super) head: Option<Head<SECTORS>>,
    /// The image in a slot is of an open sale.
    pub(super) open: bool,
    /// A mark was begun, and so the body is whole, or was.
    pub(super) counted: bool,
    /// The second mark was begun, and so the first is whole: this will always read as counted.
    pub(super) sealed: bool,
}

impl<F: NorFlash, const SECTORS: usize, R: Image> FlashJournal<F, SECTORS, R> {
    /// Looks at a place. What cannot be read was not written whole, or is damaged: never an error here, as some flashes report
    /// a torn word as one until it is erased.
    pub(super) async fn look(&mut self, place: Place) -> Result<Seen<SECTORS>, JournalError<F::Error, R::Order>> {
        let mut seen = Seen { used: true, head: None, open: false, counted: false, sealed: false };
        let begun = self.read_mark(place, Word::Begin).await != Mark::Blank;
        seen.sealed = self.read_mark(place, Word::Sealed).await != Mark::Blank;
        seen.counted = seen.sealed || self.read_mark(place, Word::Counted).await != Mark::Blank;
        if self.read_body(place).await {
            let len = self.region.body_len(place.kind);
            let body_blank = self.body.iter().take(len).all(|byte| *byte == BLANK);
            seen.used = begun || seen.counted || !body_blank;
            seen.head = self.head()?;
            if let (Kind::Slot, Some(head)) = (place.kind, seen.head) {
                match self.record(place.sector)? {
                    Some(Kept::Record(record)) => seen.open = record.is_open(),
                    // Whoever wrote it knew.
                    Some(Kept::Unreadable { .. }) => seen.open = head.is_open(place.sector),
                    None => seen.head = None,
                }
            }
        }
        Ok(seen)
    }

    /// Reads the image in a slot that was valid before into the buffer.
    pub(super) async fn fetch(&mut self, sector: usize, slot: u8) -> Result<(), JournalError<F::Error, R::Order>> {
        let read = self.read_body(Place { sector, kind: Kind::Slot, index: slot }).await;
        if read { Ok(()) } else { Err(JournalError::Corrupt { sector }) }
    }

    /// The image that [`Self::fetch`] read.
    pub(super) fn kept(&self, sector: usize) -> Result<Kept<R>, JournalError<F::Error, R::Order>> {
        self.record(sector)?.ok_or(JournalError::Corrupt { sector })
    }

    /// Whose image [`Self::fetch`] read: all that is read of it, so that no record takes room.
    pub(super) fn order(&self, sector: usize) -> Result<R::Order, JournalError<F::Error, R::Order>> {
        R::order_of(self.image()).ok_or(JournalError::Corrupt { sector })
    }

    /// Writes a head into a place that is blank, in a slot with the image that is in the buffer: word after word, that are read back
    /// before the next mark.
    pub(super) async fn write(
        &mut self,
        place: Place,
        head: Head<SECTORS>,
    ) -> Result<(), JournalError<F::Error, R::Order>> {
        let Place { sector, kind, index } = place;
        if kind == Kind::Note {
            self.body.fill(BLANK);
        }
        head.encode(R::LEN, &mut self.body);
        if let Some(tried) = self.tried.get_mut(sector) {
            let of = match kind {
                Kind::Slot => &mut tried.slots,
                Kind::Note => &mut tried.notes,
            };
            *of = index + 1;
        }
        self.write_mark(place, Word::Begin).await?;
        let at = self.region.body(place);
        let body = self.body.get(..self.region.body_len(kind)).unwrap_or_default();
        self.flash.write(at, body).await.map_err(JournalError::Flash)?;
        let mut back = [0; CHUNK];
        for (written, at) in body.chunks(CHUNK).zip((at..).step_by(CHUNK)) {
            let back = back.get_mut(..written.len()).unwrap_or_default();
            self.flash.read(at, back).await.map_err(JournalError::Flash)?;
            if back != written {
                return Err(JournalError::Verify { sector });
            }
        }
        self.write_mark(place, Word::Counted).await?;
        self.write_mark(place, Word::Sealed).await
    }

    /// Erases a sector and makes sure that it is blank.
    pub(super) async fn erase(&mut self, sector: usize) -> Result<(), JournalError<F::Error, R::Order>> {
        let range = self.region.sector(sector);
        self.flash.erase(range.start, range.end).await.map_err(JournalError::Flash)?;
        let mut back = [0; CHUNK];
        for at in range.clone().step_by(CHUNK) {
            let len = CHUNK.min((range.end - at) as usize);
            let back = back.get_mut(..len).unwrap_or_default();
            self.flash.read(at, back).await.map_err(JournalError::Flash)?;
            if back.iter().any(|byte| *byte != BLANK) {
                return Err(JournalError::Verify { sector });
            }
        }
        if let Some(tried) = self.tried.get_mut(sector) {
            *tried = Tried::default();
        }
        Ok(())
    }

    /// The room for an image in the buffer, and the rest of it cleared.
    pub(super) fn image_room(&mut self) -> &mut [u8] {
        self.body.fill(BLANK);
        let head = Head::<SECTORS>::LEN;
        self.body.get_mut(head..head + R::LEN).unwrap_or_default()
    }

    /// The head in the buffer; `None`: it was not written whole.
    fn head(&self) -> Result<Option<Head<SECTORS>>, JournalError<F::Error, R::Order>> {
        Head::decode(&self.body, R::LEN).map_err(|unusable| match unusable {
            Unusable::Newer(version) => JournalError::Newer { version },
            Unusable::Geometry => JournalError::Geometry(Geometry::Formatted),
        })
    }

    fn image(&self) -> &[u8] {
        let head = Head::<SECTORS>::LEN;
        self.body.get(head..head + R::LEN).unwrap_or_default()
    }

    /// The image in the buffer; `None`: it was not written whole.
    pub(super) fn record(&self, sector: usize) -> Held<F, R> {
        let image = self.image();
        match R::decode(image) {
            Ok(record) => Ok(Some(Kept::Record(record))),
            Err(ImageError::Checksum) => Ok(None),
            Err(error) => match R::order_of(image) {
                Some(order) => Ok(Some(Kept::Unreadable { sector, order, error })),
                None => Err(JournalError::Record { sector, order: None, error }),
            },
        }
    }

    /// Whether the body of a place could be read into the buffer.
    async fn read_body(&mut self, place: Place) -> bool {
        let body = self.body.get_mut(..self.region.body_len(place.kind)).unwrap_or_default();
        let read = self.flash.read(self.region.body(place), body).await;
        self.note(read)
    }

    async fn read_mark(&mut self, place: Place, word: Word) -> Mark {
        let mut bytes = [0; MAX_WORD];
        let bytes = bytes.get_mut(..self.region.word).unwrap_or_default();
        let read = self.flash.read(self.region.word(place, word), bytes).await;
        if !self.note(read) {
            Mark::Torn
        } else if bytes.iter().all(|byte| *byte == BLANK) {
            Mark::Blank
        } else if bytes.iter().all(|byte| *byte == MARK) {
            Mark::Whole
        } else {
            Mark::Torn
        }
    }

    async fn write_mark(&mut self, place: Place, word: Word) -> Result<(), JournalError<F::Error, R::Order>> {
        let mark = [MARK; MAX_WORD];
        let mark = mark.get(..self.region.word).unwrap_or_default();
        self.flash.write(self.region.word(place, word), mark).await.map_err(JournalError::Flash)?;
        if self.read_mark(place, word).await == Mark::Whole {
            Ok(())
        } else {
            Err(JournalError::Verify { sector: place.sector })
        }
    }

    fn note(&mut self, read: Result<(), F::Error>) -> bool {
        match read {
            Ok(()) => true,
            Err(error) => {
                self.unreadable.get_or_insert(error);
                false
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Blank,
    /// Begun, not whole, or not readable.
    Torn,
    Whole,
}
