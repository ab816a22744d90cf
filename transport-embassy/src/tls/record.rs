//! Records: what may cross the socket, and in which form (RFC 8446 section 5).
//!
//! Everything a socket or a peer can do wrong ends here in an error: an `Ok(0)`, a length that is too short or too long,
//! an unprotected record where only protected ones may come, padding without a content type.

use embedded_io::ErrorKind;
use embedded_io_async::{Read, Write};

use super::TlsError;
use super::key_schedule::RecordKey;
use super::suite::TAG;

pub(super) const CHANGE_CIPHER_SPEC: u8 = 20;
pub(super) const ALERT: u8 = 21;
pub(super) const HANDSHAKE: u8 = 22;
pub(super) const APPLICATION_DATA: u8 = 23;

/// Length of a record header.
pub(super) const HEADER: usize = 5;
/// Most bytes of content in one record (RFC 8446 section 5.1).
pub(super) const MAX_CONTENT: usize = 1 << 14;
/// Bytes that a protected record needs beside its content: header, content type and tag.
pub(super) const OVERHEAD: usize = HEADER + 1 + TAG;
/// Most bytes after the header of a protected record (RFC 8446 section 5.2).
pub(super) const MAX_PROTECTED: usize = MAX_CONTENT + 256;

/// Reads one unprotected record into the front of `buf`: its type and length.
pub(super) async fn read_plain<S: Read>(io: &mut S, buf: &mut [u8]) -> Result<(u8, usize), TlsError> {
    let (header, len) = read_header(io, MAX_CONTENT).await?;
    if header[0] == APPLICATION_DATA {
        return Err(TlsError::Unexpected("protected record"));
    }
    let body = room(buf, len)?;
    read_exact(io, body).await?;
    Ok((header[0], len))
}

/// Reads one protected record into the front of `buf` and decrypts it there: its inner type and content length.
///
/// A change_cipher_spec, which is never protected, is given back as such; the caller decides whether it may come.
pub(super) async fn read_protected<S: Read>(
    io: &mut S,
    key: &mut RecordKey,
    buf: &mut [u8],
) -> Result<(u8, usize), TlsError> {
    let (header, len) = read_header(io, MAX_PROTECTED).await?;
    match header[0] {
        APPLICATION_DATA => {}
        CHANGE_CIPHER_SPEC if len == 1 => {
            let body = room(buf, 1)?;
            read_exact(io, body).await?;
            return Ok((CHANGE_CIPHER_SPEC, 1));
        }
        _ => return Err(TlsError::Unexpected("unprotected record")),
    }
    let body = room(buf, len)?;
    read_exact(io, body).await?;
    let (content, tag) = body.split_last_chunk_mut::<TAG>().ok_or(TlsError::Malformed("protected record"))?;
    key.open(&header, content, tag)?;
    // Content, its type, zeros (RFC 8446 section 5.4).
    // All three together are limited, not only the content.
    if content.len() > MAX_CONTENT + 1 {
        return Err(TlsError::Malformed("record length"));
    }
    let type_at = content.iter().rposition(|b| *b != 0).ok_or(TlsError::Malformed("record padding"))?;
    match content[type_at] {
        // A change_cipher_spec is never protected (RFC 8446 section 5): it must not be taken for one that is not.
        kind @ ALERT..=APPLICATION_DATA => Ok((kind, type_at)),
        _ => Err(TlsError::Unexpected("content type")),
    }
}

/// Protects the `len` bytes of content at `tx[HEADER..]` in place: the length of the whole record.
pub(super) fn seal(tx: &mut [u8], len: usize, content_type: u8, key: &mut RecordKey) -> Result<usize, TlsError> {
    let total = len + OVERHEAD;
    let record = room(tx, total)?;
    let header = header(APPLICATION_DATA, 0x03, total - HEADER);
    record[..HEADER].copy_from_slice(&header);
    record[HEADER + len] = content_type;
    let tag = key.seal(&header, &mut record[HEADER..=HEADER + len])?;
    record[HEADER + len + 1..].copy_from_slice(&tag);
    Ok(total)
}

