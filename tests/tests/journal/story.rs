//! What a journal was told, and what it must still know.

use std::collections::{BTreeMap, BTreeSet};

use tests::nor::{Nor, NorError, block_on};
use transport_embassy::journal::{FlashJournal, JournalError};

use crate::note::Note;

/// A journal of `N` sectors over all of a flash.
pub type Journal<'a, const W: usize, const E: usize, const N: usize> = FlashJournal<&'a mut Nor<W, E>, N, Note>;
pub type Result<T> = std::result::Result<T, JournalError<NorError>>;

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

/// What stands where, for people who look at a failure.
pub fn dump<const W: usize, const E: usize>(nor: &Nor<W, E>) -> String {
    let body = (24 + 16_usize).next_multiple_of(W);
    let slot = body + 3 * W;
    let mut text = String::new();
    for (index, sector) in nor.bytes().chunks(E).enumerate() {
        for (number, slot) in sector.chunks_exact(slot).enumerate() {
            if slot.iter().all(|byte| *byte == 0xFF) {
                continue;
            }
            let head = &slot[W..];
            let whole = crate::note::crc32(&head[..20]) == u32::from_le_bytes(head[20..24].try_into().unwrap());
            let note = <Note as transport_embassy::journal::Image>::decode(&head[24..40]);
            let serial = u64::from_le_bytes(head[4..12].try_into().unwrap());
            let marks = (&slot[body + W..][..W.min(2)], &slot[body + 2 * W..][..W.min(2)]);
            text += &format!(
                "{index}.{number}: head {whole} serial {serial} spare {} open {:b} {note:?} marks {marks:x?}\n",
                head[3], head[12]
            );
        }
    }
    text
}
