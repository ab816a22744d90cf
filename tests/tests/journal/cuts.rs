//! The power is cut at every word written and every erase, again while recovering from it, and again.

use tests::nor::{Nor, block_on};
use transport_embassy::journal::JournalError;

use crate::note::Note;
use crate::story::{Facts, Result, dump, formatted, open, places, script};

/// Of the places for a second and third cut one in so many is tried; all of them with `JOURNAL_SWEEP=full`.
const SAMPLE: usize = 6;
/// Records stored in one power-on.
const SESSION: usize = 2;

/// Opens, checks, and goes on with the story; where it came to is kept whatever happens.
async fn session<const W: usize, const E: usize, const N: usize>(
    nor: &mut Nor<W, E>,
    facts: &mut Facts,
    at: &mut usize,
    script: &[Note],
) -> Result<()> {
    let mut journal = open::<W, E, N>(nor)?;
    facts.check(&mut journal).await?;
    for note in script.iter().skip(*at).take(SESSION) {
        facts.try_store(*note);
        journal.store(note).await?;
        facts.stored();
        *at += 1;
    }
    facts.check(&mut journal).await
}

/// Shows what a failing session began with, and before it the one that led there.
struct Shown<'a, const W: usize, const E: usize>(&'a Nor<W, E>);

impl<const W: usize, const E: usize> Drop for Shown<'_, W, E> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("began with\n{}", dump(self.0));
        }
    }
}

fn is_full() -> bool {
    std::env::var_os("JOURNAL_SWEEP").is_some_and(|sweep| sweep == "full")
}

struct Sweep<'a, const W: usize, const E: usize, const N: usize> {
    script: &'a [Note],
    schedules: u64,
    sample: usize,
    first: u32,
}

impl<const W: usize, const E: usize, const N: usize> Sweep<'_, W, E, N> {
    /// One session in every way that `cuts` cuts allow, each followed by the next.
    fn explore(&mut self, nor: &Nor<W, E>, facts: &Facts, at: usize, cuts: u32, seed: u64) {
        let _shown = Shown(nor);
        let (mut whole, mut after, mut next) = (nor.clone(), facts.clone(), at);
        let begin = whole.ops;
        if let Err(error) = block_on(session::<W, E, N>(&mut whole, &mut after, &mut next, self.script)) {
            panic!("{error} without a cut, seed {seed:x}, at {at}, from\n{}to\n{}", dump(nor), dump(&whole));
        }
        let ops = whole.ops - begin;
        // What was read stays read, whatever torn words say next.
        for boot in 0..2 {
            whole.boot(seed ^ boot);
            let mut journal = open::<W, E, N>(&mut whole).expect("it opens");
            block_on(after.check(&mut journal)).expect("it reads");
        }
        self.schedules += 1;
        if cuts == 0 {
            return;
        }
        let sample = if cuts == self.first { 1 } else { self.sample };
        for cut in (seed % sample as u64..ops).step_by(sample) {
            let seed = (seed + 1).wrapping_mul(0x2545_F491_4F6C_DD1D) ^ cut;
            let (mut nor, mut facts, mut at) = (nor.clone(), facts.clone(), at);
            nor.cut_after(cut, seed);
            let error = block_on(session::<W, E, N>(&mut nor, &mut facts, &mut at, self.script));
            assert!(nor.is_off(), "cut at {cut} of {ops}: {error:?}");
            nor.boot(seed);
            self.explore(&nor, &facts, at, cuts - 1, seed);
        }
    }
}

/// Every place in the story, with so many cuts from there on.
fn sweep<const W: usize, const E: usize, const N: usize>(ecc: bool, cuts: u32, seeds: u64) {
    let script = script();
    let sample = if is_full() { 1 } else { SAMPLE };
    let mut sweep = Sweep::<W, E, N> { script: &script, schedules: 0, sample, first: cuts };
    let (mut nor, mut facts, mut at) = (formatted::<W, E, N>(ecc), Facts::default(), 0);
    while at < script.len() {
        for seed in 0..seeds {
            sweep.explore(&nor, &facts, at, cuts, seed << 32 | at as u64);
        }
        // One at a time, so that the next session begins in the middle of this one.
        let mut step = at;
        block_on(session::<W, E, N>(&mut nor, &mut facts, &mut step, &script[..=at])).unwrap();
        nor.boot(0);
        at = step;
    }
    println!("words of {W}{}: {} schedules, {cuts} cuts", if ecc { " with ECC" } else { "" }, sweep.schedules);
}

// E: room for three images and a bit. Mutants, each seen to fail here: see docs/journal.md.
#[test]
fn pairs_on_words_of_1() {
    sweep::<1, 164, 4>(false, 2, 1);
}

#[test]
fn pairs_on_words_of_2() {
    sweep::<2, 180, 4>(false, 2, 2);
}

#[test]
fn pairs_on_words_of_4() {
    sweep::<4, 208, 4>(false, 2, 4);
}

#[test]
fn pairs_on_words_of_8() {
    sweep::<8, 288, 4>(false, 2, 8);
    sweep::<8, 288, 4>(true, 2, 8);
}

#[test]
fn pairs_on_words_of_16_and_32() {
    sweep::<16, 352, 4>(false, 2, 8);
    sweep::<16, 352, 4>(true, 2, 8);
    sweep::<32, 576, 4>(false, 2, 8);
    sweep::<32, 576, 4>(true, 2, 8);
}

#[test]
fn triples_on_words_of_16() {
    sweep::<16, 352, 4>(false, 3, 1);
    sweep::<16, 352, 4>(true, 3, 1);
}

#[test]
fn triples_on_words_of_32() {
    sweep::<32, 576, 4>(false, 3, 2);
    sweep::<32, 576, 4>(true, 3, 2);
}

