//! What every journal promises, held by this one.

use std::thread;

use pay_core::drive::journal::blocking::Journal as _;
use pay_core::model::{OrderId, UnixSeconds};
use pay_core::sale::{Conflict, Record, Stage};

use super::super::memory::Memory;
use super::super::{FileJournal, JournalError};
use super::sale::{closed, record, sale};

fn journal() -> FileJournal {
    FileJournal::on(Memory::default(), false).unwrap()
}

fn refusal(result: Result<(), JournalError>) -> Conflict {
    match result {
        Err(JournalError::Refused { conflict, .. }) => conflict,
        other => panic!("{other:?}"),
    }
}

/// As if it had come further than any other.
fn later(mut record: Record) -> Record {
    record.seq = 9;
    record
}

#[test]
fn open_records_come_in_order_and_closed_ones_stay() {
    let mut journal = journal();
    for number in [3, 1, 2] {
        journal.store(&record(&format!("order-{number}"), number)).unwrap();
    }
    journal.store(&closed(record("order-2", 2))).unwrap();
    let mut open = Vec::new();
    while let Some(record) = journal.next_open(open.last()).unwrap() {
        open.push(record.order_id);
    }
    assert_eq!(open.iter().map(OrderId::as_str).collect::<Vec<_>>(), ["order-1", "order-3"]);
    assert_eq!(journal.find(&OrderId::parse("order-2").unwrap()).unwrap(), Some(closed(record("order-2", 2))));
    assert_eq!(journal.find(&OrderId::parse("order-4").unwrap()).unwrap(), None);
    assert_eq!((journal.entries(false).unwrap().len(), journal.entries(true).unwrap().len()), (3, 2));
    assert_eq!(journal.capacity(), usize::MAX);
}

/// Mutant: `record.may_replace(&kept)` left out of `store`.
#[test]
fn an_order_with_a_history_is_not_begun_anew() {
    let mut journal = journal();
    let first = record("order-1", 1);
    journal.store(&first).unwrap();
    // The identical record again is the same fact.
    journal.store(&first).unwrap();
    for kept in [first.clone(), closed(first)] {
        journal.store(&kept).unwrap();
        // Another attempt in place of the one that is known; the same attempt for another amount; the past.
        assert_eq!(refusal(journal.store(&later(sale("order-1", 1, Some(7))))), Conflict::Stale);
        assert_eq!(refusal(journal.store(&later(sale("order-1", 2, Some(1))))), Conflict::OtherIntent);
        assert_eq!(refusal(journal.store(&later(sale("order-1", 1, None)))), Conflict::Stale);
        let mut other = kept.clone();
        other.stage = Stage::Closing;
        assert_eq!(refusal(journal.store(&other)), Conflict::Stale);
        assert_eq!(journal.find(&kept.order_id).unwrap(), Some(kept));
    }
}

/// Mutant: the table of keys not asked.
#[test]
fn a_key_belongs_to_one_order() {
    let mut journal = journal();
    journal.store(&record("order-1", 1)).unwrap();
    assert_eq!(refusal(journal.store(&record("order-2", 1))), Conflict::KeyReused);
    assert_eq!(journal.find(&OrderId::parse("order-2").unwrap()).unwrap(), None);
    // Also once that order is closed.
    journal.store(&closed(record("order-1", 1))).unwrap();
    assert_eq!(refusal(journal.store(&record("order-2", 1))), Conflict::KeyReused);
    journal.store(&record("order-2", 2)).unwrap();
}

/// Mutant: `discard` without its look at the attempts.
#[test]
fn only_what_cannot_have_charged_is_discarded() {
    let mut journal = journal();
    let first = record("order-1", 1);
    assert!(!journal.discard(&first.order_id).unwrap());
    journal.store(&first).unwrap();
    assert!(matches!(journal.discard(&first.order_id), Err(JournalError::Refused { .. })));
    assert_eq!(journal.find(&first.order_id).unwrap(), Some(first));
    let fresh = sale("order-2", 2, None);
    journal.store(&fresh).unwrap();
    assert!(journal.discard(&fresh.order_id).unwrap());
    assert_eq!(journal.find(&fresh.order_id).unwrap(), None);
    assert_eq!(journal.entries(true).unwrap().len(), 1);
}

#[test]
fn old_closed_records_are_pruned() {
    let mut journal = journal();
    for number in 0..6 {
        journal.store(&record(&format!("order-{number}"), number)).unwrap();
    }
    for number in 0..4 {
        journal.store(&closed(record(&format!("order-{number}"), number))).unwrap();
    }
    // The time of order-2.
    assert_eq!(journal.prune(UnixSeconds(1_700_000_002)).unwrap(), 2);
    let left: Vec<_> = journal.entries(false).unwrap().into_iter().map(|entry| entry.order_id.to_string()).collect();
    assert_eq!(left, ["order-2", "order-3", "order-4", "order-5"]);
    // Its key is free; that of one that stays is not.
    journal.store(&record("order-9", 1)).unwrap();
    assert_eq!(refusal(journal.store(&record("order-10", 2))), Conflict::KeyReused);
    assert_eq!(journal.prune(UnixSeconds(u64::MAX)).unwrap(), 2);
    assert_eq!(journal.prune(UnixSeconds(u64::MAX)).unwrap(), 0);
}

#[test]
fn threads_share_it() {
    let journal = journal();
    thread::scope(|scope| {
        for thread in 0..8 {
            let mut journal = journal.clone();
            scope.spawn(move || {
                for number in 0..25 {
                    let number = thread * 100 + number;
                    let record = record(&format!("order-{number}"), number);
                    journal.store(&record).unwrap();
                    journal.store(&closed(record)).unwrap();
                    assert!(journal.next_open(None).is_ok());
                }
            });
        }
    });
    assert_eq!((journal.entries(false).unwrap().len(), journal.entries(true).unwrap().len()), (200, 0));
}
