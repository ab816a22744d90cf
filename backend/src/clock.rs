//! The time: the system's, or one that a test sets.

use core::time::Duration;
#[cfg(test)]
use std::sync::{Arc, atomic::AtomicU64, atomic::Ordering};
use std::time::{Instant, SystemTime};

use crate::book::Moment;

/// A clock. Clones show the same time.
#[derive(Clone)]
pub(crate) enum Clock {
    /// The system's monotonic clock from this moment on, and the wall clock at that moment in milliseconds since 1970.
    System(Instant, u64),
    /// Milliseconds since 1970; only the test advances them.
    #[cfg(test)]
    Virtual(Arc<AtomicU64>),
}

impl Clock {
    pub(crate) fn system() -> Self {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self::System(Instant::now(), u64::try_from(wall.as_millis()).unwrap_or(u64::MAX))
    }

    /// Monotonic time with an arbitrary beginning.
    pub(crate) fn now(&self) -> Duration {
        match self {
            Self::System(start, _) => start.elapsed(),
            #[cfg(test)]
            Self::Virtual(ms) => Duration::from_millis(ms.load(Ordering::Relaxed)),
        }
    }

    /// The book's time: the wall clock at the start in milliseconds since 1970, then monotonic.
    pub(crate) fn moment(&self) -> Moment {
        match self {
            Self::System(start, wall) => {
                Moment(wall.saturating_add(u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)))
            }
            #[cfg(test)]
            Self::Virtual(ms) => Moment(ms.load(Ordering::Relaxed)),
        }
    }

    /// Waits this long.
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
