//! Who waits for something to do.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What other processes planned is looked for so often.
const LOOK: Duration = Duration::from_secs(2);

/// Wakes those who do what is due, and stops them.
#[derive(Default)]
pub(crate) struct Agenda {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Goes up with every plan: a plan between a look and the wait after it is not slept over.
    plans: u64,
    stopped: bool,
}

impl Agenda {
    /// Something was planned.
    pub(crate) fn changed(&self) {
        let mut state = self.lock();
        state.plans = state.plans.wrapping_add(1);
        self.changed.notify_all();
    }

    /// Nothing is to be done any more.
    pub(crate) fn stop(&self) {
        self.lock().stopped = true;
        self.changed.notify_all();
    }

    /// How many plans there were; `None` once it is stopped.
    pub(crate) fn plans(&self) -> Option<u64> {
        let state = self.lock();
        (!state.stopped).then_some(state.plans)
    }

    /// Waits so long, or until there is a plan after the first `plans`.
    pub(crate) fn wait(&self, plans: u64, time: Option<Duration>) {
        let time = time.unwrap_or(LOOK).min(LOOK);
        let is_idle = |state: &mut State| state.plans == plans && !state.stopped;
        drop(self.changed.wait_timeout_while(self.lock(), time, is_idle).unwrap_or_else(PoisonError::into_inner));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
