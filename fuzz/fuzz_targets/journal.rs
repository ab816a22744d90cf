//! Any flash: opening it never panics, and changes nothing when it fails. When it opens, it opens again with the same sales and
//! without a write, a new order can be stored or the journal is full, and everything that was open is still there.
//!
//! Bytes are decisions: each group puts a slot or a note somewhere, whole, torn or without its marks; what is left over overwrites
//! the flash as it is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pay_core::sale::{Conflict, ImageError};
use tests::nor::{Nor, block_on};
use transport_embassy::journal::{FlashJournal, Image, JournalError};

const WORD: usize = 4;
const SECTOR: usize = 144;
const SECTORS: usize = 4;
const HEAD: usize = 15 + SECTORS;
/// Two of each in a sector.
const SLOT: usize = (HEAD + Note::LEN).next_multiple_of(WORD) + 3 * WORD;
const NOTE: usize = HEAD.next_multiple_of(WORD) + 3 * WORD;
const GROUP: usize = 11;

fuzz_target!(|bytes: &[u8]| {
    let mut flash = vec![0xFF; SECTOR * SECTORS];
    let groups = bytes.chunks_exact(GROUP);
    for (byte, raw) in groups.remainder().iter().zip(flash.iter_mut().step_by(61)) {
        *raw = *byte;
    }
    for group in groups {
        put(&mut flash, group);
    }
    let mut nor = Nor::<WORD, SECTOR>::from_bytes(flash.clone());
    let Ok(before) = open_notes(&mut nor) else {
        assert_eq!(nor.bytes(), flash, "an error changed something");
        return;
    };
    let ops = nor.ops;
    assert_eq!(open_notes(&mut nor).as_ref(), Ok(&before));
    assert_eq!(nor.ops, ops, "opened for the second time, it wrote");

    let new = Note { order: 0xFE, open: true, seq: 1 };
    let stored = block_on(open(&mut nor).expect("it opened").store(&new));
    nor.boot(0);
    let after = open_notes(&mut nor).expect("it opens");
    match stored {
        Ok(()) => assert!(after.contains(&new)),
        Err(JournalError::Full | JournalError::NoRoom | JournalError::Conflict(_)) => assert_eq!(after, before),
        Err(error) => panic!("{error}"),
    }
    assert!(before.iter().all(|note| note.order == new.order || after.contains(note)));
});

type Journal<'a> = FlashJournal<&'a mut Nor<WORD, SECTOR>, SECTORS, Note>;
type Result<T> = core::result::Result<T, JournalError<tests::nor::NorError, u8>>;

fn open(nor: &mut Nor<WORD, SECTOR>) -> Result<Journal<'_>> {
    block_on(FlashJournal::open(nor, 0..(SECTOR * SECTORS) as u32))
}

/// The open notes, lowest order first.
fn open_notes(nor: &mut Nor<WORD, SECTOR>) -> Result<Vec<Note>> {
    let mut journal = open(nor)?;
    let mut notes: Vec<Note> = Vec::new();
    while let Some(note) = block_on(journal.next_open(notes.last().map(|note| &note.order)))? {
        notes.push(note);
    }
    Ok(notes)
}

/// Puts a slot or a note where the group says.
fn put(flash: &mut [u8], group: &[u8]) {
    let [place, serial, spare, table, open, geometry, order, seq, marks, damage, flip] =
        group.try_into().expect("a group");
    let (sector, index) = (usize::from(place) % SECTORS, usize::from(place) / SECTORS % 4);
    let (at, len) = if index < 2 { (index * SLOT, SLOT) } else { (2 * SLOT + (index - 2) * NOTE, NOTE) };
    let place: &mut [u8] = &mut flash[sector * SECTOR + at..][..len];
    place.fill(0xFF);
    place[..WORD].fill(0x5A);
    let (body, ends) = place[WORD..].split_at_mut(len - 3 * WORD);
    body[..HEAD].fill(0);
    let sectors = SECTORS as u8 + u8::from(geometry == 1);
    let (version, image) = (2 + u8::from(geometry == 2), Note::LEN as u8 + u8::from(geometry == 3));
    body[..7].copy_from_slice(&[b'P', b'J', version, sectors, image, 0, serial]);
    body[14] = spare % 5;
    for sector in 0..SECTORS {
        // Two bits of each for its slot: none, the first, the second, and one that is not there.
        let slot = table >> (2 * sector) & 3;
        body[15 + sector] = if slot == 0 { 0 } else { slot | (open >> sector & 1) << 7 };
    }
    let sum = crc32(&[&body[..10], &body[14..HEAD]].concat());
    body[10..14].copy_from_slice(&sum.to_le_bytes());
    if index < 2 {
        Note { order, open: seq % 2 == 0, seq: seq / 2 }.encode(&mut body[HEAD..]);
    }
    if let Some(byte) = body.get_mut(usize::from(damage)) {
        *byte ^= flip;
    }
    for (bit, word) in [1, 2].into_iter().zip(ends.chunks_mut(WORD)) {
        if marks & bit == 0 {
            word.fill(0x5A);
        }
        if marks & (bit << 2) != 0 {
            word[0] = marks;
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Note {
    order: u8,
    open: bool,
    seq: u8,
}

impl Image for Note {
    type Order = u8;

    const LEN: usize = 8;

    fn encode(&self, out: &mut [u8]) {
        out[..4].copy_from_slice(&[self.order, u8::from(self.open), self.seq, 0]);
        let sum = crc32(&out[..4]);
        out[4..8].copy_from_slice(&sum.to_le_bytes());
    }

    fn decode(image: &[u8]) -> core::result::Result<Self, ImageError> {
        match *image {
            [order, open, seq, 0, ..] if crc32(&image[..4]).to_le_bytes() == image[4..8] => {
                Ok(Self { order, open: open == 1, seq })
            }
            _ => Err(ImageError::Checksum),
        }
    }

    fn order(&self) -> &u8 {
        &self.order
    }

    fn is_open(&self) -> bool {
        self.open
    }

    fn may_replace(&self, kept: &Self) -> core::result::Result<(), Conflict> {
        if self.seq > kept.seq || self == kept { Ok(()) } else { Err(Conflict::Stale) }
    }

    fn may_join(&self, _: &Self) -> core::result::Result<(), Conflict> {
        Ok(())
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg()))
    })
}
