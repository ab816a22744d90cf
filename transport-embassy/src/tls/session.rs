//! An open connection to a server that has proven who it is.

use core::ops::Range;

use embedded_io_async::{ErrorType, Read, Write};

use super::key_schedule::RecordKey;
use super::late::{self, Late, News};
use super::negotiated::Negotiated;
use super::record::{self, ALERT, APPLICATION_DATA, HANDSHAKE, HEADER, MAX_CONTENT, OVERHEAD};
use super::{Buffers, TlsError};

/// Records of data without a byte of it that are taken in a row.
const MAX_EMPTY_RECORDS: u8 = 32;

/// A KeyUpdate that asks for none in return.
const KEY_UPDATE: [u8; 5] = [late::KEY_UPDATE, 0, 0, 1, 0];

/// Keys and places of an open connection. It holds neither the socket nor the buffers, so that a caller can keep all three
/// side by side; they come together in a [`Channel`] for as long as something is read or written.
///
/// There is no way to one but [`connect`](super::connect), which gives it out only for a server that has proven itself.
pub struct Session {
    negotiated: Negotiated,
    read_key: RecordKey,
    write_key: RecordKey,
    /// Decrypted bytes in the read buffer that were not read yet.
    unread: Range<usize>,
    /// Bytes in the write buffer that wait for `flush`.
    unsent: usize,
    empty_records: u8,
    late: Late,
    /// The server has asked for new keys of this side: they must be in use before more data leaves.
    update_due: bool,
    /// Set while a record is on its way, so that a dropped future is noticed, and for good after an error.
    broken: bool,
    data_sent: bool,
}

/// A [`Session`] with its socket and its buffers: reads and writes application data.
///
/// # Cancellation
/// Dropping a future of it half way breaks the session: every later call fails with [`TlsError::Broken`].
pub struct Channel<'a, 'b, S> {
    session: &'a mut Session,
    io: &'a mut S,
    buffers: &'a mut Buffers<'b>,
}

impl Session {
    pub(super) fn new(negotiated: Negotiated, read_key: RecordKey, write_key: RecordKey) -> Self {
        Self {
            negotiated,
            read_key,
            write_key,
            unread: 0..0,
            unsent: 0,
            empty_records: 0,
            late: Late::default(),
            update_due: false,
            broken: false,
            data_sent: false,
        }
    }

    /// What was agreed with the server, and how its chain is made.
    pub fn negotiated(&self) -> &Negotiated {
        &self.negotiated
    }

    /// Joins the session with the socket and the buffers it was opened with.
    pub fn channel<'a, 'b, S>(&'a mut self, io: &'a mut S, buffers: &'a mut Buffers<'b>) -> Channel<'a, 'b, S> {
        Channel { session: self, io, buffers }
    }

    /// Whether a byte of application data may have left since the last call: what has not left cannot have arrived.
    pub fn take_data_sent(&mut self) -> bool {
        core::mem::take(&mut self.data_sent)
    }

    /// Whether the session can go on: no error so far, nothing left over in either direction, and no more tickets and key updates
    /// than a server has reason to send.
    pub fn is_idle(&self) -> bool {
        !self.broken && self.unread.is_empty() && self.unsent == 0 && self.late.is_idle()
    }
}

impl<S: Read + Write> Channel<'_, '_, S> {
    /// Tells the server that nothing more will come (RFC 8446 section 6.1).
    ///
    /// # Errors
    /// As writing.
    pub async fn close(&mut self) -> Result<(), TlsError> {
        self.flush().await?;
        self.session.broken = true;
        record::send_short(self.io, Some(&mut self.session.write_key), ALERT, &[1, 0]).await
    }

    /// Takes one record that came before anything was asked: whether it was data. Tickets come that early, too: some servers send them together
    /// with their Finished.
    pub(crate) async fn take_unasked(&mut self) -> Result<bool, TlsError> {
        self.usable()?;
        self.session.broken = true;
        self.take_record_or_give_up().await?;
        self.session.broken = false;
        Ok(!self.session.unread.is_empty())
    }

    /// Encrypts what waits in the write buffer and sends it as one record.
    async fn send_unsent(&mut self) -> Result<(), TlsError> {
        let len = core::mem::take(&mut self.session.unsent);
        if len > 0 {
            self.session.broken = true;
            let key = &mut self.session.write_key;
            if core::mem::take(&mut self.session.update_due) {
                record::send_short(self.io, Some(key), HANDSHAKE, &KEY_UPDATE).await?;
                key.update();
            }
            self.session.data_sent = true;
            let tx = &mut *self.buffers.tx;
            let total = record::seal(tx, len, APPLICATION_DATA, key)?;
            record::write_all(self.io, &tx[..total]).await?;
            self.session.broken = false;
        }
        Ok(())
    }

