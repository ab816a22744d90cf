//! Sales that are over, in their second file.

use std::fs;
use std::path::{Path, PathBuf};

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

fn refused(result: Result<impl core::fmt::Debug, JournalError>) -> String {
    match result {
        Err(error @ JournalError::Damaged(_)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

/// Makes so many further sales, and closes them; then the next start moves them.
fn more(path: &Path, from: u32) {
    let mut journal = FileJournal::open(path).unwrap();
    for number in from..from + OVER {
        let open = record(&format!("more-{number}"), 1_000 + number);
        journal.store(&open).unwrap();
        journal.store(&closed(open)).unwrap();
    }
}

// Meant to notice: a second file that is missing, older or another journal's and is taken for the right one, so that an order id may be
// used again; an open sale that cannot go on for it; a second file that is opened as a journal.
#[test]
fn a_second_file_that_is_not_the_right_one_stops_new_sales_alone() {
    let scratch = Scratch::new();
    let path = made(&scratch);
    drop(FileJournal::open(&path).unwrap());
    let right = fs::read(second(&path)).unwrap();
    assert!(refused(FileJournal::open(second(&path))).contains("open that one"));
    more(&path, 0);
    drop(FileJournal::open(&path).unwrap());
    let now = fs::read(second(&path)).unwrap();
    let other = scratch.file("other.redb");
    for from in [5_000, 6_000] {
        more(&other, from);
        drop(FileJournal::open(&other).unwrap());
    }
    let of_other = fs::read(second(&other)).unwrap();
    let mut next = 0;
    for (content, why) in [(None, "missing"), (Some(&right), "older"), (Some(&of_other), "another journal")] {
        match content {
            None => fs::remove_file(second(&path)).unwrap(),
            Some(bytes) => fs::write(second(&path), bytes).unwrap(),
        }
        let mut journal = FileJournal::open(&path).unwrap();
        for error in [
            refused(journal.store(&record("order-new", 900))),
            refused(journal.find(&id(7))),
            refused(journal.entries(false)),
        ] {
            assert!(error.contains(why) && error.contains("journal.redb.closed"), "{error}");
        }
        // An open sale goes on, and ends.
        assert_eq!(journal.entries(true).unwrap().len(), 2 - next);
        let open = record(&name(OVER + u32::try_from(next).unwrap()), OVER + u32::try_from(next).unwrap());
        if next < 2 {
            journal.store(&closed(open)).unwrap();
            next += 1;
        }
    }
    fs::write(second(&path), now).unwrap();
    let mut journal = FileJournal::open(&path).unwrap();
    assert_eq!(journal.find(&id(7)).unwrap(), Some(closed(record(&name(7), 7))));
    assert_eq!(journal.entries(false).unwrap().len(), usize::try_from(2 * OVER + 2).unwrap());
}

// Meant to notice: a second file that is looked for in another directory than the journal's.
#[cfg(unix)]
#[test]
fn a_journal_by_another_name_has_the_same_second_file() {
    let scratch = Scratch::new();
    let path = made(&scratch);
    drop(FileJournal::open(&path).unwrap());
    let link = scratch.file("link.redb");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let mut journal = FileJournal::open(&link).unwrap();
    assert_eq!(journal.find(&id(7)).unwrap(), Some(closed(record(&name(7), 7))));
    assert_eq!(FileJournal::peek(&link).unwrap().len(), usize::try_from(OVER + 2).unwrap());
    assert!(!second(&link).exists());
}

// Meant to notice: a newer record of the second file that an older copy of the journal overwrites.
#[test]
fn an_older_copy_of_the_journal_overwrites_nothing() {
    let scratch = Scratch::new();
    let path = made(&scratch);
    let older = fs::read(&path).unwrap();
    let mut journal = FileJournal::open(&path).unwrap();
    let mut newer = closed(record(&name(7), 7));
    newer.seq += 1;
    journal.store(&newer).unwrap();
    drop(journal);
    more(&path, 0);
    drop(FileJournal::open(&path).unwrap());
    fs::write(&path, older).unwrap();
    let mut journal = FileJournal::open(&path).unwrap();
    assert_eq!((journal.closed_here().unwrap(), journal.find(&id(7)).unwrap()), (0, Some(newer)));
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
