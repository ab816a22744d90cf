//! One TLS connection, as ureq uses it.

use core::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::ClientConnection;
use ureq::unversioned::transport::{Buffers, LazyBuffers, NextTimeout, Transport};
use zeroize::Zeroize;

use super::error::Fault;
use super::progress::Progress;

/// The largest head of an answer, in bytes.
pub(super) const HEAD_MAX: usize = 16 * 1024;
/// Holds a head that is too large, so that it is seen to be.
const INPUT: usize = 2 * HEAD_MAX;
/// Holds the head of any request in one piece, which [`TlsStream::transmit_output`] relies on.
const OUTPUT: usize = 16 * 1024;
/// TLS records without data (tickets, key updates) that may be waiting on a kept connection.
const IDLE_READS: usize = 8;

/// A TCP socket whose every read and write ends at the exchange's deadline.
pub(super) struct Socket {
    tcp: TcpStream,
    progress: Arc<Progress>,
}

/// A TLS session over it. It notes the first byte of a request before anything else can happen to it.
pub(super) struct TlsStream {
    session: ClientConnection,
    socket: Socket,
    buffers: LazyBuffers,
}

impl Socket {
    pub(super) const fn new(tcp: TcpStream, progress: Arc<Progress>) -> Self {
        Self { tcp, progress }
    }

    fn io(&self, mut call: impl FnMut(&TcpStream) -> io::Result<usize>) -> io::Result<usize> {
        loop {
            let left = Some(self.progress.remaining()?);
            self.tcp.set_read_timeout(left)?;
            self.tcp.set_write_timeout(left)?;
            match call(&self.tcp) {
                // Time is up, or nearly: `remaining` decides.
                Err(error) if would_block(&error) || error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io(|mut tcp| tcp.read(buffer))
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.io(|mut tcp| tcp.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TlsStream {
    pub(super) fn new(session: ClientConnection, socket: Socket) -> Self {
        Self { session, socket, buffers: LazyBuffers::new(INPUT, OUTPUT) }
    }

    fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let taken = self.session.writer().write(bytes)?;
            if taken == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            bytes = bytes.get(taken..).unwrap_or_default();
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.session.wants_write() {
            if self.session.write_tls(&mut self.socket)? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
        Ok(())
    }

    fn read(&mut self) -> io::Result<usize> {
        let buffer = self.buffers.input_append_buf();
        loop {
            // 0 after a proper end; an end without close_notify is `UnexpectedEof`.
            match self.session.reader().read(buffer) {
                Err(error) if would_block(&error) => {}
                result => return result,
            }
            while self.session.wants_write() {
                self.session.write_tls(&mut self.socket)?;
            }
            self.session.read_tls(&mut self.socket)?;
            self.session.process_new_packets().map_err(io::Error::other)?;
        }
    }

    /// Whether nothing but tickets and key updates came since the last answer, and no end.
    fn is_quiet(&mut self) -> io::Result<bool> {
        for _ in 0..IDLE_READS {
            let state = self.session.process_new_packets().map_err(io::Error::other)?;
            if state.plaintext_bytes_to_read() > 0 || state.peer_has_closed() {
                return Ok(false);
            }
            match self.session.read_tls(&mut &self.socket.tcp) {
                Ok(0) => return Ok(false),
                Ok(_) => {}
                Err(error) if would_block(&error) => return Ok(true),
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    fn fault(&self, error: io::Error) -> ureq::Error {
        Fault::from_io(error, self.socket.progress.phase()).into()
    }
}

impl Transport for TlsStream {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        let progress = &self.socket.progress;
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        // Out of time before anything was handed over is `NotSent`.
        let bytes = progress.remaining().and_then(|_| progress.begin_sending(output));
        self.buffers.output().zeroize();
        self.write(&bytes?).map_err(|error| self.fault(error))
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        self.socket.progress.enter_answer();
        match self.read() {
            Ok(read) => {
                self.buffers.input_appended(read);
                Ok(read > 0)
            }
            // Always our own error: ureq takes some I/O errors in a body of unknown length for its end.
            Err(error) => Err(self.fault(error)),
        }
    }

    /// ureq asks when it puts a connection by, and when it takes it up again, just before the first byte.
    fn is_open(&mut self) -> bool {
        if self.socket.progress.discards() || self.socket.tcp.set_nonblocking(true).is_err() {
            return false;
        }
        let quiet = self.is_quiet().unwrap_or(false);
        quiet && self.socket.tcp.set_nonblocking(false).is_ok()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

/// What a time-out of a socket looks like: one or the other, by platform.
fn would_block(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

impl fmt::Debug for TlsStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsStream")
    }
}