    /// Copies `bytes` to place `at` of the content in the write buffer, as far as they fit: how many did.
    fn put(&mut self, at: usize, bytes: &[u8]) -> Result<usize, TlsError> {
        let tx = &mut *self.buffers.tx;
        let room = tx.len().saturating_sub(OVERHEAD).min(MAX_CONTENT);
        let len = room.saturating_sub(at).min(bytes.len());
        if len == 0 && !bytes.is_empty() {
            return Err(TlsError::BufferTooSmall { needed: OVERHEAD + 1 });
        }
        tx[HEADER + at..HEADER + at + len].copy_from_slice(&bytes[..len]);
        Ok(len)
    }

    fn usable(&self) -> Result<(), TlsError> {
        if self.session.broken { Err(TlsError::Broken) } else { Ok(()) }
    }

    /// Reads records until one has data in it. Where that fails the server is told why.
    async fn fill(&mut self) -> Result<(), TlsError> {
        self.session.broken = true;
        while self.session.unread.is_empty() {
            self.take_record_or_give_up().await?;
        }
        self.session.empty_records = 0;
        self.session.broken = false;
        Ok(())
    }

    async fn take_record_or_give_up(&mut self) -> Result<(), TlsError> {
        let result = self.take_record().await;
        if let Err(error) = result {
            record::give_up(self.io, Some(&mut self.session.write_key), error).await;
        }
        result
    }

    async fn take_record(&mut self) -> Result<(), TlsError> {
        let session = &mut *self.session;
        let written = self.buffers.reading();
        let rx = &mut *self.buffers.rx;
        let (kind, len) = record::read_protected(self.io, &mut session.read_key, rx).await?;
        // Behind the content are its type, zeros and the tag.
        self.buffers.written = written.max(len + OVERHEAD);
        match kind {
            HANDSHAKE => match session.late.take(&rx[..len])? {
                News::Nothing => {}
                News::KeyUpdate { answer } => {
                    session.read_key.update();
                    session.update_due |= answer;
                }
            },
            ALERT => return Err(record::alert(&rx[..len])),
            // Messages are not interleaved with anything (RFC 8446 section 5.1).
            APPLICATION_DATA if session.late.is_whole() => {
                session.unread = 0..len;
                session.empty_records += 1;
                if session.empty_records > MAX_EMPTY_RECORDS {
                    return Err(TlsError::Unexpected("number of records without data"));
                }
            }
            _ => return Err(TlsError::Unexpected("record")),
        }
        Ok(())
    }
}

impl<S> ErrorType for Channel<'_, '_, S> {
    type Error = TlsError;
}

impl<S: Read + Write> Read for Channel<'_, '_, S> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, TlsError> {
        self.usable()?;
        if buf.is_empty() {
            return Ok(0);
        }
        if self.session.unread.is_empty() {
            self.fill().await?;
        }
        let unread = &mut self.session.unread;
        let len = buf.len().min(unread.len());
        // Other buffers than before may be shorter.
        let bytes = self.buffers.rx.get(unread.start..unread.start + len).ok_or(TlsError::Broken)?;
        buf[..len].copy_from_slice(bytes);
        unread.start += len;
        Ok(len)
    }
}

impl<S: Read + Write> Write for Channel<'_, '_, S> {
    /// Puts bytes into the write buffer; a full buffer goes out as a record.
    async fn write(&mut self, buf: &[u8]) -> Result<usize, TlsError> {
        self.usable()?;
        if buf.is_empty() {
            return Ok(0);
        }
        let content = self.buffers.tx.len().saturating_sub(OVERHEAD);
        if self.session.unsent > 0 && self.session.unsent >= content.min(MAX_CONTENT) {
            self.send_unsent().await?;
        }
        let len = self.put(self.session.unsent, buf)?;
        self.session.unsent += len;
        Ok(len)
    }

    async fn flush(&mut self) -> Result<(), TlsError> {
        self.usable()?;
        self.send_unsent().await?;
        self.session.broken = true;
        record::flush(self.io).await?;
        self.session.broken = false;
        Ok(())
    }
}
