//! The body of an answer: with a length, or in chunks.

use core::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};
use http_body_util::Full;
use hyper::body::{Body, Bytes, Frame, SizeHint};

/// Bytes that are there already.
pub(crate) struct Sent {
    bytes: Full<Bytes>,
    chunked: bool,
}

impl Sent {
    /// In chunks: nobody is told how many bytes they are.
    pub(crate) fn new(bytes: Vec<u8>, chunked: bool) -> Self {
        Self { bytes: Full::new(Bytes::from(bytes)), chunked }
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.bytes).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.chunked { SizeHint::default() } else { self.bytes.size_hint() }
    }
}
