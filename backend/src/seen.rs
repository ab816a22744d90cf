//! When each device was last seen: in memory, and every half minute in the database.

use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::book::{Moment, Owner};
use crate::store::Store;

/// A write for each call would cost more than the call.
const PAUSE: Duration = Duration::from_secs(30);

/// Devices seen since the last write.
#[derive(Default)]
pub(crate) struct Seen(Mutex<State>);

#[derive(Default)]
struct State {
    devices: BTreeMap<Owner, Moment>,
    written: Duration,
}

impl Seen {
    /// A device called.
    pub(crate) fn note(&self, owner: Owner, at: Moment) {
        self.lock().devices.insert(owner, at);
    }

    /// Writes if the last write was long ago. What cannot be written now is written later.
    pub(crate) fn keep(&self, store: &Store, now: Duration) {
        let mut state = self.lock();
        if state.devices.is_empty() || now.saturating_sub(state.written) < PAUSE {
            return;
        }
        state.written = now;
        drop(state);
        self.keep_now(store);
    }

    /// Writes at the end of the backend.
    pub(crate) fn keep_now(&self, store: &Store) {
        let devices = core::mem::take(&mut self.lock().devices);
        if store.keep_seen(&devices).is_err() {
            for (owner, at) in devices {
                self.lock().devices.entry(owner).or_insert(at);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
