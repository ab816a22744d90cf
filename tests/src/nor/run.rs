//! Running futures that never wait for anything but a poll.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::power::Pace;

/// Polls until it is done.
pub fn block_on<F: Future>(future: F) -> F::Output {
    poll_times(future, usize::MAX).expect("it ends")
}

/// Polls so many times, then drops it: `None` if it was not done by then.
pub fn poll_times<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..times {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
    }
    None
}

pub(super) async fn pause(pace: Pace) {
    let mut waited = pace == Pace::Ready;
    poll_fn(|_| {
        if waited {
            return Poll::Ready(());
        }
        waited = true;
        Poll::Pending
    })
    .await;
}
