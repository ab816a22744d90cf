//! Reads an answer out of whatever pieces it comes in: bytes go in, nothing is awaited.

use core::fmt;

use httparse::{EMPTY_HEADER, Response, Status};
use pay_core::wire::ResponseHead;

use super::chunked::Chunked;

/// Longest head that is taken, in bytes; a shorter `rx` narrows it, because the head is gathered there.
pub const HEAD_LIMIT: usize = 8192;
/// Most header fields in a head.
const MAX_HEADERS: usize = 48;
/// Most interim answers (1xx) and empty lines before the real one.
const MAX_INTERIM: u8 = 8;

/// Why an answer cannot be read. Nothing of it may be believed then, and the connection is of no more use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpError {
    /// The named part breaks RFC 9112 or is used against it.
    Malformed(&'static str),
    /// The head is longer than [`HEAD_LIMIT`] or than the caller's buffer.
    HeadTooLarge,
    /// The connection ended before the answer did.
    Incomplete,
}

/// What came of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// All were taken, and more are needed.
    More,
    /// The answer is complete; so many of the bytes given belonged to it.
    Done(usize),
}

/// One answer to a request that was not HEAD or CONNECT.
///
/// The same bytes in other pieces give the same result.
#[derive(Debug)]
pub struct ResponseReader {
    state: State,
    head: ResponseHead,
    keep_alive: bool,
    interim: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Bytes of head in the buffer, and of its last line.
    Head {
        len: usize,
        line: usize,
    },
    Length {
        left: u64,
    },
    Chunked(Chunked),
    /// Neither length nor chunks: the body ends with the connection (RFC 9112 section 6.3, rule 8).
    UntilClose,
    Done,
}

/// What the head says about the body.
struct Framing {
    length: Option<u64>,
    chunked: bool,
    keep_alive: bool,
}

impl Default for ResponseReader {
    fn default() -> Self {
        Self::new()
    }
}

impl ResponseReader {
    /// A reader that has seen nothing.
    pub fn new() -> Self {
        Self { state: State::Head { len: 0, line: 0 }, head: ResponseHead::default(), keep_alive: false, interim: 0 }
    }

    /// Takes bytes as they came. `rx` must be the same buffer at every call; it is scratch until the answer is done.
    ///
    /// A body longer than `rx` is done as soon as that is known, with `truncated` set in the head.
    ///
    /// # Errors
    /// [`HttpError`]; no further call is of use.
    pub fn feed(&mut self, rx: &mut [u8], input: &[u8]) -> Result<Progress, HttpError> {
        let mut at = 0;
        while at < input.len() && self.state != State::Done {
            at += match self.state {
                State::Head { len, line } => self.feed_head(rx, len, line, input[at])?,
                State::Length { left } => {
                    let part = &input[at..];
                    let part = &part[..part.len().min(usize::try_from(left).unwrap_or(usize::MAX))];
                    let taken = self.feed_body(rx, part);
                    if self.state != State::Done {
                        let left = left - taken as u64;
                        self.state = if left == 0 { State::Done } else { State::Length { left } };
                    }
                    taken
                }
                State::Chunked(Chunked::Data { left }) => {
                    let part = &input[at..];
                    let part = &part[..part.len().min(left as usize)];
                    let taken = self.feed_body(rx, part);
                    if self.state != State::Done {
                        let left = left - taken as u32;
                        let next = if left == 0 { Chunked::DataCr } else { Chunked::Data { left } };
                        self.state = State::Chunked(next);
                    }
                    taken
                }
                State::Chunked(chunked) => {
                    self.state = match chunked.step(input[at])? {
                        Chunked::Done => State::Done,
                        chunked => State::Chunked(chunked),
                    };
                    1
                }
                State::UntilClose => self.feed_body(rx, &input[at..]),
                State::Done => 0,
            };
        }
        Ok(if self.state == State::Done { Progress::Done(at) } else { Progress::More })
    }

    /// The peer has ended the connection in order, so that nothing can have been cut off.
    ///
    /// # Errors
    /// [`HttpError::Incomplete`] unless this is how the answer ends.
    pub fn end(&mut self) -> Result<(), HttpError> {
        match self.state {
            State::UntilClose | State::Done => {
                self.state = State::Done;
                Ok(())
            }
            _ => Err(HttpError::Incomplete),
        }
    }

    /// Whether the server keeps the connection open for another request. To be asked when the answer is done.
    pub fn keep_alive(&self) -> bool {
        self.state == State::Done && self.keep_alive && !self.head.truncated
    }

    /// The answer; its body is in `rx[..body_len]`.
    pub fn into_head(self) -> ResponseHead {
        self.head
    }

