//! Words that do not take what is written, bits that flip, reads that fail.

use tests::nor::{Fault, Nor, NorError, block_on};
use transport_embassy::journal::{Image as _, JournalError};

use crate::note::Note;
use crate::story::{Facts, formatted, open, script};

/// Bytes of a sector, of a slot in it, of a head and of the image behind it, for words of 4.
const SECTOR: usize = 208;
const SLOT: usize = 48;
const HEAD: usize = 19;
const BODY: usize = HEAD + 16;

/// A fault at every operation of every store: it is reported, and the next call goes on from what is there.
// Mutants: the body not read back (a flipped bit is acknowledged); an erase not read back.
#[test]
fn a_bad_write_is_never_acknowledged() {
    fn play<const W: usize, const E: usize>(fault: Fault) -> u64 {
        let script = script();
        let mut reported = 0;
        let mut at = 0;
        loop {
            let mut nor = formatted::<W, E, 4>(false);
            let mut facts = Facts::default();
            nor.fail_after(at, fault);
            let before = nor.ops;
            let mut errors = 0;
            let mut journal = open::<W, E, 4>(&mut nor).unwrap();
            for note in &script {
                facts.try_store(*note);
                if let Err(error) = block_on(journal.store(note)) {
                    assert!(
                        matches!(error, JournalError::Flash(NorError::Failed) | JournalError::Verify { .. }),
                        "{error}"
                    );
                    errors += 1;
                    facts.try_store(*note);
                    block_on(journal.store(note)).expect("it goes somewhere else");
                }
                facts.stored();
            }
            nor.boot(0);
            block_on(facts.check(&mut open::<W, E, 4>(&mut nor).unwrap())).unwrap();
            if nor.ops - before <= at {
                return reported;
            }
            reported += errors;
            at += 1;
        }
    }
    for fault in [Fault::Refuse, Fault::RefuseAfter, Fault::Flip] {
        assert!(play::<1, 164>(fault) > 500);
        assert!(play::<8, 288>(fault) > 100);
        assert!(play::<32, 576>(fault) > 50);
    }
}

/// A slot whose first word takes nothing stays blank. It is not tried for ever.
// Mutant: `tried` not looked at.
#[test]
fn a_slot_that_cannot_be_begun_is_passed_over() {
    let mut nor: Nor<4, SECTOR> = formatted::<4, SECTOR, 4>(false);
    nor.stuck = vec![(SECTOR + SLOT) / 4];
    let mut journal = open::<4, SECTOR, 4>(&mut nor).unwrap();
    block_on(journal.store(&Note::new(1, 1, true))).unwrap();
    let next = Note::new(1, 2, true);
    assert_eq!(block_on(journal.store(&next)), Err(JournalError::Flash(NorError::Failed)));
    block_on(journal.store(&next)).unwrap();
    nor.boot(0);
    assert_eq!(block_on(open::<4, SECTOR, 4>(&mut nor).unwrap().find(&1)), Ok(Some(next)));
}

/// An image that was acknowledged and is damaged now is reported, and nothing is erased: in its body, or in its head.
// Mutant: an image that the table names and that is missing is not missed.
#[test]
fn age_is_not_taken_for_a_power_cut() {
    let mut nor: Nor<4, SECTOR> = formatted::<4, SECTOR, 4>(false);
    {
        let mut journal = open::<4, SECTOR, 4>(&mut nor).unwrap();
        for note in [Note::new(1, 1, true), Note::new(1, 2, true), Note::new(2, 1, true)] {
            block_on(journal.store(&note)).unwrap();
        }
    }
    let last_of_order_1 = SECTOR + SLOT;
    for byte in 4..4 + BODY {
        let mut aged = nor.clone();
        aged.decay(last_of_order_1 + byte, 1 << (byte % 8));
        let before = aged.bytes().to_vec();
        let error = open::<4, SECTOR, 4>(&mut aged).err();
        assert_eq!(error, Some(JournalError::Corrupt { sector: 1 }), "byte {byte}");
        assert_eq!(aged.bytes(), before);
    }
    // A replaced image is of no interest, and a mark that lost a bit is still one.
    for byte in (4..4 + BODY).map(|byte| SECTOR + byte).chain(last_of_order_1 + SLOT - 8..last_of_order_1 + SLOT) {
        let mut aged = nor.clone();
        aged.decay(byte, 1 << (byte % 8));
        let found = block_on(open::<4, SECTOR, 4>(&mut aged).unwrap().find(&1));
        assert_eq!(found, Ok(Some(Note::new(1, 2, true))), "byte {byte}");
    }
}

