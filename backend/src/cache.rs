//! Makes one call for many callers that ask the same.

use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;
use crate::recent::Recent;

/// How many orders' answers are kept at least: those asked for last.
const KEEP: usize = 16_384;

/// Answers, by order and call.
pub(crate) struct Cache<T> {
    orders: Mutex<Orders<T>>,
    clock: Clock,
}

type Orders<T> = Recent<String, HashMap<String, Cell<T>>, KEEP>;
type Cell<T> = Arc<Mutex<Option<Kept<T>>>>;

struct Kept<T> {
    value: T,
    since: Duration,
    until: Duration,
}

impl<T: Clone> Cache<T> {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { orders: Mutex::default(), clock }
    }

    /// The answer to `key` about `order`: a fresh one from the cache, else that of a call under way, else that of `fetch`, which also
    /// returns how long its answer stays fresh. Blocks while a call for this key is under way.
    pub(crate) fn get(&self, order: &str, key: &str, fetch: impl FnOnce() -> (T, Duration)) -> T {
        let arrived = self.clock.now();
        let cell = self.cell(order, key);
        let mut kept = cell.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = kept.as_ref() {
            // A caller that waited here for the call takes its answer, however short its life.
            if kept.since >= arrived || self.clock.now() < kept.until {
                return kept.value.clone();
            }
        }
        let (value, fresh) = fetch();
        let since = self.clock.now();
        *kept = Some(Kept { value: value.clone(), since, until: since + fresh });
        value
    }

    /// Stores an answer that nobody asked for.
    pub(crate) fn put(&self, order: &str, key: &str, value: T, fresh: Duration) {
        let since = self.clock.now();
        let cell = self.cell(order, key);
        *cell.lock().unwrap_or_else(PoisonError::into_inner) = Some(Kept { value, since, until: since + fresh });
    }

    /// The last answer to `key` about `order`, fresh or not, if it is younger than `age`.
    pub(crate) fn last(&self, order: &str, key: &str, age: Duration) -> Option<T> {
        let cell = self.lock().get(order)?.get(key).cloned()?;
        let kept = cell.try_lock().ok()?;
        let kept = kept.as_ref().filter(|kept| self.clock.now().saturating_sub(kept.since) < age)?;
        Some(kept.value.clone())
    }

    /// Removes the answers about `order`. Those who wait for a call under way still get its answer.
    pub(crate) fn forget(&self, order: &str) {
        self.lock().remove(order);
    }

    fn cell(&self, order: &str, key: &str) -> Cell<T> {
        let mut orders = self.lock();
        let mut cells = orders.remove(order).unwrap_or_default();
        let cell = Arc::clone(cells.entry(key.to_owned()).or_default());
        orders.put(order.to_owned(), cells);
        cell
    }

    fn lock(&self) -> MutexGuard<'_, Orders<T>> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
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
                        // By then all threads have asked; a late one gets the cached answer.
                        std::thread::sleep(Duration::from_millis(50));
                        (calls.fetch_add(1, Ordering::SeqCst), Duration::from_secs(600))
                    });
                    assert_eq!(value, 0);
                });
            }
        });
        assert_eq!(calls.into_inner(), 1);
    }

    // Mutant: `forget` does nothing: the answer shows the order as it was before it was closed.
    #[test]
    fn what_is_stale_or_forgotten_is_asked_again() {
        let cache = Cache::new(Clock::system());
        assert_eq!(cache.get("a", "?", || (1, Duration::ZERO)), 1);
        assert_eq!(cache.get("a", "?", || (2, Duration::from_secs(600))), 2);
        assert_eq!(cache.get("a", "?", || (3, Duration::ZERO)), 2);
        cache.forget("a");
        assert_eq!(cache.get("a", "?", || (4, Duration::ZERO)), 4);
    }
}
