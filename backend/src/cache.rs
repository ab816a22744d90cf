//! One call for many who ask the same.

use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;

/// The answers about at least so many orders are kept, those asked about last, and at most about twice as many.
const KEEP: usize = 16_384;

/// Answers by order and question.
pub(crate) struct Cache<T> {
    kept: Mutex<Orders<T>>,
    clock: Clock,
}

struct Orders<T> {
    new: HashMap<String, HashMap<String, Cell<T>>>,
    /// Those before.
    old: HashMap<String, HashMap<String, Cell<T>>>,
}

type Cell<T> = Arc<Mutex<Option<Kept<T>>>>;

struct Kept<T> {
    value: T,
    since: Duration,
    until: Duration,
}

impl<T: Clone> Cache<T> {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { kept: Mutex::new(Orders { new: HashMap::new(), old: HashMap::new() }), clock }
    }

    /// The answer to `key` about `order`: one that is fresh, else the one of a call that is under way, else that of `fetch`, which also
    /// says how long its answer stays fresh. Blocks while a call for this key is under way.
    pub(crate) fn get(&self, order: &str, key: &str, fetch: impl FnOnce() -> (T, Duration)) -> T {
        let arrived = self.clock.now();
        let cell = self.cell(order, key);
        let mut kept = cell.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = kept.as_ref() {
            // Who waited here while the call was made takes its answer, however short that stays fresh.
            if kept.since >= arrived || self.clock.now() < kept.until {
                return kept.value.clone();
            }
        }
        let (value, fresh) = fetch();
        let since = self.clock.now();
        *kept = Some(Kept { value: value.clone(), since, until: since + fresh });
        value
    }

    /// Keeps an answer that came without a question.
    pub(crate) fn put(&self, order: &str, key: &str, value: T, fresh: Duration) {
        let since = self.clock.now();
        let cell = self.cell(order, key);
        *cell.lock().unwrap_or_else(PoisonError::into_inner) = Some(Kept { value, since, until: since + fresh });
    }

    /// The last answer to `key` about `order`, if it came less than `age` ago, fresh or not.
    pub(crate) fn last(&self, order: &str, key: &str, age: Duration) -> Option<T> {
        let cell = {
            let kept = self.lock();
            kept.new.get(order).or_else(|| kept.old.get(order))?.get(key).cloned()?
        };
        let kept = cell.try_lock().ok()?;
        let kept = kept.as_ref().filter(|kept| self.clock.now().saturating_sub(kept.since) < age)?;
        Some(kept.value.clone())
    }

    /// Forgets the answers about `order`. A call under way keeps its own.
    pub(crate) fn forget(&self, order: &str) {
        let mut kept = self.lock();
        kept.new.remove(order);
        kept.old.remove(order);
    }

    fn cell(&self, order: &str, key: &str) -> Cell<T> {
        let mut kept = self.lock();
        if !kept.new.contains_key(order) {
            let cells = kept.old.remove(order).unwrap_or_default();
            if kept.new.len() >= KEEP {
                kept.old = core::mem::take(&mut kept.new);
            }
            kept.new.insert(order.to_owned(), cells);
        }
        Arc::clone(kept.new.entry(order.to_owned()).or_default().entry(key.to_owned()).or_default())
    }

    fn lock(&self) -> MutexGuard<'_, Orders<T>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::Barrier;

    // Mutant: dropping the cell's lock before `fetch` makes eight calls of one.
    #[test]
    fn concurrent_questions_become_one() {
        let (cache, calls, barrier) = (Cache::new(Clock::system()), AtomicUsize::new(0), Barrier::new(8));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    barrier.wait();
                    let value = cache.get("a", "?", || {
                        // Until then all have asked; if one is late, freshness covers it.
                        std::thread::sleep(Duration::from_millis(50));
                        (calls.fetch_add(1, Ordering::SeqCst), Duration::from_secs(600))
                    });
                    assert_eq!(value, 0);
                });
            }
        });
        assert_eq!(calls.into_inner(), 1);
    }

    // Mutant: `forget` that does nothing answers with what was true before the order was closed.
    #[test]
    fn what_is_stale_or_forgotten_is_asked_again() {
        let cache = Cache::new(Clock::system());
        assert_eq!(cache.get("a", "?", || (1, Duration::ZERO)), 1);
        assert_eq!(cache.get("a", "?", || (2, Duration::from_secs(600))), 2);
        assert_eq!(cache.get("a", "?", || (3, Duration::ZERO)), 2);
        cache.forget("a");
        assert_eq!(cache.get("a", "?", || (4, Duration::ZERO)), 4);
    }

    // Meant to notice: the answers of all orders that wait dropped at once, so that each is read again.
    #[test]
    fn the_last_orders_are_kept() {
        let cache = Cache::new(Clock::system());
        for order in 0..=2 * KEEP {
            cache.put(&order.to_string(), "?", order, Duration::ZERO);
        }
        let last = |order: usize| cache.last(&order.to_string(), "?", Duration::from_secs(600));
        assert_eq!((last(0), last(KEEP), last(2 * KEEP)), (None, Some(KEEP), Some(2 * KEEP)));
        cache.forget(&KEEP.to_string());
        assert_eq!((last(KEEP), last(KEEP + 1)), (None, Some(KEEP + 1)));
    }
}
