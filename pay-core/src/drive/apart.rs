//! Stack of their own for the parts of a long program.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

/// A future whose frame is on the stack only while it runs.
///
/// The compiler likes to make one function of a future and all that it awaits. The stack then holds, at its deepest place, what
/// each of them needs anywhere, those that ended long ago and those that only begin later.
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
