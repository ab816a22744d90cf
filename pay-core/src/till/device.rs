//! A terminal's identity: its secret and its journal.

use super::super::model::DeviceSecret;

/// A terminal's secret, its journal, and the journal's own number.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs)] // made by the caller, out of its own storage
pub struct Device<J> {
    /// 32 random bytes, made once for this terminal and stored apart from the journal. Idempotency keys and marks are
    /// derived from it, so they are the same after a reboot.
    pub secret: DeviceSecret,
    /// Stores sales over power cuts.
    pub journal: J,
    /// 64 random bits, made with the journal: they distinguish it from an earlier journal that was lost.
    pub incarnation: u64,
    /// The device's epoch: the last value that [`Till::recover`](super::Till::recover) returned; 0 before the first.
    pub epoch: u32,
}
