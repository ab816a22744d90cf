//! The time: the system's, or one that a test turns.

use core::time::Duration;
#[cfg(test)]
use std::sync::{Arc, atomic::AtomicU64, atomic::Ordering};
use std::time::{Instant, SystemTime};

/// A clock. Clones show the same time.
#[derive(Clone)]
pub(crate) enum Clock {
    /// The system's, from this moment on.
    System(Instant),
    /// Milliseconds since 1970, and nothing moves them but the test.
    #[cfg(test)]
    Virtual(Arc<AtomicU64>),
}

impl Clock {
    pub(crate) fn system() -> Self {
        Self::System(Instant::now())
    }

    /// Time that only goes forward, from a beginning of its own.
    pub(crate) fn now(&self) -> Duration {
        match self {
            Self::System(start) => start.elapsed(),
            #[cfg(test)]
            Self::Virtual(ms) => Duration::from_millis(ms.load(Ordering::Relaxed)),
        }
    }

    /// Seconds since 1970.
    pub(crate) fn unix_seconds(&self) -> u64 {
        match self {
            Self::System(_) => SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs(),
            #[cfg(test)]
            Self::Virtual(ms) => ms.load(Ordering::Relaxed) / 1000,
        }
    }
}
