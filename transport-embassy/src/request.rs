//! Writes a request, through reqwless.

use core::fmt::Write as _;

use embedded_io_async::Write;
use heapless::String;
use pay_core::wire::{Endpoint, Method, Request};
use reqwless::request::{Method as HttpMethod, Request as HttpRequest, RequestBody, RequestBuilder};

use crate::Fault;

/// Base path (64), the longest literal parts (25) and two ids (50 and 20 characters) leave room.
type Path = String<192>;
/// A host (128), a colon and a port.
type Host = String<136>;
/// pay-core names twelve headers at most.
const MAX_HEADERS: usize = 16;

/// Writes head and body. Nothing is flushed, so nothing need have left when this fails before its first write.
pub(crate) async fn write_request<W: Write>(
    out: &mut W,
    endpoint: &Endpoint,
    request: &Request<'_>,
) -> Result<(), Fault> {
    const TOO_LONG: Fault = Fault::Request("path");
    let mut path = Path::new();
    write!(path, "{}{}", endpoint.base_path(), request.call).map_err(|_| TOO_LONG)?;
    let mut host = Host::new();
    match endpoint.port() {
        443 => host.push_str(endpoint.host()).map_err(|_| TOO_LONG)?,
        port => write!(host, "{}:{port}", endpoint.host()).map_err(|_| TOO_LONG)?,
    }

    let mut headers = [("", ""); MAX_HEADERS];
    let mut count = 0;
    for (name, value) in request.headers(endpoint.auth()) {
        // reqwless writes what it is given; a line break in a value would begin a header or a request of its own.
        if !value.bytes().all(|b| matches!(b, b' '..=b'~')) {
            return Err(Fault::Request(name));
        }
        *headers.get_mut(count).ok_or(Fault::Request("number of headers"))? = (name, value);
        count += 1;
    }
    if !path.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Fault::Request("path"));
    }

    let method = match request.call.method() {
        Method::Get => HttpMethod::GET,
        Method::Post => HttpMethod::POST,
        Method::Patch => HttpMethod::PATCH,
        _ => return Err(Fault::Request("method")),
    };
    let body = request.body.expose();
    let builder = HttpRequest::new(method, &path).host(&host).headers(&headers[..count]);
    if method == HttpMethod::GET && body.is_empty() {
        write(out, &builder.build()).await?;
    } else {
        write(out, &builder.body(body).build()).await?;
        let mut rest = body;
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

async fn write<W: Write, B: RequestBody>(out: &mut W, request: &HttpRequest<'_, B>) -> Result<(), Fault> {
    request.write_header(out).await.map_err(|_| Fault::Write)
}
