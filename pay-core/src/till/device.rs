//! What makes a terminal the one it is.

use super::super::model::DeviceSecret;

/// A terminal's secret, its journal, and the journal's own number.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs)] // made by the caller, out of its own storage
pub struct Device<J> {
    /// 32 random bytes, made once for this terminal and kept apart from the journal: idempotency keys and marks come from it,
    /// so they are the same after a reboot.
    pub secret: DeviceSecret,
    /// Remembers sales.
    pub journal: J,
    /// 64 random bits, made with the journal: tells it from the one before, which was lost.
    pub incarnation: u64,
    /// The terminal's life, as its backend counts them: what [`Till::recover`](super::Till::recover) said last; 0 before the first.
    pub epoch: u32,
}
