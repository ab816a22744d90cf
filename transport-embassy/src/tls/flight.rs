//! The server's handshake messages, put together again from records.

use core::ops::Range;

use embedded_io_async::Read;

use super::TlsError;
use super::key_schedule::RecordKey;
use super::record::{self, ALERT, CHANGE_CIPHER_SPEC, HANDSHAKE};

/// Length of a handshake message's header.
pub(super) const MESSAGE_HEADER: usize = 4;

/// Records of the middlebox mode that are passed over (RFC 8446 section 5 sets no limit; servers send one).
const MAX_CHANGE_CIPHER_SPECS: u8 = 8;

/// The server's messages, in the front of the read buffer.
pub(super) struct Flight<'a> {
    rx: &'a mut [u8],
    /// First byte not yet given out.
    start: usize,
    /// End of the bytes received.
    end: usize,
    /// Length of what is kept in front of them: see [`keep`](Flight::keep).
    kept: usize,
    change_cipher_specs: u8,
}

/// Where a message lies in the buffer, header included, until the next one is read.
pub(super) struct Message(Range<usize>);

impl<'a> Flight<'a> {
    pub(super) fn new(rx: &'a mut [u8]) -> Self {
        Self { rx, start: 0, end: 0, kept: 0, change_cipher_specs: 0 }
    }

    /// The next message, which must be of this kind.
    pub(super) async fn next<S: Read>(
        &mut self,
        io: &mut S,
        key: Option<&mut RecordKey>,
        kind: u8,
    ) -> Result<Message, TlsError> {
        let message = self.next_of_any(io, key).await?;
        if self.kind(&message) == kind { Ok(message) } else { Err(TlsError::Unexpected("handshake message")) }
    }

    /// The next message. Where a message is spread over records, they are joined.
    pub(super) async fn next_of_any<S: Read>(
        &mut self,
        io: &mut S,
        mut key: Option<&mut RecordKey>,
    ) -> Result<Message, TlsError> {
        self.rx.copy_within(self.start..self.end, self.kept);
        self.end -= self.start - self.kept;
        self.start = self.kept;
        loop {
            let rest = &self.rx[self.start..self.end];
            if let Some(&[_, a, b, c]) = rest.first_chunk::<MESSAGE_HEADER>() {
                let len = MESSAGE_HEADER + u32::from_be_bytes([0, a, b, c]) as usize;
                let needed = self.start + len;
                if needed > self.rx.len() {
                    return Err(TlsError::BufferTooSmall { needed });
                }
                if rest.len() >= len {
                    let message = Message(self.start..needed);
                    self.start = needed;
                    return Ok(message);
                }
            }
            self.read_record(io, key.as_deref_mut()).await?;
        }
    }

    async fn read_record<S: Read>(&mut self, io: &mut S, key: Option<&mut RecordKey>) -> Result<(), TlsError> {
        let room = &mut self.rx[self.end..];
        let read = match key {
            Some(key) => record::read_protected(io, key, room).await,
            None => record::read_plain(io, room).await,
        };
        let (kind, len) = read.map_err(|e| match e {
            // Behind what is there already.
            TlsError::BufferTooSmall { needed } => TlsError::BufferTooSmall { needed: self.end + needed },
            other => other,
        })?;
        let content = &self.rx[self.end..self.end + len];
        match kind {
            HANDSHAKE if len > 0 => self.end += len,
            ALERT => return Err(record::alert(content)),
            // Not within a message: its fragments follow one another (RFC 8446 section 5.1).
            CHANGE_CIPHER_SPEC
                if content == [1] && self.change_cipher_specs < MAX_CHANGE_CIPHER_SPECS && self.start == self.end =>
            {
                self.change_cipher_specs += 1;
            }
            _ => return Err(TlsError::Unexpected("record during the handshake")),
        }
        Ok(())
    }

    /// Keeps this part of the message just given out, and nothing else of it, until [`let_go`](Flight::let_go).
    pub(super) fn keep(&mut self, message: &Message, part: Range<usize>) -> Result<(), TlsError> {
        let body = self.body(message);
        let len = body.get(part.clone()).ok_or(TlsError::Malformed("certificate"))?.len();
        let from = message.0.start + MESSAGE_HEADER + part.start;
        // Not beyond the message's end, so nothing that waits is overwritten.
        self.rx.copy_within(from..from + len, 0);
        self.kept = len;
        Ok(())
    }

    /// What is kept.
    pub(super) fn kept(&self) -> &[u8] {
        &self.rx[..self.kept]
    }

    /// Keeps nothing any more.
    pub(super) fn let_go(&mut self) {
        self.kept = 0;
    }

    pub(super) fn kind(&self, message: &Message) -> u8 {
        self.rx[message.0.start]
    }

    pub(super) fn whole(&self, message: &Message) -> &[u8] {
        &self.rx[message.0.clone()]
    }

    pub(super) fn body(&self, message: &Message) -> &[u8] {
        &self.whole(message)[MESSAGE_HEADER..]
    }

    /// No further byte may have come in the record of the message just given out.
    pub(super) fn at_record_end(&self, what: &'static str) -> Result<(), TlsError> {
        if self.start == self.end { Ok(()) } else { Err(TlsError::Malformed(what)) }
    }
}