    /// Takes one byte of head: 1.
    fn feed_head(&mut self, rx: &mut [u8], len: usize, line: usize, byte: u8) -> Result<usize, HttpError> {
        if len >= HEAD_LIMIT {
            return Err(HttpError::HeadTooLarge);
        }
        *rx.get_mut(len).ok_or(HttpError::HeadTooLarge)? = byte;
        let len = len + 1;
        // The empty line ends the head; before the status line it is passed over (RFC 9112 section 2.2).
        let empty_line = line == 0 || (line == 1 && rx.get(len - 2) == Some(&b'\r'));
        self.state = State::Head { len, line: if byte == b'\n' { 0 } else { line + 1 } };
        if byte == b'\n' && empty_line {
            if len <= 2 {
                self.pass_over()?;
            } else {
                self.parse_head(&rx[..len])?;
            }
        }
        Ok(1)
    }

    /// Begins anew after an interim answer or an empty line.
    fn pass_over(&mut self) -> Result<(), HttpError> {
        self.interim += 1;
        if self.interim > MAX_INTERIM {
            return Err(HttpError::Malformed("number of interim answers"));
        }
        self.state = State::Head { len: 0, line: 0 };
        Ok(())
    }

    fn parse_head(&mut self, bytes: &[u8]) -> Result<(), HttpError> {
        let mut headers = [EMPTY_HEADER; MAX_HEADERS];
        let mut response = Response::new(&mut headers);
        match response.parse(bytes) {
            Ok(Status::Complete(_)) => {}
            Err(httparse::Error::TooManyHeaders) => return Err(HttpError::HeadTooLarge),
            // Its empty line is there, so nothing can be missing.
            Ok(Status::Partial) | Err(_) => return Err(HttpError::Malformed("head")),
        }
        let (Some(status), Some(version)) = (response.code, response.version) else {
            return Err(HttpError::Malformed("status line"));
        };
        match status {
            101 => return Err(HttpError::Malformed("status 101 that was not asked for")),
            100..=199 => return self.pass_over(),
            200..=599 => {}
            _ => return Err(HttpError::Malformed("status")),
        }
        self.head = ResponseHead::new(status);
        for header in response.headers.iter() {
            if let Ok(value) = core::str::from_utf8(header.value) {
                self.head.note_header(header.name, value);
            }
        }
        let framing = Framing::read(response.headers, version)?;
        self.keep_alive = framing.keep_alive;
        self.state = match (status, framing.chunked, framing.length) {
            // Never a body, whatever the head says (RFC 9112 section 6.3, rule 1).
            (204 | 304, ..) | (_, false, Some(0)) => State::Done,
            (_, true, _) => State::Chunked(Chunked::START),
            (_, false, Some(left)) => State::Length { left },
            (_, false, None) => {
                self.keep_alive = false;
                State::UntilClose
            }
        };
        Ok(())
    }

    /// Takes body as far as there is room: how much. What finds no room ends the answer.
    fn feed_body(&mut self, rx: &mut [u8], part: &[u8]) -> usize {
        let room = rx.get_mut(self.head.body_len..).unwrap_or_default();
        let len = part.len().min(room.len());
        room[..len].copy_from_slice(&part[..len]);
        self.head.body_len += len;
        if len < part.len() {
            self.head.truncated = true;
            self.state = State::Done;
        }
        len
    }
}

impl Framing {
    /// Every way in which two readers could see two different ends is an error (RFC 9112 section 11.1).
    fn read(headers: &[httparse::Header<'_>], version: u8) -> Result<Self, HttpError> {
        const BAD_LENGTH: HttpError = HttpError::Malformed("Content-Length");
        let mut framing = Self { length: None, chunked: false, keep_alive: version == 1 };
        for header in headers {
            let value = header.value.trim_ascii();
            let is = |name: &str| header.name.eq_ignore_ascii_case(name);
            if is("content-length") {
                let digits = (1..=18).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
                if !digits {
                    return Err(BAD_LENGTH);
                }
                let length = value.iter().fold(0, |n, d| n * 10 + u64::from(d - b'0'));
                if framing.length.is_some_and(|earlier| earlier != length) {
                    return Err(BAD_LENGTH);
                }
                framing.length = Some(length);
            } else if is("transfer-encoding") {
                if framing.chunked || version == 0 || !value.eq_ignore_ascii_case(b"chunked") {
                    return Err(HttpError::Malformed("Transfer-Encoding"));
                }
                framing.chunked = true;
            } else if is("connection") {
                let close = |token: &[u8]| token.trim_ascii().eq_ignore_ascii_case(b"close");
                framing.keep_alive &= !value.split(|b| *b == b',').any(close);
            }
        }
        if framing.chunked && framing.length.is_some() {
            return Err(HttpError::Malformed("Content-Length with Transfer-Encoding"));
        }
        Ok(framing)
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(what) => write!(f, "malformed {what}"),
            Self::HeadTooLarge => f.write_str("head of the answer too large"),
            Self::Incomplete => f.write_str("connection ended within the answer"),
        }
    }
}

impl core::error::Error for HttpError {}
