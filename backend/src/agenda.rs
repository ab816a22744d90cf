//! Wakes the threads that do duties.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often to look for duties that other processes planned.
const LOOK: Duration = Duration::from_secs(2);

/// Wakes and stops the threads that do duties.
#[derive(Default)]
pub(crate) struct Agenda {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Counts the plans. So a plan between a look and the wait after it wakes the thread.
    plans: u64,
    stopped: bool,
}

impl Agenda {
    /// A duty was planned.
    pub(crate) fn changed(&self) {
        let mut state = self.lock();
        state.plans = state.plans.wrapping_add(1);
        self.changed.notify_all();
    }

    /// Stops the threads.
    pub(crate) fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    /// The number of plans so far; `None` once the agenda is stopped.
    pub(crate) fn plans(&self) -> Option<u64> {
        let state = self.lock();
        (!state.stopped).then_some(state.plans)
    }

    /// Waits this long, or until there are more plans than `plans`.
    pub(crate) fn wait(&self, plans: u64, time: Option<Duration>) {
        let time = time.unwrap_or(LOOK).min(LOOK);
        let is_idle = |state: &mut State| state.plans == plans && !state.stopped;
        drop(self.changed.wait_timeout_while(self.lock(), time, is_idle).unwrap_or_else(PoisonError::into_inner));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
