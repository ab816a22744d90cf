//! How fast one token may ask: one device that asks without end takes no time from the others.

use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::book::Owner;

/// So many seconds' worth of requests may come at once.
const BURST: u32 = 10;

/// When each token's next request would be in step (the "theoretical arrival time" of GCRA).
pub(crate) struct Paces {
    /// Between two requests.
    step: Duration,
    next: Mutex<HashMap<Owner, Duration>>,
}

impl Paces {
    /// So many requests a second.
    pub(crate) fn new(per_second: u32) -> Self {
        Self { step: Duration::from_secs(1) / per_second.max(1), next: Mutex::default() }
    }

    /// Counts a request of a token that is known. `Err`: how long to wait; nothing is counted then.
    pub(crate) fn take(&self, owner: Owner, now: Duration) -> Result<(), Duration> {
        let mut nexts = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let next = nexts.entry(owner).or_insert(now);
        let ahead = next.saturating_sub(now);
        let most = Duration::from_secs(BURST.into()).saturating_sub(self.step);
        if ahead > most {
            return Err(ahead - most);
        }
        *next = now.max(*next) + self.step;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Mutants: `now.max(*next)` without the max (a device that was quiet may ask for ever); a refused request that is counted.
    #[test]
    fn a_burst_passes_and_a_flood_does_not() {
        let (paces, at) = (Paces::new(2), Duration::from_millis);
        let (one, other) = (Owner::new([1; 32]), Owner::new([2; 32]));
        (0..20).for_each(|_| assert_eq!(paces.take(one, at(1_000)), Ok(())));
        (0..50).for_each(|_| assert_eq!(paces.take(one, at(1_000)), Err(at(500))));
        assert_eq!(paces.take(other, at(1_000)), Ok(()));
        assert_eq!((paces.take(one, at(1_500)), paces.take(one, at(1_500))), (Ok(()), Err(at(500))));
        (0..20).for_each(|_| assert_eq!(paces.take(one, at(900_000)), Ok(())));
        assert!(paces.take(one, at(900_000)).is_err(), "quiet saves up no more than the burst");
    }
}
