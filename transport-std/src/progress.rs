//! How far the exchange under way has come: the deadline, the phase, and whether a byte of the request can have left.
//!
//! Shared by the exchange, which begins and judges it, and by the connector and the streams, which alone know.

use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use pay_core::wire::ResponseHead;
use zeroize::Zeroizing;

use super::error::{Fault, Phase, Problem};

/// One per transport; `exchange` takes it by `&mut`, so there is one exchange at a time.
pub(super) struct Progress(Mutex<State>);

struct State {
    deadline: Instant,
    phase: Phase,
    /// Header lines that are still to be put into the head of this exchange's request. `None`: they have been taken, so
    /// bytes of the request can have left.
    headers: Option<Zeroizing<Vec<u8>>>,
    /// The caller's room for a body, in bytes.
    room: usize,
    /// The answer, once it has been read: its body, and what its head says.
    answer: Option<(ResponseHead, Zeroizing<Vec<u8>>)>,
    /// An exchange failed since the last connection was made: whatever is kept alive is not used again.
    discard: bool,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self(Mutex::new(State {
            deadline: Instant::now(),
            phase: Phase::Resolve,
            headers: Some(Zeroizing::default()),
            room: 0,
            answer: None,
            discard: false,
        }))
    }

    /// A new exchange: nothing has been sent.
    pub(super) fn begin(&self, limit: Duration, headers: Zeroizing<Vec<u8>>, room: usize) {
        let mut state = self.state();
        state.deadline = Instant::now() + limit;
        state.phase = Phase::Resolve;
        state.headers = Some(headers);
        state.room = room;
        state.answer = None;
    }

    /// What is to be sent for `output` of ureq's: in the first piece of a request the header lines stand before the empty
    /// line. From here on the request may have arrived.
    pub(super) fn begin_sending(&self, output: &[u8]) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let mut state = self.state();
        let Some(headers) = &state.headers else { return Ok(Zeroizing::new(output.to_vec())) };
        let head = output.strip_suffix(b"\r\n").filter(|head| head.ends_with(b"\r\n")).ok_or(Problem::Client)?;
        let bytes = Zeroizing::new([head, headers.as_slice(), b"\r\n"].concat());
        state.phase = Phase::Send;
        state.headers = None;
        Ok(bytes)
    }

    /// Whether a byte of the request can have left.
    pub(super) fn sent(&self) -> bool {
        self.state().headers.is_none()
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.state().phase = phase;
    }

    pub(super) fn room(&self) -> usize {
        self.state().room
    }

    pub(super) fn answered(&self, head: ResponseHead, body: Zeroizing<Vec<u8>>) {
        self.state().answer = Some((head, body));
    }

    pub(super) fn take_answer(&self) -> Option<(ResponseHead, Zeroizing<Vec<u8>>)> {
        self.state().answer.take()
    }

    pub(super) fn phase(&self) -> Phase {
        self.state().phase
    }

    pub(super) fn discard_kept(&self) {
        self.state().discard = true;
    }

    pub(super) fn connected(&self) {
        self.state().discard = false;
    }

    pub(super) fn discards(&self) -> bool {
        self.state().discard
    }

    /// Time left; never zero, which sockets refuse.
    pub(super) fn remaining(&self) -> Result<Duration, Fault> {
        let state = self.state();
        let left = state.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(Problem::TimedOut(state.phase).into()) } else { Ok(left) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
