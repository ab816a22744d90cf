//! Writes a request, through reqwless.

use core::convert::Infallible;
use core::fmt::Write as _;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use embedded_io_async::{ErrorType, Write};
use heapless::Vec;
use pay_core::model::Text;
use pay_core::wire::{Endpoint, Method, Request};
use reqwless::request::{Method as HttpMethod, Request as HttpRequest, RequestBuilder};

use crate::Fault;

/// Base path (64), the longest literal parts (25) and two ids (50 and 20 characters) leave room.
type Path = Text<192>;
/// A host (128), a colon and a port.
type Host = Text<136>;
/// pay-core names twelve headers at most; the body's length is one more.
const MAX_HEADERS: usize = 16;
/// Bytes of the head that are written at a time.
const PIECE: usize = 256;

/// Writes head and body. Nothing is flushed, so nothing need have left when this fails before its first write.
pub(crate) async fn write_request<W: Write>(
    out: &mut W,
    endpoint: &Endpoint,
    request: &Request<'_>,
) -> Result<(), Fault> {
    let mut piece = Piece { from: 0, bytes: Vec::new() };
    let mut head = true;
    while head {
        fill(&mut piece, endpoint, request)?;
        write(out, &piece.bytes).await?;
        head = piece.bytes.is_full();
        piece = Piece { from: piece.from + PIECE, bytes: Vec::new() };
    }
    write(out, request.body.expose()).await
}

async fn write<W: Write>(out: &mut W, mut rest: &[u8]) -> Result<(), Fault> {
    while !rest.is_empty() {
        let n = out.write(rest).await.map_err(|_| Fault::Write)?;
        rest = match rest.get(n..) {
            Some(rest) if n > 0 => rest,
            _ => return Err(Fault::Write),
        };
    }
    Ok(())
}

/// Lets reqwless write the whole head, of which the piece takes its part. Nothing is awaited in there, so no state of reqwless, and
/// no header, lives in the program's own future. Refuses what would not be one request.
fn fill(piece: &mut Piece, endpoint: &Endpoint, request: &Request<'_>) -> Result<(), Fault> {
    const TOO_LONG: Fault = Fault::Request("path");
    let mut path = Path::new();
    write!(path, "{}{}", endpoint.base_path(), request.call).map_err(|_| TOO_LONG)?;
    if !path.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(TOO_LONG);
    }
    let mut host = Host::new();
    match endpoint.port() {
        443 => host.write_str(endpoint.host()),
        port => write!(host, "{}:{port}", endpoint.host()),
    }
    .map_err(|_| TOO_LONG)?;
    let mut length = Text::<10>::new();
    let mut headers = Vec::<_, MAX_HEADERS>::new();
    for (name, value) in request.headers(endpoint.auth()) {
        // reqwless writes what it is given; a line break in a value would begin a header or a request of its own.
        if !value.bytes().all(|b| matches!(b, b' '..=b'~')) {
            return Err(Fault::Request(name));
        }
        headers.push((name, value)).map_err(|_| Fault::Request("number of headers"))?;
    }
    let method = match request.call.method() {
        Method::Get => HttpMethod::GET,
        Method::Post => HttpMethod::POST,
        Method::Patch => HttpMethod::PATCH,
        _ => return Err(Fault::Request("method")),
    };
    let body = request.body.expose();
    if method != HttpMethod::GET || !body.is_empty() {
        // Told as a header, for reqwless has one copy of its writer for each kind of body.
        write!(length, "{}", body.len()).map_err(|_| Fault::Request("body"))?;
        headers.push(("Content-Length", &length)).map_err(|_| Fault::Request("number of headers"))?;
    }
    let request = HttpRequest::new(method, &path).host(&host).headers(&headers).build();
    let mut written = Skipping { skip: piece.from, bytes: &mut piece.bytes };
    let writing = pin!(request.write_header(&mut written));
    match writing.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(())) => Ok(()),
        // Memory never waits.
        Poll::Ready(Err(_)) | Poll::Pending => Err(Fault::Write),
    }
}

/// So many bytes of the head, from this one on.
struct Piece {
    from: usize,
    bytes: Vec<u8, PIECE>,
}

/// Takes everything; keeps what comes after the first bytes, as far as there is room.
struct Skipping<'p> {
    skip: usize,
    bytes: &'p mut Vec<u8, PIECE>,
}

impl ErrorType for Skipping<'_> {
    type Error = Infallible;
}

impl Write for Skipping<'_> {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Infallible> {
        self.take(buf);
        Ok(buf.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    async fn write_all(&mut self, buf: &[u8]) -> Result<(), Infallible> {
        self.take(buf);
        Ok(())
    }
}

impl Skipping<'_> {
    fn take(&mut self, buf: &[u8]) {
        let kept = buf.get(self.skip..).unwrap_or_default();
        self.skip = self.skip.saturating_sub(buf.len());
        let room = PIECE - self.bytes.len();
        let _ = self.bytes.extend_from_slice(kept.get(..room).unwrap_or(kept));
    }
}