/// Most bytes of what [`send_short`] sends.
const SHORT: usize = 5;

/// Sends an alert or another short message, protected if there is a key yet, from memory of its own: the caller's buffer may be full.
pub(super) async fn send_short<S: Write>(
    io: &mut S,
    key: Option<&mut RecordKey>,
    content_type: u8,
    content: &[u8],
) -> Result<(), TlsError> {
    let mut record = [0; OVERHEAD + SHORT];
    room(&mut record[HEADER..], content.len())?.copy_from_slice(content);
    let total = match key {
        Some(key) => seal(&mut record, content.len(), content_type, key)?,
        None => {
            record[..HEADER].copy_from_slice(&header(content_type, 0x03, content.len()));
            HEADER + content.len()
        }
    };
    write_all(io, &record[..total]).await?;
    flush(io).await
}

/// Tells the peer why the connection ends, if `error` is nothing that it said itself; whether that arrives makes no difference.
pub(super) async fn give_up<S: Write>(io: &mut S, key: Option<&mut RecordKey>, error: TlsError) {
    if let Some(alert) = error.alert() {
        let _ = send_short(io, key, ALERT, &alert).await;
    }
}

/// The header of a record. `minor` is 0x01 in a ClientHello and 0x03 in everything else.
pub(super) fn header(record_type: u8, minor: u8, len: usize) -> [u8; HEADER] {
    // `len` is at most MAX_PROTECTED, which fits.
    let [high, low] = (len as u16).to_be_bytes();
    [record_type, 0x03, minor, high, low]
}

/// Writes all of `bytes`. A socket that takes nothing is an error, not a loop or a panic.
pub(super) async fn write_all<S: Write>(io: &mut S, mut bytes: &[u8]) -> Result<(), TlsError> {
    while !bytes.is_empty() {
        let n = io.write(bytes).await.map_err(io_error)?;
        bytes = match bytes.get(n..) {
            Some(rest) if n > 0 => rest,
            _ => return Err(TlsError::Io(ErrorKind::WriteZero)),
        };
    }
    Ok(())
}

/// Pushes out what the socket holds back.
pub(super) async fn flush<S: Write>(io: &mut S) -> Result<(), TlsError> {
    io.flush().await.map_err(io_error)
}

/// What an alert record means: always the end of the connection.
pub(super) fn alert(content: &[u8]) -> TlsError {
    match *content {
        [_, 0] => TlsError::CloseNotify,
        [_, code] => TlsError::Alert(code),
        _ => TlsError::Malformed("alert"),
    }
}

async fn read_header<S: Read>(io: &mut S, limit: usize) -> Result<([u8; HEADER], usize), TlsError> {
    let mut header = [0; HEADER];
    read_exact(io, &mut header).await?;
    let len = usize::from(u16::from_be_bytes([header[3], header[4]]));
    if !(CHANGE_CIPHER_SPEC..=APPLICATION_DATA).contains(&header[0]) || header[1] != 0x03 {
        return Err(TlsError::Malformed("record header"));
    }
    if len == 0 || len > limit {
        return Err(TlsError::Malformed("record length"));
    }
    Ok((header, len))
}

async fn read_exact<S: Read>(io: &mut S, mut buf: &mut [u8]) -> Result<(), TlsError> {
    while !buf.is_empty() {
        let n = io.read(buf).await.map_err(io_error)?;
        buf = match buf.get_mut(n..) {
            Some(rest) if n > 0 => rest,
            _ => return Err(TlsError::Closed),
        };
    }
    Ok(())
}

fn room(buf: &mut [u8], len: usize) -> Result<&mut [u8], TlsError> {
    buf.get_mut(..len).ok_or(TlsError::BufferTooSmall { needed: len })
}

fn io_error<E: embedded_io::Error>(e: E) -> TlsError {
    TlsError::Io(e.kind())
}