/// The newest image of all, and the note that made sure of it: no head knows of them but their own.
// Mutants: `damaged` not looked at; `damaged_note` not looked at.
#[test]
fn age_does_not_bring_the_image_before_back() {
    let mut nor: Nor<4, SECTOR> = formatted::<4, SECTOR, 4>(false);
    for note in [Note::new(1, 1, true), Note::new(2, 1, true), Note::new(1, 2, true)] {
        block_on(open::<4, SECTOR, 4>(&mut nor).unwrap().store(&note)).unwrap();
    }
    let newest = SECTOR + SLOT;
    for byte in newest + 4..newest + 4 + BODY {
        let mut aged = nor.clone();
        aged.decay(byte, 1 << (byte % 8));
        assert_eq!(open::<4, SECTOR, 4>(&mut aged).err(), Some(JournalError::Corrupt { sector: 1 }), "byte {byte}");
    }
    // Its second mark was not written: `open` writes a note behind the slots of its sector.
    let mut bytes = nor.bytes().to_vec();
    bytes[newest + SLOT - 4..newest + SLOT].fill(0xFF);
    let mut nor = Nor::<4, SECTOR>::from_bytes(bytes);
    let found = block_on(open::<4, SECTOR, 4>(&mut nor).unwrap().find(&1));
    assert_eq!(found, Ok(Some(Note::new(1, 2, true))));
    let note = SECTOR + 3 * SLOT;
    for byte in note + 4..note + 4 + HEAD {
        let mut aged = nor.clone();
        aged.decay(byte, 1 << (byte % 8));
        assert_eq!(open::<4, SECTOR, 4>(&mut aged).err(), Some(JournalError::Corrupt { sector: 1 }), "byte {byte}");
    }
}

/// The same with a word that cannot be read: a bus that fails is no torn write either.
#[test]
fn a_read_error_over_an_acknowledged_image_is_reported() {
    let mut nor: Nor<4, SECTOR> = formatted::<4, SECTOR, 4>(false);
    block_on(open::<4, SECTOR, 4>(&mut nor).unwrap().store(&Note::new(1, 1, true))).unwrap();
    block_on(open::<4, SECTOR, 4>(&mut nor).unwrap().store(&Note::new(2, 1, true))).unwrap();
    let before = nor.bytes().to_vec();
    nor.unreadable = vec![SECTOR / 4 + 3];
    assert_eq!(open::<4, SECTOR, 4>(&mut nor).err(), Some(JournalError::Corrupt { sector: 1 }));
    nor.unreadable = (0..SECTOR).collect();
    assert_eq!(open::<4, SECTOR, 4>(&mut nor).err(), Some(JournalError::Flash(NorError::Failed)));
    nor.unreadable.clear();
    assert_eq!(nor.bytes(), before);
    assert_eq!(block_on(open::<4, SECTOR, 4>(&mut nor).unwrap().find(&1)), Ok(Some(Note::new(1, 1, true))));
}

/// A sector that somebody erased is missed.
// Mutant: sectors not compared with the table.
#[test]
fn an_open_sale_that_is_gone_is_missed() {
    let mut nor: Nor<4, SECTOR> = formatted::<4, SECTOR, 4>(false);
    for order in 1..=2 {
        block_on(open::<4, SECTOR, 4>(&mut nor).unwrap().store(&Note::new(order, 1, true))).unwrap();
    }
    let mut bytes = nor.bytes().to_vec();
    bytes[SECTOR..2 * SECTOR].fill(0xFF);
    let mut nor = Nor::<4, SECTOR>::from_bytes(bytes);
    assert_eq!(open::<4, SECTOR, 4>(&mut nor).err(), Some(JournalError::Corrupt { sector: 1 }));
}

/// The table says what is open, and which sectors are empty.
// Mutants: `open` not compared; `used` of a sector without an image not looked at.
#[test]
fn an_image_that_is_not_as_the_table_says_is_refused() {
    let mut nor: Nor<4, SECTOR> = formatted::<4, SECTOR, 4>(false);
    block_on(open::<4, SECTOR, 4>(&mut nor).unwrap().store(&Note::new(1, 1, true))).unwrap();
    let mut bytes = nor.bytes().to_vec();
    Note::new(1, 1, false).encode(&mut bytes[SECTOR + 4 + HEAD..][..16]);
    let mut closed = Nor::<4, SECTOR>::from_bytes(bytes);
    assert_eq!(open::<4, SECTOR, 4>(&mut closed).err(), Some(JournalError::Corrupt { sector: 1 }));
    let mut bytes = nor.bytes().to_vec();
    bytes[3 * SECTOR + 4] = 0x11;
    let mut littered = Nor::<4, SECTOR>::from_bytes(bytes);
    assert_eq!(open::<4, SECTOR, 4>(&mut littered).err(), Some(JournalError::Corrupt { sector: 3 }));
}

/// Two sectors with one order contradict each other: one of them would be an older state.
// Mutant: `check_orders` left out.
#[test]
fn an_order_in_two_sectors_is_refused() {
    let mut nor: Nor<4, SECTOR> = formatted::<4, SECTOR, 4>(false);
    for order in 1..=2 {
        block_on(open::<4, SECTOR, 4>(&mut nor).unwrap().store(&Note::new(order, 1, true))).unwrap();
    }
    let mut bytes = nor.bytes().to_vec();
    Note::new(1, 1, true).encode(&mut bytes[4 + HEAD..][..16]);
    let mut nor = Nor::<4, SECTOR>::from_bytes(bytes);
    assert_eq!(open::<4, SECTOR, 4>(&mut nor).err(), Some(JournalError::Corrupt { sector: 1 }));
}
