//! Reads an answer out of whatever pieces it comes in: bytes go in, nothing is awaited.

use super::super::http::ResponseHead;
use super::chunked::Chunked;
use super::error::HttpError;
use super::line;

/// Longest head that is taken, in bytes. It is read line by line, so the caller's buffer may be shorter, down to the longest line.
pub const HEAD_LIMIT: usize = 16 * 1024;
/// What the status line begins with: HTTP/1.0 and HTTP/1.1 are taken.
const START: &[u8] = b"HTTP/1.";
/// Most header fields in a head.
const MAX_FIELDS: u8 = 128;
/// Most interim answers (1xx) and empty lines before the real one.
const MAX_INTERIM: u8 = 8;

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
    framing: Framing,
    /// Bytes and fields of the head under way.
    head_len: usize,
    fields: u8,
    interim: u8,
    body_limit: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In the head: bytes of a line in the buffer, and whether the status line is known.
    Head {
        line: usize,
        begun: bool,
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
#[derive(Debug, Clone, Copy, Default)]
struct Framing {
    version: u8,
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
    /// A reader at the start of an answer.
    pub fn new() -> Self {
        Self {
            state: State::HEAD,
            head: ResponseHead::default(),
            framing: Framing::default(),
            head_len: 0,
            fields: 0,
            interim: 0,
            body_limit: usize::MAX,
        }
    }

    /// Limits the body to so many bytes. The buffer may be longer, because it also has to hold the longest line of the head.
    #[must_use]
    pub const fn with_body_limit(mut self, limit: usize) -> Self {
        self.body_limit = limit;
        self
    }

    /// Whether the head has been read whole.
    pub const fn in_body(&self) -> bool {
        !matches!(self.state, State::Head { .. })
    }

    /// Reads the next bytes of the connection. `rx` must be the same buffer at every call; it is scratch until the answer is done.
    ///
    /// If the body is longer than `rx`, reading ends as soon as that is known, with `truncated` set in the head.
    ///
    /// # Errors
    /// [`HttpError`]; do not call this again.
    pub fn feed(&mut self, rx: &mut [u8], input: &[u8]) -> Result<Progress, HttpError> {
        let mut at = 0;
        while at < input.len() && self.state != State::Done {
            at += match self.state {
                State::Head { line, begun } => self.feed_head(rx, line, begun, input[at])?,
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

    /// Whether the server keeps the connection open for another request. Valid once the answer is complete.
    pub fn keep_alive(&self) -> bool {
        self.state == State::Done && self.framing.keep_alive && !self.head.truncated
    }

    /// The answer; its body is in `rx[..body_len]`.
    pub fn into_head(self) -> ResponseHead {
        self.head
    }

    /// Takes one byte of head: 1.
    fn feed_head(&mut self, rx: &mut [u8], line: usize, begun: bool, byte: u8) -> Result<usize, HttpError> {
        if self.head_len >= HEAD_LIMIT {
            return Err(HttpError::HeadTooLarge);
        }
        self.head_len += 1;
        *rx.get_mut(line).ok_or(HttpError::HeadTooLarge)? = byte;
        let len = line + 1;
        self.state = State::Head { line: len, begun };
        if byte != b'\n' {
            // Whatever speaks another protocol may never end its line.
            let start = &rx[..len.min(START.len())];
            if !begun && start != b"\r" && !START.starts_with(start) {
                return Err(HttpError::Malformed("status line"));
            }
            return Ok(1);
        }
        match (&rx[..len], begun) {
            // An empty line before the status line is ignored (RFC 9112 section 2.2).
            (b"\n" | b"\r\n", false) => self.pass_over()?,
            (b"\n" | b"\r\n", true) => self.end_head()?,
            _ => {
                if begun {
                    self.field(&rx[..len])?
                } else {
                    self.status_line(&rx[..len])?
                }
                self.state = State::Head { line: 0, begun: true };
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
        (self.state, self.head_len, self.fields) = (State::HEAD, 0, 0);
        Ok(())
    }

    fn status_line(&mut self, line: &[u8]) -> Result<(), HttpError> {
        let (version, status) = line::status(line).ok_or(HttpError::Malformed("status line"))?;
        match status {
            101 => return Err(HttpError::Malformed("status 101 that was not asked for")),
            100..=599 => {}
            _ => return Err(HttpError::Malformed("status")),
        }
        self.head = ResponseHead::new(status);
        self.framing = Framing { version, keep_alive: version == 1, ..Framing::default() };
        Ok(())
    }

    fn field(&mut self, line: &[u8]) -> Result<(), HttpError> {
        let (name, value) = line::field(line).ok_or(HttpError::Malformed("header"))?;
        self.fields += 1;
        if self.fields > MAX_FIELDS {
            return Err(HttpError::HeadTooLarge);
        }
        // An interim answer has no body, and says nothing that matters here.
        if self.head.status < 200 {
            return Ok(());
        }
        if let Ok(value) = core::str::from_utf8(value) {
            self.head.note_header(name, value);
        }
        self.framing.note(name, value)
    }

    fn end_head(&mut self) -> Result<(), HttpError> {
        let status = self.head.status;
        if status < 200 {
            return self.pass_over();
        }
        if self.framing.chunked && self.framing.length.is_some() {
            return Err(HttpError::Malformed("Content-Length with Transfer-Encoding"));
        }
        self.state = match (status, self.framing.chunked, self.framing.length) {
            // Never a body, whatever the head says (RFC 9112 section 6.3, rule 1).
            (204 | 304, ..) | (_, false, Some(0)) => State::Done,
            (_, true, _) => State::Chunked(Chunked::START),
            (_, false, Some(left)) => State::Length { left },
            (_, false, None) => {
                self.framing.keep_alive = false;
                State::UntilClose
            }
        };
        Ok(())
    }

    /// Stores body bytes while there is room, and returns how many. A byte without room ends the answer.
    fn feed_body(&mut self, rx: &mut [u8], part: &[u8]) -> usize {
        let end = rx.len().min(self.body_limit);
        let room = rx.get_mut(self.head.body_len..end).unwrap_or_default();
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

impl State {
    const HEAD: Self = Self::Head { line: 0, begun: false };
}

impl Framing {
    /// Every way in which two readers could see two different ends is an error (RFC 9112 section 11.1).
    fn note(&mut self, name: &str, value: &[u8]) -> Result<(), HttpError> {
        const BAD_LENGTH: HttpError = HttpError::Malformed("Content-Length");
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("content-length") {
            let digits = (1..=18).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
            if !digits {
                return Err(BAD_LENGTH);
            }
            let length = value.iter().fold(0, |n, d| n * 10 + u64::from(d - b'0'));
            if self.length.is_some_and(|earlier| earlier != length) {
                return Err(BAD_LENGTH);
            }
            self.length = Some(length);
        } else if is("transfer-encoding") {
            if self.chunked || self.version == 0 || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(HttpError::Malformed("Transfer-Encoding"));
            }
            self.chunked = true;
        } else if is("connection") {
            let close = |token: &[u8]| token.trim_ascii().eq_ignore_ascii_case(b"close");
            self.keep_alive &= !value.split(|b| *b == b',').any(close);
        }
        Ok(())
    }
}
