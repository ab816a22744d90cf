//! Limits how often a caller may try a password.

use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// This many wrong passwords cost nothing. After each further one comes a pause that doubles each time.
const FREE: u32 = 5;
const PAUSE: Duration = Duration::from_secs(30);
const PAUSE_MAX: Duration = Duration::from_secs(900);
/// After this time without a try the count begins anew.
const FORGET: Duration = Duration::from_secs(3600);
/// The greatest number of names and addresses that are remembered.
const KEEP: usize = 10_000;

/// Wrong passwords by name, and by address.
#[derive(Default)]
pub(super) struct Attempts(Mutex<HashMap<String, Wrong>>);

struct Wrong {
    count: u32,
    last: Duration,
}

impl Attempts {
    /// Counts a try; `right` takes it back. `Err`: how long to wait.
    pub(super) fn begin(&self, who: &str, now: Duration) -> Result<(), Duration> {
        let mut wrongs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if wrongs.len() >= KEEP {
            wrongs.retain(|_, wrong| now.saturating_sub(wrong.last) < FORGET);
        }
        if wrongs.len() >= KEEP {
            wrongs.clear();
        }
        let wrong = wrongs.entry(who.to_owned()).or_insert(Wrong { count: 0, last: now });
        if now.saturating_sub(wrong.last) >= FORGET {
            wrong.count = 0;
        }
        if let Some(beyond) = wrong.count.checked_sub(FREE) {
            let pause = (PAUSE * (1 << beyond.min(8))).min(PAUSE_MAX);
            let wait = (wrong.last + pause).saturating_sub(now);
            if !wait.is_zero() {
                return Err(wait);
            }
        }
        (wrong.count, wrong.last) = (wrong.count.saturating_add(1), now);
        Ok(())
    }

    /// The password was right.
    pub(super) fn right(&self, who: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(who);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Mutant: `wrong.last` not set: the pauses do not grow.
    #[test]
    fn pauses_grow_and_end() {
        let (attempts, at) = (Attempts::default(), Duration::from_secs);
        (0..5).for_each(|second| assert_eq!(attempts.begin("asha", at(second)), Ok(())));
        assert_eq!(attempts.begin("asha", at(5)), Err(at(29)));
        assert_eq!(attempts.begin("ravi", at(5)), Ok(()), "of another name");
        assert_eq!(attempts.begin("asha", at(34)), Ok(()));
        assert_eq!(attempts.begin("asha", at(35)), Err(at(59)));
        (0..20).for_each(|round| assert_eq!(attempts.begin("asha", at(2_000 + round * 900)), Ok(())));
        assert_eq!(attempts.begin("asha", at(2_000 + 19 * 900 + 1)), Err(at(899)), "no longer than this");
        attempts.right("asha");
        (0..5).for_each(|_| assert_eq!(attempts.begin("asha", at(20_000)), Ok(())));
        assert!(attempts.begin("asha", at(20_000)).is_err());
        assert_eq!(attempts.begin("asha", at(24_000)), Ok(()), "an hour later");
        assert_eq!(attempts.begin("asha", at(24_000)), Ok(()));
    }
}
