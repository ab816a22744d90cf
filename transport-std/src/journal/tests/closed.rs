//! Sales that are over, in their second file.

use std::fs;
use std::path::PathBuf;

use pay_core::drive::journal::blocking::Journal as _;
use pay_core::model::{OrderId, UnixSeconds};
use pay_core::sale::{Conflict, Record};

use super::super::closed::path as second;
use super::super::{FileJournal, JournalError};
use super::files::Scratch;
use super::sale::{closed, record, sale};

/// More than stay in the first file.
const OVER: u32 = 101;

fn name(number: u32) -> String {
    format!("order-{number:03}")
}

fn id(number: u32) -> OrderId {
    OrderId::parse(&name(number)).unwrap()
}

/// A journal with so many sales that are over and two that are open; closed since.
fn made(scratch: &Scratch) -> PathBuf {
    let path = scratch.file("journal.redb");
    let mut journal = FileJournal::open(&path).unwrap();
    for number in 0..OVER + 2 {
        journal.store(&record(&name(number), number)).unwrap();
    }
    for number in 0..OVER {
        journal.store(&closed(record(&name(number), number))).unwrap();
    }
    assert!(!second(&path).exists());
    path
}

fn refusal(result: Result<(), JournalError>) -> Conflict {
    match result {
        Err(JournalError::Refused { conflict, .. }) => conflict,
        other => panic!("{other:?}"),
    }
}

// Meant to notice: a sale that is over and gone from both files; an open one that is moved; an order or a key of the second file that
// may be used again; a list that has one file's sales alone.
#[test]
fn a_start_moves_what_is_over_and_nothing_is_forgotten() {
    let scratch = Scratch::new();
    let path = made(&scratch);
    let mut journal = FileJournal::open(&path).unwrap();
    assert!(second(&path).exists());
    assert_eq!(journal.closed_here().unwrap(), 0);
    let all = |journal: &FileJournal| {
        journal.entries(false).unwrap().into_iter().map(|entry| (entry.order_id, entry.open)).collect::<Vec<_>>()
    };
    let wanted: Vec<_> = (0..OVER + 2).map(|number| (id(number), number >= OVER)).collect();
    assert_eq!(all(&journal), wanted);
    assert_eq!(journal.entries(true).unwrap().len(), 2);
    let peeked = FileJournal::peek(&path).unwrap().into_iter().map(|entry| (entry.order_id, entry.open));
    assert_eq!(peeked.collect::<Vec<_>>(), wanted);
    assert_eq!(journal.next_open(None).unwrap().map(|record| record.order_id), Some(id(OVER)));
    let over = closed(record(&name(7), 7));
    assert_eq!(journal.find(&id(7)).unwrap(), Some(over.clone()));
    // Another attempt, another amount, another order with its key: refused. The identical record again is the same fact.
    let later = |mut record: Record| {
        record.seq = 9;
        record
    };
    assert_eq!(refusal(journal.store(&later(sale(&name(7), 7, Some(900))))), Conflict::Stale);
    assert_eq!(refusal(journal.store(&later(sale(&name(7), 8, Some(7))))), Conflict::OtherIntent);
    assert_eq!(refusal(journal.store(&record("order-new", 7))), Conflict::KeyReused);
    assert_eq!(refusal(journal.discard(&id(7)).map(drop)), Conflict::Stale);
    journal.store(&over).unwrap();
    assert_eq!(journal.closed_here().unwrap(), 0);
    // What goes on is in the first file, and counts.
    let mut more = over;
    more.seq += 1;
    journal.store(&more).unwrap();
    assert_eq!((journal.closed_here().unwrap(), journal.find(&id(7)).unwrap()), (1, Some(more.clone())));
    assert_eq!(all(&journal), wanted);
    drop(journal);
    let mut journal = FileJournal::open(&path).unwrap();
    assert_eq!(journal.find(&id(7)).unwrap(), Some(more));
    // The time of order-003.
    assert_eq!(journal.prune(UnixSeconds(1_700_000_003)).unwrap(), 3);
    assert_eq!((journal.find(&id(2)).unwrap(), all(&journal)), (None, wanted[3..].to_vec()));
    journal.store(&record("order-new", 2)).unwrap();
    assert_eq!(journal.prune(UnixSeconds(u64::MAX)).unwrap(), 98);
    assert_eq!(journal.entries(false).unwrap().len(), 3);
}

// Meant to notice: a sale that cannot have charged and stays in the second file.
#[test]
fn what_cannot_have_charged_is_discarded_from_both() {
    let scratch = Scratch::new();
    let path = scratch.file("journal.redb");
    let mut journal = FileJournal::open(&path).unwrap();
    for number in 0..=OVER {
        let mut over = sale(&name(number), number, None);
        over.stage = closed(record("order-x", 1)).stage;
        journal.store(&over).unwrap();
    }
    drop(journal);
    let mut journal = FileJournal::open(&path).unwrap();
    assert_eq!(journal.closed_here().unwrap(), 0);
    assert!(journal.discard(&id(5)).unwrap() && !journal.discard(&id(5)).unwrap());
    assert_eq!(journal.find(&id(5)).unwrap(), None);
    journal.store(&record(&name(5), 5)).unwrap();
}

// Meant to notice: a second file that is believed although it is damaged, or that ends the program; a start that fails for it.
#[test]
fn a_second_file_that_is_damaged_is_said_to_be_and_hides_no_open_sale() {
    let scratch = Scratch::new();
    let path = made(&scratch);
    drop(FileJournal::open(&path).unwrap());
    let whole = fs::read(second(&path)).unwrap();
    let (mut refused, mut right) = (0, 0);
    for at in (0..whole.len()).step_by(whole.len() / 300) {
        let mut damaged = whole.clone();
        damaged[at] ^= 1 << (at % 8);
        fs::write(second(&path), &damaged).unwrap();
        let mut journal = FileJournal::open(&path).unwrap();
        assert_eq!(journal.entries(true).unwrap().len(), 2);
        for number in [0, 50, OVER - 1] {
            match journal.find(&id(number)) {
                Ok(found) => {
                    // A page that lies about what it has may hide a sale, and shows no other.
                    assert!(found.is_none_or(|found| found == closed(record(&name(number), number))), "{at}");
                    right += 1;
                }
                Err(_) => refused += 1,
            }
        }
    }
    println!("{refused} looks were refused, {right} not");
    for content in [&whole[..whole.len() / 2], b"{}"] {
        fs::write(second(&path), content).unwrap();
        let mut journal = FileJournal::open(&path).unwrap();
        assert!(matches!(journal.find(&id(7)), Err(JournalError::Damaged(_))));
        assert!(matches!(journal.store(&record("order-new", 900)), Err(JournalError::Damaged(_))));
        assert_eq!(journal.find(&id(OVER)).unwrap(), Some(record(&name(OVER), OVER)));
    }
}
