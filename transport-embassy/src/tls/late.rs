//! Handshake messages that come after the handshake (RFC 8446 section 4.6): tickets, which are not used, since no key outlives a
//! connection, and key updates.

use super::TlsError;
use super::flight::MESSAGE_HEADER;

const NEW_SESSION_TICKET: u8 = 4;
pub(super) const KEY_UPDATE: u8 = 24;

/// Bytes of the shortest and of the longest NewSessionTicket.
const TICKET: core::ops::RangeInclusive<u32> = 14..=4 + 4 + 1 + 255 + 2 + 65_535 + 2 + 65_534;

/// Messages after which a connection is not used for another request. None is sent in such numbers for a good reason.
const MAX_MESSAGES: u16 = 256;

/// A message as far as it has come, and how many there were.
#[derive(Default)]
pub(super) struct Late {
    header: [u8; MESSAGE_HEADER],
    header_len: usize,
    /// Bytes of the body to come, once the header is there.
    left: u32,
    messages: u16,
}

/// What a record of such messages says.
pub(super) enum News {
    Nothing,
    /// The server's next record has its next key; `answer` if it wants the same of the client.
    KeyUpdate {
        answer: bool,
    },
}

impl Late {
    /// Whether no message is under way.
    pub(super) fn is_whole(&self) -> bool {
        self.header_len == 0
    }

    /// Whether the connection may be used again.
    pub(super) fn is_idle(&self) -> bool {
        self.is_whole() && self.messages <= MAX_MESSAGES
    }

    /// Takes the content of a handshake record. Messages may be spread over records, and several may be in one.
    pub(super) fn take(&mut self, mut content: &[u8]) -> Result<News, TlsError> {
        if content.is_empty() {
            return Err(TlsError::Unexpected("handshake record without content"));
        }
        while let [first, rest @ ..] = content {
            if self.header_len < MESSAGE_HEADER {
                self.header[self.header_len] = *first;
                self.header_len += 1;
                content = rest;
                if self.header_len == MESSAGE_HEADER {
                    self.left = self.body_len()?;
                }
                continue;
            }
            if self.header[0] == KEY_UPDATE {
                // The key changes here, so nothing may follow in the same record (RFC 8446 section 5.1).
                if !rest.is_empty() {
                    return Err(TlsError::Unexpected("message after KeyUpdate"));
                }
                self.end();
                return match first {
                    0 | 1 => Ok(News::KeyUpdate { answer: *first == 1 }),
                    _ => Err(TlsError::Malformed("KeyUpdate")),
                };
            }
            let skipped = content.len().min(self.left as usize);
            content = &content[skipped..];
            self.left -= skipped as u32;
            if self.left == 0 {
                self.end();
            }
        }
        Ok(News::Nothing)
    }

    /// The length of the body, by the header.
    fn body_len(&self) -> Result<u32, TlsError> {
        let [kind, a, b, c] = self.header;
        let len = u32::from_be_bytes([0, a, b, c]);
        match kind {
            NEW_SESSION_TICKET if TICKET.contains(&len) => Ok(len),
            NEW_SESSION_TICKET => Err(TlsError::Malformed("NewSessionTicket")),
            KEY_UPDATE if len == 1 => Ok(len),
            KEY_UPDATE => Err(TlsError::Malformed("KeyUpdate")),
            _ => Err(TlsError::Unexpected("handshake message after the handshake")),
        }
    }

    fn end(&mut self) {
        self.header_len = 0;
        self.messages = self.messages.saturating_add(1);
    }
}
