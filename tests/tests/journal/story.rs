//! What a journal was told, and what it must still know.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use tests::nor::{Nor, NorError, block_on};
use transport_embassy::journal::{FlashJournal, Image as _, JournalError};

use crate::note::{Note, crc32};

/// A journal of `N` sectors over all of a flash.
pub type Journal<'a, const W: usize, const E: usize, const N: usize> = FlashJournal<&'a mut Nor<W, E>, N, Note>;
pub type Result<T> = std::result::Result<T, JournalError<NorError, u16>>;

pub fn open<const W: usize, const E: usize, const N: usize>(nor: &mut Nor<W, E>) -> Result<Journal<'_, W, E, N>> {
    let end = (N * E) as u32;
    block_on(FlashJournal::open(nor, 0..end))
}

pub fn formatted<const W: usize, const E: usize, const N: usize>(ecc: bool) -> Nor<W, E> {
    let mut nor = Nor::new(N);
    nor.ecc = ecc;
    block_on(FlashJournal::<_, N, Note>::format(&mut nor, 0..(N * E) as u32)).unwrap();
    nor
}

/// Several sales at once: some grow beyond a sector, one is open all the time, some are replaced. Never more than three open.
pub fn script() -> Vec<Note> {
    let sale = |order: u16, seqs: std::ops::RangeInclusive<u32>, closed: bool| {
        let last = *seqs.end();
        seqs.map(move |seq| Note::new(order, seq, !(closed && seq == last)))
    };
    let mut notes: Vec<Note> = Vec::new();
    notes.extend(sale(7, 1..=2, false));
    notes.extend(sale(1, 1..=5, true));
    notes.extend(sale(2, 1..=1, false));
    notes.extend(sale(7, 3..=4, false));
    notes.extend(sale(2, 2..=3, true));
    notes.extend(sale(3, 1..=2, false));
    notes.extend(sale(4, 1..=1, false));
    notes.extend(sale(3, 3..=5, true));
    notes.extend(sale(4, 2..=2, true));
    notes.extend(sale(5, 1..=4, true));
    notes.extend(sale(7, 5..=7, true));
    notes.extend(sale(6, 1..=2, true));
    notes
}

/// The facts, and what may have been added to them by calls that did not come back since the last that did.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    known: BTreeMap<u16, Note>,
    forgotten: BTreeSet<u16>,
    doubtful: Vec<Note>,
}

impl Facts {
    /// Before a call.
    pub fn try_store(&mut self, note: Note) {
        self.doubtful.push(note);
    }

    /// After it came back well.
    pub fn stored(&mut self) {
        let note = self.doubtful.pop().expect("a call");
        self.doubtful.clear();
        self.known.insert(note.order, note);
        self.forgotten.remove(&note.order);
    }

    /// After it was refused: nothing was written.
    pub fn refused(&mut self) {
        self.doubtful.pop();
    }

    /// Everything that was acknowledged, or was read once, is there and not older; what was closed stays closed or is forgotten for
    /// good; nothing else is there.
    pub async fn check<const W: usize, const E: usize, const N: usize>(
        &mut self,
        journal: &mut Journal<'_, W, E, N>,
    ) -> Result<()> {
        let mut came_true = false;
        for order in 0..10 {
            let found = journal.find(&order).await?;
            let known = self.known.get(&order).copied();
            match found {
                Some(note) if Some(note) == known => {}
                Some(note) if self.doubtful.contains(&note) && !came_true => {
                    // Read once, it is a fact, and the others are none.
                    came_true = true;
                    self.known.insert(order, note);
                    self.forgotten.remove(&order);
                }
                Some(note) => panic!("{note:?} came back; known {known:?}, {self:?}"),
                None => match known {
                    Some(note) if note.open => panic!("{note:?} is lost"),
                    Some(_) => {
                        // A closed sale may be forgotten, and only for a new order.
                        self.known.remove(&order);
                        self.forgotten.insert(order);
                    }
                    None => {}
                },
            }
        }
        if came_true {
            self.doubtful.clear();
        }
        let mut after = None;
        for note in self.known.values().filter(|note| note.open) {
            let next = journal.next_open(after.as_ref()).await?;
            assert_eq!(next.as_ref(), Some(note));
            after = Some(note.order);
        }
        assert_eq!(journal.next_open(after.as_ref()).await?, None);
        Ok(())
    }
}

/// Where slots and notes lie in a flash of so many sectors, slots first in each.
pub fn places<const W: usize, const E: usize>(sectors: usize) -> Vec<Range<usize>> {
    let place = |body: usize| body.next_multiple_of(W) + 3 * W;
    let (slot, note) = (place(head_len(sectors) + Note::LEN), place(head_len(sectors)));
    let slots = (E - 2 * note) / slot;
    let notes = (E - slots * slot) / note;
    let in_sector = move |start: usize| {
        let of_notes = start + slots * slot;
        let slots = (0..slots).map(move |index| start + index * slot..start + (index + 1) * slot);
        slots.chain((0..notes).map(move |index| of_notes + index * note..of_notes + (index + 1) * note))
    };
    (0..sectors).flat_map(|sector| in_sector(sector * E)).collect()
}

/// What stands where, for people who look at a failure.
pub fn dump<const W: usize, const E: usize>(nor: &Nor<W, E>) -> String {
    let sectors = nor.bytes().len() / E;
    let head = head_len(sectors);
    let mut text = String::new();
    for at in places::<W, E>(sectors) {
        let place = &nor.bytes()[at.clone()];
        if place.iter().all(|byte| *byte == 0xFF) {
            continue;
        }
        let (body, marks) = place[W..].split_at(place.len() - 3 * W);
        let sum = crc32(&[&body[..10], &body[14..head]].concat());
        let whole = sum.to_le_bytes() == body[10..14];
        let serial = u32::from_le_bytes(body[6..10].try_into().unwrap());
        let image = body.get(head..head + Note::LEN).map(Note::decode);
        let (spare, table) = (body[14], &body[15..head]);
        let marks = [&marks[..W.min(2)], &marks[W..][..W.min(2)]];
        let (sector, at) = (at.start / E, at.start % E);
        text += &format!("{sector} at {at}: {whole} {serial} spare {spare} {table:x?} {image:?} {marks:x?}\n");
    }
    text
}

/// Bytes of a head.
fn head_len(sectors: usize) -> usize {
    15 + sectors
}
