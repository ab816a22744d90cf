//! The bytes on the flash: read for ever, refused when they are another's.

use pay_core::sale::ImageError;
use tests::nor::{Nor, block_on};
use transport_embassy::journal::{FlashJournal, Geometry, JournalError};

use crate::note::{Note, crc32};
use crate::story::{Facts, dump, formatted, open, script};

const GOLDEN: &[u8] = include_bytes!("golden/flash-2.bin");

/// The story as far as three sales are open, with a torn write after it.
fn written() -> Nor<4, 208> {
    let mut nor = formatted::<4, 208, 4>(false);
    for note in &script()[..13] {
        block_on(open::<4, 208, 4>(&mut nor).unwrap().store(note)).unwrap();
    }
    nor.cut_after(8, 1);
    block_on(open::<4, 208, 4>(&mut nor).unwrap().store(&script()[13])).unwrap_err();
    nor
}

/// A flash of format 2 opens with what it was written with. The file is never written again: a new format gets a new one.
// Mutant: two fields of the head swapped.
#[test]
fn a_flash_of_format_2_is_read() {
    let mut nor = Nor::<4, 208>::from_bytes(GOLDEN.to_vec());
    assert_eq!(dump(&nor), dump(&written()), "this program would write other bytes");
    let mut facts = Facts::default();
    for note in &script()[..13] {
        facts.try_store(*note);
        facts.stored();
    }
    let mut journal = open::<4, 208, 4>(&mut nor).unwrap();
    block_on(facts.check(&mut journal)).unwrap();
    assert_eq!(block_on(journal.find(&7)), Ok(Some(Note::new(7, 4, true))));
    for note in &script()[13..] {
        facts.try_store(*note);
        block_on(journal.store(note)).unwrap();
        facts.stored();
    }
    block_on(facts.check(&mut journal)).unwrap();
}

/// A newer slot format is an error that says so, a newer record in a slot of ours one of its own order; nothing is touched.
// Mutants: the version not compared; `ImageError::Newer` treated like a torn image.
#[test]
fn a_newer_program_is_not_overwritten() {
    // The newest image of order 7: behind the word that begins slot 0 of its sector.
    let seal = |bytes: &mut Vec<u8>, from: usize, len: usize| {
        let sum = crc32(&bytes[from..from + len]);
        bytes[from + len..from + len + 4].copy_from_slice(&sum.to_le_bytes());
    };
    let mut unreadable = 0;
    for sector in 0..4 {
        let mut bytes = GOLDEN.to_vec();
        let at = sector * 208 + 4;
        if bytes[at..at + 2] != *b"PJ" {
            continue;
        }
        // A head has its checksum in its middle.
        let version = |bytes: &mut Vec<u8>, version: u8, sectors: u8| {
            bytes[at + 2..at + 4].copy_from_slice(&[version, sectors]);
            let head = 15 + usize::from(sectors);
            let sum = crc32(&[&bytes[at..at + 10], &bytes[at + 14..at + head]].concat());
            bytes[at + 10..at + 14].copy_from_slice(&sum.to_le_bytes());
        };
        version(&mut bytes, 3, 4);
        let mut nor = Nor::<4, 208>::from_bytes(bytes.clone());
        assert_eq!(open::<4, 208, 4>(&mut nor).err(), Some(JournalError::Newer { version: 3 }));
        assert_eq!(nor.bytes(), bytes);
        version(&mut bytes, 2, 5);
        let mut nor = Nor::<4, 208>::from_bytes(bytes.clone());
        assert_eq!(open::<4, 208, 4>(&mut nor).err(), Some(JournalError::Geometry(Geometry::Formatted)));
        assert_eq!(nor.bytes(), bytes);

        let mut bytes = GOLDEN.to_vec();
        bytes[at + 19 + 7] = 9;
        seal(&mut bytes, at + 19, 12);
        let mut nor = Nor::<4, 208>::from_bytes(bytes.clone());
        let mut journal = open::<4, 208, 4>(&mut nor).unwrap();
        let error = ImageError::Newer { version: 9 };
        for order in 0..10 {
            if let Err(found) = block_on(journal.find(&order)) {
                assert_eq!(found, JournalError::Record { sector, order: Some(order), error });
                unreadable += 1;
            }
        }
        assert_eq!(nor.bytes(), bytes);
    }
    assert!(unreadable > 0, "no image that counts was changed");
}

#[test]
fn what_is_no_journal_is_left_alone() {
    let mut nor = Nor::<4, 208>::new(4);
    assert_eq!(open::<4, 208, 4>(&mut nor).err(), Some(JournalError::Blank));
    let mut nor = Nor::<4, 208>::from_bytes(b"somebody else's data, here".repeat(32));
    assert_eq!(open::<4, 208, 4>(&mut nor).err(), Some(JournalError::Foreign));
    assert_eq!((nor.ops, nor.bytes()), (0, &*b"somebody else's data, here".repeat(32)));
}

/// A format that is cut off anywhere is no journal, or an empty one.
#[test]
fn a_format_that_is_cut_off_is_done_again() {
    for cut in 0.. {
        let mut nor = Nor::<8, 288>::from_bytes(vec![0x11; 4 * 288]);
        nor.cut_after(cut, cut);
        let done = block_on(FlashJournal::<_, 4, Note>::format(&mut nor, 0..4 * 288)).is_ok();
        nor.boot(cut);
        match open::<8, 288, 4>(&mut nor) {
            Ok(mut journal) => assert_eq!(block_on(journal.next_open(None)), Ok(None)),
            Err(error) => {
                assert!(!done && matches!(error, JournalError::Foreign | JournalError::Blank), "{error}");
                block_on(FlashJournal::<_, 4, Note>::format(&mut nor, 0..4 * 288)).unwrap();
            }
        }
        block_on(open::<8, 288, 4>(&mut nor).unwrap().store(&Note::new(1, 1, true))).unwrap();
        if done {
            break;
        }
    }
}

#[test]
fn a_range_that_does_not_fit_is_refused() {
    let open = |range| block_on(FlashJournal::<_, 4, Note>::open(Nor::<4, 208>::new(8), range)).err();
    let refused = |why| Some(JournalError::Geometry(why));
    assert_eq!(open(1..832), refused(Geometry::Range));
    assert_eq!(open(0..0), refused(Geometry::Range));
    assert_eq!(open(832..1872), refused(Geometry::Range));
    assert_eq!(open(0..1040), refused(Geometry::Sectors));
    assert_eq!(open(832..1664), Some(JournalError::Blank));
    assert_eq!(open(0..1664), Some(JournalError::Blank));
    let small = block_on(FlashJournal::<_, 4, Note>::open(Nor::<4, 156>::new(4), 0..624)).err();
    assert_eq!(small, refused(Geometry::Sector));
    let wide = block_on(FlashJournal::<_, 4, Note>::open(Nor::<64, 640>::new(4), 0..2560)).err();
    assert_eq!(wide, refused(Geometry::Word));
}

/// Writes the golden file where there is none: once for each new format, on purpose.
#[test]
#[ignore = "writes a golden file; run by hand for a new slot format"]
fn write_golden() {
    std::fs::write("tests/journal/golden/new.bin", written().bytes()).unwrap();
}
