//! Keeps the stack of a long program small.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

/// A future whose frame is on the stack only while it runs.
///
/// The compiler tends to make one function of a future and all that it awaits. Its stack frame then has room for all of
/// them at once, also for those that have ended or not begun.
#[derive(Debug)]
#[allow(clippy::exhaustive_structs)]
pub struct Apart<'f, F>(pub Pin<&'f mut F>);

impl<F: Future> Future for Apart<'_, F> {
    type Output = F::Output;

    #[inline(never)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.0.as_mut().poll(cx)
    }
}
