//! How much is swept: by every build, in full, and against each mutant.

use super::case::{Case, Method, Mode};
use super::explore::Plan;
use super::story::STORIES;

/// Word sizes of flashes.
const WORDS: [usize; 6] = [1, 2, 4, 8, 16, 32];

/// How much is swept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Enough to see a mutant: seconds.
    Quick,
    /// What every build runs: two minutes at most, on two cores.
    Build,
    /// At least ten million schedules.
    Full,
}

/// A case and how far to walk it.
pub type Item = (Case, Plan);

impl Extent {
    /// The work, in pieces for several threads. The same every time.
    #[must_use]
    pub fn items(self) -> Vec<Item> {
        let mut items = Vec::new();
        match self {
            Self::Quick => {
                spread(&mut items, &Mode::DIRECT, 1, |_| Plan { keep: [(97, 3); 3], ..Plan::all(1) });
                spread(&mut items, &[Mode::Relayed], 1, |_| Plan { keep: [(97, 3); 3], ..Plan::all(1) });
                pairs(&mut items, &[32], 1, [(23, 7), (23, 7), (1, 1)]);
            }
            Self::Build => {
                // Every answer of every case, and its flash in turn; some cases to the last byte; pairs.
                spread(&mut items, &Mode::DIRECT, 1, |_| Plan { keep: [(53, 1); 3], ..Plan::all(1) });
                spread(&mut items, &[Mode::Relayed], 1, |_| Plan { keep: [(53, 1); 3], ..Plan::all(1) });
                to_the_byte(&mut items);
                pairs(&mut items, &[32], 2, [(5, 5), (9, 9), (1, 1)]);
                pairs(&mut items, &[1, 2, 4, 8, 16], 2, [(61, 13), (61, 13), (1, 1)]);
                triples(&mut items, [(41, 19), (41, 19), (41, 19)]);
            }
            Self::Full => {
                spread(&mut items, &Mode::DIRECT, 4, |_| Plan::all(1));
                spread(&mut items, &[Mode::Relayed], 4, |_| Plan::all(1));
                pairs(&mut items, &[32], 8, [(1, 1); 3]);
                pairs(&mut items, &[1, 2, 4, 8, 16], 8, [(6, 2), (31, 5), (1, 1)]);
                triples(&mut items, [(5, 4), (13, 9), (13, 9)]);
            }
        }
        items
    }
}

/// Scenarios of which one schedule takes up to a hundred times as long as of others: lists of a megabyte, a gateway that is asked for
/// days. Of their faults one in 53 is tried: the other scenarios try the same faults one by one.
const SLOW: [&str; 4] = ["SB-23", "SB-59", "SB-129", "SB-130"];

/// Every story, method and mode, in so many of the word sizes; the values change with all of them.
fn spread(items: &mut Vec<Item>, modes: &[Mode], words: usize, plan: impl Fn(&Case) -> Plan) {
    let mut number = 0;
    for story in STORIES.iter().copied() {
        for (method, mode) in Method::ALL.into_iter().flat_map(|method| modes.iter().map(move |mode| (method, *mode))) {
            // Drawing codes takes ten times as long as everything else, and to the terminal a code is a long link.
            let slow = method == Method::Qr && story.name != "pays";
            if !story.fits(method, mode) || slow {
                continue;
            }
            for turn in 0..words {
                let word = WORDS[(number + turn) % WORDS.len()];
                let sampled = Plan { keep: [(53, 53); 3], ..Plan::all(1) };
                let plan = |case: &Case| if SLOW.contains(&story.name) { sampled.clone() } else { plan(case) };
                items.extend(case(story.name, method, mode, word, number as u32).map(|case| (case, plan(&case))));
                number += 1;
            }
        }
    }
}

/// The stories that a base set is made of: a payment, late money, two payments, goods that stay.
const BASE: [(&str, Method); 6] = [
    ("pays", Method::Link),
    ("pays", Method::Card),
    ("late", Method::Card),
    ("fails-late-success", Method::Collect),
    ("pays-twice", Method::Link),
    ("jams", Method::Otp),
];

/// The base set in this mode: a backend relays no card.
fn base(mode: Mode) -> impl Iterator<Item = (usize, &'static str, Method)> {
    let relayed =
        move |method: Method| if mode == Mode::Relayed && !method.is_relayed() { Method::Collect } else { method };
    BASE.into_iter().enumerate().map(move |(number, (story, method))| (number, story, relayed(method)))
}

/// Of every word size one case, cut at every word of its flash.
fn to_the_byte(items: &mut Vec<Item>) {
    for (number, word) in WORDS.into_iter().enumerate() {
        let (story, method) = BASE[number % BASE.len()];
        let mode = Mode::ALL[number % 2];
        items.extend(case(story, method, mode, word, number as u32).map(|case| (case, Plan::all(1))));
    }
}

/// Two faults, in so many parts.
fn pairs(items: &mut Vec<Item>, words: &[usize], parts: u64, keep: [(u64, u64); 3]) {
    for mode in [Mode::Keys, Mode::Kiosk, Mode::Relayed] {
        for (number, story, method) in base(mode) {
            for (turn, word) in words.iter().enumerate() {
                let seed = (5 * number + turn + mode as usize) as u32;
                let Some(case) = case(story, method, mode, *word, seed) else { continue };
                items.extend((0..parts).map(|part| (case, Plan { depth: 2, keep, part: (part, parts) })));
            }
        }
    }
}

/// Three faults, from the base set, with the widest words.
fn triples(items: &mut Vec<Item>, keep: [(u64, u64); 3]) {
    for mode in [Mode::Keys, Mode::Kiosk, Mode::Relayed] {
        for (number, story, method) in base(mode) {
            let word = WORDS[3 + (number + mode as usize) % 3];
            let Some(case) = case(story, method, mode, word, 70 + number as u32) else { continue };
            items.extend((0..4).map(|part| (case, Plan { depth: 3, keep, part: (part, 4) })));
        }
    }
}

fn case(story: &str, method: Method, mode: Mode, word: usize, seed: u32) -> Option<Case> {
    let story = STORIES.iter().copied().find(|known| known.name == story)?;
    // A scenario is about every order there is, so none goes before.
    let seed = if story.scenario().is_some() { 2 * seed } else { seed };
    Some(Case { story, method, mode, word, seed })
}
