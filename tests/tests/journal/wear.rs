//! How evenly sectors wear, and how many payments a flash lives through.

use tests::nor::{Nor, block_on};
use transport_embassy::journal::{FlashJournal, JournalError};

use crate::note::Note;
use crate::story::{Journal, formatted, open};

/// As many slots in a sector, and notes, as records of 768 bytes have in 4 KiB.
const FIVE: usize = 5 * 52 + 2 * 36;

/// `payments` sales of so many records each, beside `resting` open ones that are never touched.
fn pay<const E: usize, const N: usize>(payments: u32, records: u32, resting: u16) -> Nor<4, E> {
    let mut nor: Nor<4, E> = formatted::<4, E, N>(false);
    {
        let mut journal: Journal<'_, 4, E, N> = open::<4, E, N>(&mut nor).unwrap();
        for order in 0..resting {
            block_on(journal.store(&Note::new(order, 1, true))).unwrap();
        }
        for payment in 0..payments {
            let order = 100 + (payment % 60_000) as u16;
            for seq in 1..=records {
                block_on(journal.store(&Note::new(order, seq, seq < records))).unwrap();
            }
        }
        for order in 0..resting {
            assert_eq!(block_on(journal.find(&order)), Ok(Some(Note::new(order, 1, true))));
        }
    }
    nor
}

// Mutants: `obsolete` takes the first sector; `level` never moves a sale.
#[test]
fn wear_is_spread() {
    println!("records resting | erases/payment slots/payment max/min | payments in 100,000 erases of a sector");
    for (records, resting) in [(3, 0), (5, 0), (6, 0), (8, 0), (6, 4), (6, 7), (8, 7)] {
        let nor = pay::<FIVE, 9>(10_000, records, resting);
        let (most, least) = (*nor.erases.iter().max().unwrap(), *nor.erases.iter().min().unwrap());
        let erases = nor.erases.iter().sum::<u64>() as f64 / 1e4;
        let slots = nor.written.iter().sum::<u64>() as f64 / 52.0 / 1e4;
        let ratio = most as f64 / least as f64;
        let life = 100_000 * 10_000 / most;
        println!("{records:7} {resting:7} | {erases:14.2} {slots:13.2} {ratio:7.2} | {life}");
        assert!(ratio < 1.5, "{:?}", nor.erases);
    }
}

// Mutants: open sales are obsolete; `Full` found out after the spare was erased.
#[test]
fn full_is_for_new_orders_only() {
    let mut nor: Nor<4, FIVE> = formatted::<4, FIVE, 9>(false);
    let mut journal: FlashJournal<_, 9, Note> = open::<4, FIVE, 9>(&mut nor).unwrap();
    for order in 1..=8 {
        block_on(journal.store(&Note::new(order, 1, true))).unwrap();
    }
    for seq in 2..40 {
        assert_eq!(block_on(journal.store(&Note::new(9, 1, true))), Err(JournalError::Full));
        for order in 1..=8 {
            block_on(journal.store(&Note::new(order, seq, true))).unwrap();
        }
    }
    block_on(journal.store(&Note::new(5, 40, false))).unwrap();
    block_on(journal.store(&Note::new(9, 1, true))).unwrap();
    assert_eq!(block_on(journal.find(&5)), Ok(None));
    // Refused before anything is touched.
    let nor = journal.into_inner();
    let ops = nor.ops;
    let mut journal = open::<4, FIVE, 9>(nor).unwrap();
    assert_eq!(block_on(journal.store(&Note::new(10, 1, true))), Err(JournalError::Full));
    assert_eq!(journal.into_inner().ops, ops);
}

// Mutant: a head that is marked once only, so that every boot makes sure of it with a note.
#[test]
fn a_boot_costs_the_next_store_nothing() {
    let play = |boots: bool| {
        let mut nor: Nor<4, FIVE> = formatted::<4, FIVE, 9>(false);
        for seq in 1..=4 {
            let mut journal: Journal<'_, 4, FIVE, 9> = open::<4, FIVE, 9>(&mut nor).unwrap();
            block_on(journal.store(&Note::new(1, 2 * seq - 1, true))).unwrap();
            if boots {
                journal = open::<4, FIVE, 9>(journal.into_inner()).unwrap();
            }
            block_on(journal.store(&Note::new(1, 2 * seq, true))).unwrap();
        }
        (nor.ops, nor.written)
    };
    assert_eq!(play(true), play(false));
}
