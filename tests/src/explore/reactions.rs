//! How terminals react, kept: one that is in the same state and meets the same does the same, whatever the world around it is.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::{Arc, Mutex};

use super::mix::Same;
use super::terminal::{Terminal, Wants};
use crate::laws::Said;

/// More are not kept: they would not fit into the memory of a small machine.
const MOST: usize = 300_000 / SHARDS;
/// So many threads hardly ever want the same part of it.
const SHARDS: usize = 256;

/// What became of a terminal, and what it said on the way; or the law that it broke.
pub type Reaction = Result<(Arc<Terminal>, Vec<Said>), String>;

type Kept<T> = Vec<Mutex<HashMap<u64, Arc<T>, BuildHasherDefault<Same>>>>;

/// All reactions so far.
pub struct Reactions {
    reactions: Kept<Reaction>,
    wants: Kept<(Arc<Terminal>, Wants)>,
}

impl Default for Reactions {
    fn default() -> Self {
        Self { reactions: kept(), wants: kept() }
    }
}

impl Reactions {
    /// The reaction of a terminal; `print` is a fingerprint of it and of what it meets.
    pub fn of(&self, print: u64, react: impl FnOnce() -> Reaction) -> Arc<Reaction> {
        find(&self.reactions, print, react)
    }

    /// What a terminal wants, and what it is after it has said so.
    pub fn wants(&self, print: u64, ask: impl FnOnce() -> (Arc<Terminal>, Wants)) -> Arc<(Arc<Terminal>, Wants)> {
        find(&self.wants, print, ask)
    }

    /// How many fingerprints stand for something here.
    pub fn count(&self) -> u64 {
        count(&self.reactions) + count(&self.wants)
    }
}

fn kept<T>() -> Kept<T> {
    (0..SHARDS).map(|_| Mutex::default()).collect()
}

fn find<T>(kept: &Kept<T>, print: u64, make: impl FnOnce() -> T) -> Arc<T> {
    let shard = &kept[print as usize % SHARDS];
    if let Some(found) = shard.lock().expect("nobody panics").get(&print) {
        return Arc::clone(found);
    }
    // Without the lock: two who make the same make it alike.
    let made = Arc::new(make());
    let mut shard = shard.lock().expect("nobody panics");
    if shard.len() < MOST { Arc::clone(shard.entry(print).or_insert(made)) } else { made }
}

fn count<T>(kept: &Kept<T>) -> u64 {
    kept.iter().map(|shard| shard.lock().expect("nobody panics").len() as u64).sum()
}