/// The word size and the cuts at which the usual log-structured store loses what it acknowledged: bytes, two cuts in the
/// first store, then a store that comes back. Its losses depend on values, so values vary here.
#[test]
fn two_cuts_in_the_first_store_lose_nothing() {
    let blank = formatted::<1, 164, 4>(false);
    let ops = {
        let mut nor = blank.clone();
        let begin = nor.ops;
        block_on(open::<1, 164, 4>(&mut nor).unwrap().store(&Note::new(1, 1, true))).unwrap();
        nor.ops - begin
    };
    let mut schedules = 0;
    for value in 0..60 {
        let note = Note { salt: (value as u32).wrapping_mul(0x85EB_CA6B), ..Note::new(1, 1, true) };
        for cut in (0..ops).flat_map(|first| (0..ops).map(move |second| [first, second])) {
            let mut nor = blank.clone();
            for (boot, cut) in (value..).zip(cut) {
                nor.cut_after(cut, boot);
                let journal = open::<1, 164, 4>(&mut nor);
                if let Ok(mut journal) = journal {
                    assert!(block_on(journal.store(&note)).is_ok() != nor.is_off());
                }
                nor.boot(boot);
            }
            block_on(open::<1, 164, 4>(&mut nor).unwrap().store(&note)).unwrap();
            nor.boot(value);
            assert_eq!(block_on(open::<1, 164, 4>(&mut nor).unwrap().find(&1)), Ok(Some(note)), "{cut:?}");
            schedules += 1;
        }
    }
    println!("{schedules} schedules of two cuts in the first store");
}

/// Cut after cut after cut, for thousands of boots: anywhere, or only in the words that decide whether an image counts.
#[test]
fn a_life_of_cuts() {
    fn live<const W: usize, const E: usize>(ecc: bool, seed: u64) -> u64 {
        let mut nor = formatted::<W, E, 5>(ecc);
        let mut facts = Facts::default();
        let mut random = seed;
        let mut next = || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            random >> 33
        };
        let mut seqs = [0_u32; 10];
        let mut no_room = 0;
        for _ in 0..1500 {
            let slot_ops = E as u64 / W as u64;
            if seed.is_multiple_of(2) {
                nor.cut_after(next() % (2 * slot_ops), next());
            } else {
                nor.cut_at(deciding_words::<W, E>(5), next() % 9, next());
            }
            let ended = block_on(async {
                let mut journal = open::<W, E, 5>(&mut nor)?;
                facts.check(&mut journal).await?;
                loop {
                    let order = (next() % 10) as u16;
                    let seq = &mut seqs[usize::from(order)];
                    *seq += 1;
                    let note = Note::new(order, *seq, !next().is_multiple_of(3));
                    facts.try_store(note);
                    match journal.store(&note).await {
                        Ok(()) => facts.stored(),
                        Err(JournalError::Full) => facts.refused(),
                        Err(error) => return Result::<()>::Err(error),
                    }
                }
            });
            no_room += u64::from(matches!(ended, Err(JournalError::NoRoom)));
            assert!(nor.is_off() || no_room > 0, "{ended:?}\n{}", dump(&nor));
            nor.boot(next());
        }
        no_room
    }
    let mut no_room = [0, 0];
    for seed in 0..if is_full() { 60 } else { 6 } {
        let count = &mut no_room[seed as usize % 2];
        *count += live::<1, 164>(false, seed);
        *count += live::<4, 208>(false, seed);
        *count += live::<8, 288>(true, seed);
        *count += live::<32, 576>(false, seed);
        *count += live::<32, 576>(true, seed);
    }
    println!("no room: {} times of cuts anywhere, {} of cuts in deciding words", no_room[0], no_room[1]);
}

/// A full journal of nine sectors with as many slots and notes as real records have, then cuts in a row that each hit a deciding word:
/// of a store, of what repairs it, of what repairs that. It takes 16 until there is no room to repair; nothing is lost then either.
#[test]
fn repairs_have_room() {
    const E: usize = 5 * 52 + 2 * 36;
    let words = deciding_words::<4, E>(9);
    let mut fewest = u64::MAX;
    for seed in 0..if is_full() { 2_000 } else { 200 } {
        let mut nor = formatted::<4, E, 9>(false);
        let mut facts = Facts::default();
        for note in (0..8).flat_map(|order| (1..=5).map(move |seq| Note::new(order, seq, true))) {
            facts.try_store(note);
            block_on(open::<4, E, 9>(&mut nor).unwrap().store(&note)).unwrap();
            facts.stored();
        }
        for boot in 0_u32.. {
            let mix = (u64::from(boot) << 32 | seed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            nor.cut_at(words.clone(), (mix >> 60) % 3, mix);
            let note = Note::new((seed % 8) as u16, 6 + boot, true);
            let ended = block_on(async {
                let mut journal = open::<4, E, 9>(&mut nor)?;
                facts.check(&mut journal).await?;
                facts.try_store(note);
                journal.store(&note).await
            });
            nor.boot(mix);
            if ended == Err(JournalError::NoRoom) {
                fewest = fewest.min(boot.into());
                break;
            }
            assert!(ended.is_err(), "a store has three deciding words");
        }
    }
    println!("no room after {fewest} cuts in a row at the soonest");
    assert!(fewest >= 16);
}

/// The last word of each body, and the marks behind it.
fn deciding_words<const W: usize, const E: usize>(sectors: usize) -> Vec<usize> {
    let places = places::<W, E>(sectors);
    let ends = places.into_iter().map(|place| place.end / W);
    ends.flat_map(|end| end - 3..end).collect()
}
