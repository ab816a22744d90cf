//! Calls that are dropped at every place where they wait. The power stays on.

use embedded_storage_async::nor_flash::ReadNorFlash as _;
use tests::nor::{Nor, Pace, block_on, poll_times};
use transport_embassy::journal::FlashJournal;

use crate::note::Note;
use crate::story::{Facts, Journal, formatted, script};

/// Stores the story; the call for `script[at]` is dropped after `polls`, and the story goes on in the same journal.
/// `None`: that call was done by then.
fn play<const W: usize, const E: usize>(script: &[Note], at: usize, polls: usize, again: bool) -> Option<()> {
    let mut nor = formatted::<W, E, 5>(false);
    nor.pace = Pace::Pauses;
    let end = nor.capacity() as u32;
    let mut facts = Facts::default();
    let mut journal: Journal<'_, W, E, 5> = block_on(FlashJournal::open(&mut nor, 0..end)).unwrap();
    for (index, note) in script.iter().enumerate() {
        facts.try_store(*note);
        if index == at {
            if poll_times(journal.store(note), polls).is_some() {
                return None;
            }
            // The next is another order's, or the same again.
            block_on(facts.check(&mut journal)).unwrap();
            if !again {
                continue;
            }
            facts.try_store(*note);
        }
        block_on(journal.store(note)).unwrap();
        facts.stored();
    }
    block_on(facts.check(&mut journal)).unwrap();
    nor.boot(0);
    let mut journal: Journal<'_, W, E, 5> = block_on(FlashJournal::open(&mut nor, 0..end)).unwrap();
    block_on(facts.check(&mut journal)).unwrap();
    Some(())
}

// Mutant: `view` kept while a store runs (`self.view` copied instead of taken).
#[test]
fn a_dropped_store_is_a_failed_one() {
    let script = script();
    let mut dropped = 0;
    for at in 0..script.len() {
        for again in [true, false] {
            dropped += (1..).take_while(|polls| play::<4, 208>(&script, at, *polls, again).is_some()).count();
            dropped += (1..).take_while(|polls| play::<32, 576>(&script, at, *polls, again).is_some()).count();
        }
    }
    println!("{dropped} dropped stores");
    assert!(dropped > 1000);
}

#[test]
fn dropped_opens_and_reads_change_nothing() {
    let mut nor: Nor<4, 208> = formatted::<4, 208, 4>(false);
    let end = nor.capacity() as u32;
    {
        let mut journal: Journal<'_, 4, 208, 4> = block_on(FlashJournal::open(&mut nor, 0..end)).unwrap();
        block_on(journal.store(&Note::new(1, 1, true))).unwrap();
    }
    let before = nor.bytes().to_vec();
    nor.pace = Pace::Pauses;
    for polls in 1..200 {
        let opened = poll_times(FlashJournal::<_, 4, Note>::open(&mut nor, 0..end), polls);
        if let Some(journal) = opened {
            let mut journal = journal.unwrap();
            let found = poll_times(journal.find(&1), polls % 2);
            assert!(found.is_none());
            assert_eq!(block_on(journal.find(&1)), Ok(Some(Note::new(1, 1, true))));
        }
        assert_eq!(nor.bytes(), before);
    }
}
