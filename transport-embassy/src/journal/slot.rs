//! Reading, writing and erasing: everything that touches the flash.

use embedded_storage_async::nor_flash::NorFlash;
use pay_core::sale::ImageError;

use super::error::JournalError;
use super::flash_journal::FlashJournal;
use super::head::{Head, Newer};
use super::image::Image;
use super::region::{MAX_WORD, Word};

const BLANK: u8 = 0xFF;
/// What the three words beside a body hold: no torn write of it reads as another's.
const MARK: u8 = 0x5A;
/// Bytes that are read back at once.
const CHUNK: usize = 2 * MAX_WORD;

type Body<R> = Option<(Head, Option<R>)>;

/// What a slot holds.
pub(super) struct Seen<R> {
    /// Nothing was ever written here, as far as can be read.
    pub(super) blank: bool,
    /// Head and image fit their checksums. No image: the root.
    pub(super) valid: Body<R>,
    /// Its first mark was begun, so its body is whole, or was.
    pub(super) counted: bool,
    /// Both marks are whole.
    pub(super) sealed: bool,
}

impl<F: NorFlash, const SECTORS: usize, R: Image> FlashJournal<F, SECTORS, R> {
    /// Looks at a slot. What cannot be read was not written whole, or is damaged: never an error here, as some flashes report
    /// a torn word as one until it is erased.
    pub(super) async fn look(&mut self, sector: usize, slot: u8) -> Result<Seen<R>, JournalError<F::Error>> {
        let begin = self.read_mark(sector, slot, Word::Begin).await;
        let counted = self.read_mark(sector, slot, Word::Counted).await;
        let sealed = self.read_mark(sector, slot, Word::Sealed).await;
        let readable = self.read_body(sector, slot).await;
        let body_blank = readable && self.body().iter().all(|byte| *byte == BLANK);
        let valid = if readable && !body_blank { self.parse(sector)? } else { None };
        let marks_blank = begin == Mark::Blank && counted == Mark::Blank && sealed == Mark::Blank;
        Ok(Seen {
            blank: body_blank && marks_blank,
            valid,
            counted: counted != Mark::Blank,
            sealed: counted == Mark::Whole && sealed == Mark::Whole,
        })
    }

    /// Brings a slot that was valid before into the buffer. `None`: the root.
    pub(super) async fn load(&mut self, sector: usize, slot: u8) -> Result<Option<R>, JournalError<F::Error>> {
        let found = if self.read_body(sector, slot).await { self.parse(sector)? } else { None };
        found.map(|(_, record)| record).ok_or(JournalError::Corrupt { sector })
    }

    /// Writes the body that is in the buffer into a blank slot, word after word that is read back before the next.
    pub(super) async fn write(&mut self, sector: usize, slot: u8, head: Head) -> Result<(), JournalError<F::Error>> {
        if let (Some(room), Some(tried)) = (self.body.first_chunk_mut(), self.tried.get_mut(sector)) {
            *room = head.encode();
            *tried = slot + 1;
        }
        self.write_mark(sector, slot, Word::Begin).await?;
        let at = self.region.body(sector, slot);
        let body = self.body.get(..self.region.body).unwrap_or_default();
        self.flash.write(at, body).await.map_err(JournalError::Flash)?;
        let mut back = [0; CHUNK];
        for (written, at) in body.chunks(CHUNK).zip((at..).step_by(CHUNK)) {
            let back = back.get_mut(..written.len()).unwrap_or_default();
            self.flash.read(at, back).await.map_err(JournalError::Flash)?;
            if back != written {
                return Err(JournalError::Verify { sector });
            }
        }
        self.write_mark(sector, slot, Word::Counted).await?;
        self.write_mark(sector, slot, Word::Sealed).await
    }

    /// Erases a sector and makes sure that it is blank.
    pub(super) async fn erase(&mut self, sector: usize) -> Result<(), JournalError<F::Error>> {
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
            *tried = 0;
        }
        Ok(())
    }

    /// The room for an image in the buffer, and the rest of it cleared.
    pub(super) fn image_room(&mut self) -> &mut [u8] {
        self.body.fill(BLANK);
        self.body.get_mut(Head::LEN..Head::LEN + R::LEN).unwrap_or_default()
    }

    fn body(&self) -> &[u8] {
        self.body.get(..self.region.body).unwrap_or_default()
    }

    fn parse(&self, sector: usize) -> Result<Body<R>, JournalError<F::Error>> {
        let head = match Head::decode(self.body()) {
            Ok(Some(head)) => head,
            Ok(None) => return Ok(None),
            Err(Newer(version)) => return Err(JournalError::Newer { version }),
        };
        if head.len == 0 {
            return Ok(Some((head, None)));
        }
        if usize::from(head.len) != R::LEN {
            return Err(JournalError::Record { sector, error: ImageError::Length });
        }
        match R::decode(self.body.get(Head::LEN..Head::LEN + R::LEN).unwrap_or_default()) {
            Ok(record) => Ok(Some((head, Some(record)))),
            Err(ImageError::Checksum) => Ok(None),
            Err(error) => Err(JournalError::Record { sector, error }),
        }
    }

    /// Whether the body of a slot could be read into the buffer.
    async fn read_body(&mut self, sector: usize, slot: u8) -> bool {
        let at = self.region.body(sector, slot);
        let body = self.body.get_mut(..self.region.body).unwrap_or_default();
        let read = self.flash.read(at, body).await;
        self.note(read)
    }

    async fn read_mark(&mut self, sector: usize, slot: u8, word: Word) -> Mark {
        let mut bytes = [0; MAX_WORD];
        let bytes = bytes.get_mut(..self.region.word).unwrap_or_default();
        let read = self.flash.read(self.region.word(sector, slot, word), bytes).await;
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

    async fn write_mark(&mut self, sector: usize, slot: u8, word: Word) -> Result<(), JournalError<F::Error>> {
        let mark = [MARK; MAX_WORD];
        let mark = mark.get(..self.region.word).unwrap_or_default();
        self.flash.write(self.region.word(sector, slot, word), mark).await.map_err(JournalError::Flash)?;
        if self.read_mark(sector, slot, word).await == Mark::Whole {
            Ok(())
        } else {
            Err(JournalError::Verify { sector })
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
