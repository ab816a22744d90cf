//! A bounded map of the entries stored last. It never drops all entries at once.

use core::borrow::Borrow;
use core::hash::Hash;
use core::mem;
use std::collections::HashMap;

/// Holds at least the last `LEAST` entries, and at most twice as many.
pub(crate) struct Recent<K, V, const LEAST: usize> {
    new: HashMap<K, V>,
    /// Those before.
    old: HashMap<K, V>,
}

impl<K: Eq + Hash, V, const LEAST: usize> Recent<K, V, LEAST> {
    pub(crate) fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.new.get(key).or_else(|| self.old.get(key))
    }

    /// Stores an entry, and replaces the one with the same key.
    pub(crate) fn put(&mut self, key: K, value: V) {
        if self.new.len() >= LEAST && !self.new.contains_key(&key) {
            self.old = mem::take(&mut self.new);
        }
        self.old.remove(&key);
        self.new.insert(key, value);
    }

    pub(crate) fn remove<Q: Eq + Hash + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.new.remove(key).or_else(|| self.old.remove(key))
    }
}

impl<K, V, const LEAST: usize> Default for Recent<K, V, LEAST> {
    fn default() -> Self {
        Self { new: HashMap::new(), old: HashMap::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Meant to notice: all entries dropped at once; an older entry shown after the newer one was removed.
    #[test]
    fn the_last_ones_are_kept() {
        let mut recent = Recent::<u32, u32, 10>::default();
        (0..=20).for_each(|n| recent.put(n, n));
        assert_eq!(
            (recent.get(&0), recent.get(&9), recent.get(&10), recent.get(&20)),
            (None, None, Some(&10), Some(&20))
        );
        recent.put(10, 7);
        assert_eq!(recent.get(&10), Some(&7));
        assert_eq!((recent.remove(&10), recent.get(&10)), (Some(7), None));
        for n in 100..1_000 {
            recent.put(n, n);
            assert!(recent.new.len() <= 10 && recent.old.len() <= 10);
            assert!((n.saturating_sub(9).max(100)..=n).all(|n| recent.get(&n).is_some()));
        }
    }
}
