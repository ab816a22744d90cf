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
    /// Something was heard since.
    outdated: bool,
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
        *kept = Some(Kept { value: value.clone(), since, until: since + fresh, outdated: false });
        value
    }

    /// Stores an answer that nobody asked for.
    pub(crate) fn put(&self, order: &str, key: &str, value: T, fresh: Duration) {
        let since = self.clock.now();
        let cell = self.cell(order, key);
        let kept = Kept { value, since, until: since + fresh, outdated: false };
        *cell.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
    }

    /// The last answer to `key` about `order`, fresh or not, if it is younger than `age` and no webhook came since.
    pub(crate) fn last(&self, order: &str, key: &str, age: Duration) -> Option<T> {
        let cell = self.lock().get(order)?.get(key).cloned()?;
        let kept = cell.try_lock().ok()?;
        let kept = kept.as_ref().filter(|kept| self.is_younger(kept, age) && !kept.outdated)?;
        Some(kept.value.clone())
    }

    /// The same from before a webhook, once: whoever comes again has it fetched.
    pub(crate) fn take_outdated(&self, order: &str, key: &str, age: Duration) -> Option<T> {
        let cell = self.lock().get(order)?.get(key).cloned()?;
        let kept = cell.try_lock().ok()?.take_if(|kept| kept.outdated)?;
        self.is_younger(&kept, age).then_some(kept.value)
    }

    fn is_younger(&self, kept: &Kept<T>, age: Duration) -> bool {
        self.clock.now().saturating_sub(kept.since) < age
    }

    /// A webhook told of `order`: whoever asks from now on has it fetched. Those who wait for a call under way still get its answer.
    pub(crate) fn outdate(&self, order: &str) {
        let mut orders = self.lock();
        let Some(cells) = orders.remove(order) else { return };
        let was = |cell: &Cell<T>| {
            let kept = cell.try_lock().ok()?;
            let Kept { value, since, .. } = kept.as_ref()?;
            let kept = Kept { value: value.clone(), since: *since, until: *since, outdated: true };
            Some(Arc::new(Mutex::new(Some(kept))))
        };
        let cells = cells.into_iter().filter_map(|(key, cell)| Some((key, was(&cell)?))).collect();
        orders.put(order.to_owned(), cells);
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

    // Meant to notice: an answer from before a webhook taken for a fresh one, or for one after it; given twice; lost.
    #[test]
    fn what_was_heard_of_outdates_the_answers() {
        let (cache, long) = (Cache::new(Clock::system()), Duration::from_secs(600));
        assert_eq!(cache.get("a", "?", || (1, long)), 1);
        assert_eq!((cache.take_outdated("a", "?", long), cache.last("a", "?", long)), (None, Some(1)));
        cache.outdate("a");
        let taken = || cache.take_outdated("a", "?", long);
        assert_eq!((cache.last("a", "?", long), taken(), taken()), (None, Some(1), None));
        assert_eq!(cache.get("a", "?", || (2, long)), 2);
        assert_eq!((cache.last("a", "?", long), taken()), (Some(2), None));
        cache.outdate("a");
        assert_eq!(cache.take_outdated("a", "?", Duration::ZERO), None, "too old");
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
