//! Damaged files and damaged records: found before they are touched, or harmless.

use std::fs;

use pay_core::drive::journal::blocking::Journal as _;
use pay_core::model::OrderId;
use pay_core::sale::{ImageError, Record, Stage};

use super::super::file::rehearse;
use super::super::memory::Memory;
use super::super::{FileJournal, JournalError, LAYOUT, RECORDS};
use super::files::Scratch;
use super::sale::record;

/// A journal of ten sales, some of them closed, after a proper end.
fn journal() -> (Vec<u8>, Vec<Record>) {
    let memory = Memory::default();
    let mut journal = FileJournal::on(memory.clone(), false).unwrap();
    let records: Vec<_> = (0..10_u32)
        .map(|number| {
            let mut record = record(&format!("order-{number}"), number);
            if number % 3 == 0 {
                record.stage = Stage::Paid { watch: false };
            }
            journal.store(&record).unwrap();
            record
        })
        .collect();
    drop(journal);
    let bytes = memory.bytes().clone();
    (bytes, records)
}

/// `false`: it was refused.
fn survives(bytes: Vec<u8>, records: &[Record], what: &str) -> bool {
    if rehearse(bytes.clone()).is_err() {
        return false;
    }
    let journal = FileJournal::on(Memory::new(bytes), false).unwrap();
    let entries = journal.entries(false).unwrap();
    let found: Vec<_> = entries.iter().map(|entry| entry.record.clone().unwrap()).collect();
    assert_eq!(found, records, "{what}");
    true
}

/// Mutant: a `rehearse` that does not check the pages (`FileJournal::on(.., false)`) lets a flipped bit through to the
/// records, or panics.
#[test]
fn a_flipped_bit_is_found_or_harmless() {
    let (bytes, records) = journal();
    assert!(survives(bytes.clone(), &records, "as it was"));
    let mut refused = 0;
    let header = (0..320_usize).flat_map(|at| (0..8).map(move |bit| (at, bit)));
    let pages = (320..bytes.len()).step_by(13).map(|at| (at, at % 8));
    for (at, bit) in header.chain(pages) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << bit;
        refused += usize::from(!survives(damaged, &records, &format!("byte {at}, bit {bit}")));
    }
    println!("{refused} flips were refused");
    assert!(refused > 500, "{refused}");
}

#[test]
fn a_damaged_file_is_left_alone() {
    let scratch = Scratch::new();
    let (bytes, _) = journal();
    let mut flipped = bytes.clone();
    // In the tree of records, wherever that lies: every copy of the name.
    let at = bytes.windows(7).rposition(|window| window == b"order-7").unwrap();
    flipped[at] ^= 1;
    let longer = [&bytes[..], b"x"].concat();
    let files = [&flipped[..], &bytes[..bytes.len() / 2], &bytes[..100], &bytes[..9], &longer, b"{}", &[0; 8192]];
    for (index, content) in files.into_iter().enumerate() {
        let path = scratch.file(&format!("{index}.redb"));
        fs::write(&path, content).unwrap();
        let error = FileJournal::open(&path).unwrap_err();
        assert!(matches!(error, JournalError::Damaged(_)), "{index}: {error}");
        assert!(error.to_string().contains("left as it is"), "{error}");
        assert!(fs::read(&path).unwrap() == content, "{index} was written to");
    }
}

#[test]
fn a_newer_layout_and_another_programs_database_are_left_alone() {
    let scratch = Scratch::new();
    let path = scratch.file("journal.redb");
    let journal = FileJournal::open(&path).unwrap();
    let writing = journal.write().unwrap();
    writing.open_table(LAYOUT).unwrap().insert("", 2).unwrap();
    writing.commit().unwrap();
    drop(journal);
    let before = fs::read(&path).unwrap();
    assert!(matches!(FileJournal::open(&path).unwrap_err(), JournalError::Newer { layout: 2 }));
    assert!(fs::read(&path).unwrap() == before);

    let path = scratch.file("other.redb");
    let database = redb::Database::create(&path).unwrap();
    let writing = database.begin_write().unwrap();
    writing.open_table(RECORDS).unwrap();
    writing.commit().unwrap();
    drop(database);
    let before = fs::read(&path).unwrap();
    assert!(matches!(FileJournal::open(&path).unwrap_err(), JournalError::Damaged(_)));
    assert!(fs::read(&path).unwrap() == before);
}

/// Mutants: `kept` that takes an unreadable record for none lets `store` overwrite it; `entries` that ends at the first
/// bad record hides the others.
#[test]
fn a_record_that_cannot_be_read_hides_and_loses_nothing() {
    let (bytes, records) = journal();
    let mut journal = FileJournal::on(Memory::new(bytes), false).unwrap();
    let id = |number: usize| records[number].order_id.clone();
    let put = |journal: &FileJournal, order_id: &OrderId, image: &[u8]| {
        let writing = journal.write().unwrap();
        writing.open_table(RECORDS).unwrap().insert(order_id.as_str(), image).unwrap();
        writing.commit().unwrap();
    };
    let mut flipped = records[1].to_image();
    flipped[50] ^= 1;
    let misplaced = records[5].to_image();
    put(&journal, &id(1), &flipped);
    put(&journal, &id(2), b"short");
    put(&journal, &id(4), &misplaced);
    let bad = [(1, ImageError::Checksum), (2, ImageError::Length), (4, ImageError::Field("order_id"))];

    let entries = journal.entries(false).unwrap();
    assert_eq!(entries.len(), records.len());
    for (number, entry) in entries.iter().enumerate() {
        let expected = bad.iter().find(|(bad, _)| *bad == number).map_or(Ok(&records[number]), |(_, why)| Err(why));
        assert_eq!(entry.record.as_ref(), expected);
        assert_eq!(entry.open, records[number].is_open());
    }
    for (number, why) in bad {
        let error = journal.find(&id(number)).unwrap_err();
        assert!(error.to_string().contains(&format!("order-{number}")) && error.to_string().contains(&why.to_string()));
        let mut newer = records[number].clone();
        newer.seq += 1;
        assert!(matches!(journal.store(&newer), Err(JournalError::Record { .. })));
        assert!(matches!(journal.discard(&id(number)), Err(JournalError::Record { .. })));
    }
    // One after the other, past the bad ones.
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let order_id = match journal.next_open(after.as_ref()) {
            Ok(None) => break,
            Ok(Some(record)) => record.order_id,
            Err(JournalError::Record { order_id, .. }) => order_id,
            Err(error) => panic!("{error}"),
        };
        seen.push(order_id.clone());
        after = Some(order_id);
    }
    let open: Vec<_> = records.iter().filter(|record| record.is_open()).map(|record| record.order_id.clone()).collect();
    assert_eq!(seen, open);
}
