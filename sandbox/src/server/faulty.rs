//! A connection that breaks in the middle of an answer, where a scenario says so.

use crate::ground::wire::{Break, Place, WireFault};
use core::{
    pin::Pin,
    task::{Context, Poll},
};
use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

/// How much of a head arrives that is cut: its status line and a little more.
const PART_OF_HEAD: usize = 24;

/// Passes everything through until a [`WireFault`] is set, then that much of the answer and no more.
pub(crate) struct Faulty {
    stream: TlsStream<TcpStream>,
    fault: Arc<Mutex<Option<WireFault>>>,
    /// Bytes of the answer that may still go, once its head was seen.
    left: Option<usize>,
}

impl Faulty {
    /// A connection, and where to say what becomes of its next answer.
    pub(crate) fn new(stream: TlsStream<TcpStream>) -> (Self, Arc<Mutex<Option<WireFault>>>) {
        let fault = Arc::new(Mutex::new(None));
        (Self { stream, fault: Arc::clone(&fault), left: None }, fault)
    }

    /// Breaks the connection, now that what was to arrive is written.
    fn break_off(&mut self, how: Break, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if Pin::new(&mut self.stream).poll_flush(context).is_pending() {
            return Poll::Pending;
        }
        match how {
            // The client's patience ends it.
            Break::Stall => return Poll::Pending,
            Break::Reset => {
                let _ = self.stream.get_ref().0.set_zero_linger();
            }
            Break::Close => {}
        }
        Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()))
    }
}

/// How many bytes of an answer arrive. `start` is its beginning, with the whole head: that is how the server writes.
fn limit(start: &[u8], at: Place) -> usize {
    const END: &[u8] = b"\r\n\r\n";
    let head = start.windows(END.len()).position(|window| window == END).map_or(start.len(), |at| at + END.len());
    match at {
        Place::Start => 0,
        Place::Head => PART_OF_HEAD,
        Place::Body(length) => head + length,
        Place::LastByte => (head + content_length(&start[..head])).saturating_sub(1),
    }
}

fn content_length(head: &[u8]) -> usize {
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    let value = text.lines().find_map(|line| line.strip_prefix("content-length:"));
    value.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
}

impl AsyncRead for Faulty {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Faulty {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        let fault = *this.fault.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(fault) = fault else {
            this.left = None;
            return Pin::new(&mut this.stream).poll_write(context, bytes);
        };
        let left = this.left.get_or_insert_with(|| limit(bytes, fault.at));
        if *left == 0 {
            return this.break_off(fault.how, context);
        }
        let now = bytes.len().min(*left);
        let written = Pin::new(&mut this.stream).poll_write(context, &bytes[..now]);
        if let Poll::Ready(Ok(written)) = written {
            *left -= written;
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Without a farewell, if the answer was cut: that is what a cut looks like.
        if self.left == Some(0) { Poll::Ready(Ok(())) } else { Pin::new(&mut self.stream).poll_shutdown(context) }
    }
}
