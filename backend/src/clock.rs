//! The time: the system's, or one that a test turns.

use core::time::Duration;
#[cfg(test)]
use std::sync::{Arc, atomic::AtomicU64, atomic::Ordering};
use std::time::{Instant, SystemTime};

use crate::book::Moment;

/// A clock. Clones show the same time.
#[derive(Clone)]
pub(crate) enum Clock {
    /// The system's, from this moment on; and what the clock on the wall showed then, in milliseconds.
    System(Instant, u64),
    /// Milliseconds since 1970, and nothing moves them but the test.
    #[cfg(test)]
    Virtual(Arc<AtomicU64>),
}

impl Clock {
    pub(crate) fn system() -> Self {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self::System(Instant::now(), u64::try_from(wall.as_millis()).unwrap_or(u64::MAX))
    }

    /// Time that only goes forward, from a beginning of its own.
    pub(crate) fn now(&self) -> Duration {
        match self {
            Self::System(start, _) => start.elapsed(),
            #[cfg(test)]
            Self::Virtual(ms) => Duration::from_millis(ms.load(Ordering::Relaxed)),
        }
    }

    /// The book's time: milliseconds since 1970 at the start, and from there only forward.
    pub(crate) fn moment(&self) -> Moment {
        match self {
            Self::System(start, wall) => {
                Moment(wall.saturating_add(u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)))
            }
            #[cfg(test)]
            Self::Virtual(ms) => Moment(ms.load(Ordering::Relaxed)),
        }
    }

    /// Waits so long.
    pub(crate) fn wait(&self, time: Duration) {
        match self {
            Self::System(..) => std::thread::sleep(time),
            #[cfg(test)]
            Self::Virtual(ms) => {
                ms.fetch_add(u64::try_from(time.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
            }
        }
    }

    /// Seconds since 1970.
    pub(crate) fn unix_seconds(&self) -> u64 {
        match self {
            Self::System(..) => SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs(),
            #[cfg(test)]
            Self::Virtual(ms) => ms.load(Ordering::Relaxed) / 1000,
        }
    }
}
