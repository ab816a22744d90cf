//! One TLS connection, as ureq uses it.

use core::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use pay_core::wire::http1::{HEAD_LIMIT, Progress as Reading, ResponseReader};
use rustls::ClientConnection;
use ureq::unversioned::transport::{Buffers, LazyBuffers, NextTimeout, Transport};
use zeroize::{Zeroize, Zeroizing};

use super::error::{Fault, Phase, Problem};
use super::progress::Progress;

/// Holds what ureq is told of an answer.
const INPUT: usize = 256;
/// Bytes taken out of the TLS session at once.
const PIECE: usize = 4096;
/// What ureq is told of an answer that has been read to its end, and of one whose connection must go.
const KEPT: &[u8] = b"HTTP/1.1 204 Read\r\n\r\n";
const LAST: &[u8] = b"HTTP/1.1 204 Read\r\nConnection: close\r\n\r\n";
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

    /// Reads the whole answer, by the reader that every transport uses, and puts it by for the exchange. ureq need not
    /// understand it: it is told only that there was one, and whether another may follow.
    fn read_answer(&mut self) -> Result<&'static [u8], Fault> {
        let progress = Arc::clone(&self.socket.progress);
        progress.enter(Phase::Answer);
        let room = progress.room();
        let mut reader = ResponseReader::new().with_body_limit(room);
        // One line of the head, with the byte that the reader puts behind it, must fit as well.
        let mut bytes = Zeroizing::new(vec![0; room.max(HEAD_LIMIT + 1)]);
        let mut piece = Zeroizing::new([0; PIECE]);
        let keep = loop {
            let len = self.read(piece.as_mut_slice()).map_err(|error| Fault::from_io(error, progress.phase()))?;
            if len == 0 {
                reader.end().map_err(|error| Fault::from_http(error, progress.phase()))?;
                break false;
            }
            let piece = piece.get(..len).unwrap_or_default();
            match reader.feed(&mut bytes, piece).map_err(|error| Fault::from_http(error, progress.phase()))? {
                // Bytes behind the answer belong to nothing that was asked.
                Reading::Done(taken) => break reader.keep_alive() && taken == len,
                Reading::More if reader.in_body() => progress.enter(Phase::Body),
                Reading::More => {}
            }
        };
        let head = reader.into_head();
        bytes.truncate(head.body_len);
        progress.answered(head, bytes);
        Ok(if keep { KEPT } else { LAST })
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
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

    /// The same, without waiting.
    fn is_quiet_now(&mut self) -> bool {
        if self.socket.tcp.set_nonblocking(true).is_err() {
            return false;
        }
        let quiet = self.is_quiet().unwrap_or(false);
        self.socket.tcp.set_nonblocking(false).is_ok() && quiet
    }

    /// Whether the server has sent something that could be taken for the answer to a request that has not been sent.
    fn spoke_first(&mut self) -> bool {
        !self.is_quiet_now()
            && self.session.process_new_packets().is_ok_and(|state| state.plaintext_bytes_to_read() > 0)
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
        if !self.socket.progress.sent() && self.spoke_first() {
            return Err(Fault::from(Problem::Unasked).into());
        }
        let progress = &self.socket.progress;
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        // Out of time before anything was handed over is `NotSent`.
        let bytes = progress.remaining().and_then(|_| progress.begin_sending(output));
        self.buffers.output().zeroize();
        self.write(&bytes?).map_err(|error| self.fault(error))
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        let told = self.read_answer()?;
        let input = self.buffers.input_append_buf();
        input.get_mut(..told.len()).ok_or(Fault::from(Problem::Client))?.copy_from_slice(told);
        self.buffers.input_appended(told.len());
        Ok(true)
    }

    /// ureq asks when it puts a connection by, and when it takes it up again, just before the first byte.
    fn is_open(&mut self) -> bool {
        !self.socket.progress.discards() && self.is_quiet_now()
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
