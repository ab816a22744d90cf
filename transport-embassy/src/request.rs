//! Writes a request: HTTP/1.1, RFC 9112 section 3.

use core::fmt::{self, Write as _};
use core::iter::once;

use embedded_io_async::Write;
use heapless::String;
use pay_core::wire::{Endpoint, Method, Request};

use crate::Fault;

/// The request line, the host and the body's length. Base path (64), the longest literal parts (25), two ids (50 and 20 characters),
/// a host (128) and the words around them leave room.
type Start = String<400>;

/// Writes head and body. Nothing is flushed, so nothing need have left when this fails before its first write.
pub(crate) async fn write_request<W: Write>(
    out: &mut W,
    endpoint: &Endpoint,
    request: &Request<'_>,
) -> Result<(), Fault> {
    let start = start(endpoint, request)?;
    let headers = request.headers(endpoint.auth()).flat_map(|(name, value)| [name, ": ", value, "\r\n"]);
    let head = once(start.as_str()).chain(headers).chain(once("\r\n"));
    for mut rest in head.map(str::as_bytes).chain(once(request.body.expose())) {
        while !rest.is_empty() {
            let n = out.write(rest).await.map_err(|_| Fault::Write)?;
            rest = match rest.get(n..) {
                Some(rest) if n > 0 => rest,
                _ => return Err(Fault::Write),
            };
        }
    }
    Ok(())
}

/// The lines that are not `pay-core`'s. Refuses what would not be one request.
fn start(endpoint: &Endpoint, request: &Request<'_>) -> Result<Start, Fault> {
    // A line break in a value would begin a header or a request of its own.
    let is_line = |value: &str| value.bytes().all(|b| matches!(b, b' '..=b'~'));
    if let Some((name, _)) = request.headers(endpoint.auth()).find(|(_, value)| !is_line(value)) {
        return Err(Fault::Request(name));
    }
    let (method, has_body) = match request.call.method() {
        Method::Get => ("GET ", !request.body.expose().is_empty()),
        Method::Post => ("POST ", true),
        Method::Patch => ("PATCH ", true),
        _ => return Err(Fault::Request("method")),
    };
    let mut start = Start::new();
    let write =
        |start: &mut Start, words: fmt::Arguments<'_>| start.write_fmt(words).map_err(|_| Fault::Request("path"));
    write(&mut start, format_args!("{method}{}{}", endpoint.base_path(), request.call))?;
    if !start[method.len()..].bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Fault::Request("path"));
    }
    write(&mut start, format_args!(" HTTP/1.1\r\nHost: {}", endpoint.host()))?;
    if endpoint.port() != 443 {
        write(&mut start, format_args!(":{}", endpoint.port()))?;
    }
    if has_body {
        write(&mut start, format_args!("\r\nContent-Length: {}", request.body.expose().len()))?;
    }
    write(&mut start, format_args!("\r\n"))?;
    Ok(start)
}
