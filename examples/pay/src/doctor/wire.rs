//! One exchange over TLS with everything that a transport leaves out: headers, framing, sizes.

use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use anyhow::anyhow;
use pay_core::wire::http1::{Progress, ResponseReader};
use pay_core::wire::{Auth, Endpoint, Request};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use zeroize::Zeroizing;

use super::super::exit::one_line;
use super::notes::{Answer, Framing};

/// How long one address may take.
pub(super) const CONNECT: Duration = Duration::from_secs(5);
/// How long the server may be silent.
pub(super) const SILENCE: Duration = Duration::from_secs(20);
/// Longest body that is read.
const BODY_MAX: usize = 1024 * 1024;
/// Most header fields; the reader has refused more.
const FIELDS: usize = 128;

/// Where to, and whom to trust.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) base: String,
    pub(super) name: ServerName<'static>,
    pub(super) roots: Arc<RootCertStore>,
}

/// A connection that is open.
pub(super) struct Line(StreamOwned<ClientConnection, TcpStream>);

impl Server {
    pub(super) fn new(endpoint: &Endpoint, roots: Arc<RootCertStore>) -> anyhow::Result<Self> {
        let host = endpoint.host().to_owned();
        let name = ServerName::try_from(host.clone()).map_err(|_| anyhow!("the gateway's host is no name"))?;
        Ok(Self { host, port: endpoint.port(), base: endpoint.base_path().to_owned(), name, roots })
    }

    pub(super) fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        Ok((self.host.as_str(), self.port).to_socket_addrs()?.collect())
    }

    /// To the first address that answers.
    pub(super) fn dial(&self) -> Result<TcpStream, String> {
        let mut why = "the host has no address".to_owned();
        for address in self.addresses().map_err(|error| words(&error))? {
            match TcpStream::connect_timeout(&address, CONNECT) {
                Ok(stream) => {
                    let set = stream.set_read_timeout(Some(SILENCE)).and(stream.set_write_timeout(Some(SILENCE)));
                    set.and(stream.set_nodelay(true)).map_err(|error| words(&error))?;
                    return Ok(stream);
                }
                Err(error) => why = words(&error),
            }
        }
        Err(why)
    }

    /// With a handshake that is over.
    pub(super) fn open(&self) -> Result<Line, String> {
        let config = self.config(&rustls::crypto::ring::default_provider()).ok_or("no TLS")?;
        let connection =
            ClientConnection::new(Arc::new(config), self.name.clone()).map_err(|error| error.to_string())?;
        let mut line = Line(StreamOwned::new(connection, self.dial()?));
        while line.0.conn.is_handshaking() {
            line.0.conn.complete_io(&mut line.0.sock).map_err(|error| words(&error))?;
        }
        Ok(line)
    }

    /// With whatever this provider has. Sessions are not resumed: each handshake is to show everything.
    pub(super) fn config(&self, provider: &rustls::crypto::CryptoProvider) -> Option<ClientConfig> {
        let builder = ClientConfig::builder_with_provider(Arc::new(provider.clone()));
        let builder = builder.with_protocol_versions(rustls::ALL_VERSIONS).ok()?;
        let mut config = builder.with_root_certificates(Arc::clone(&self.roots)).with_no_client_auth();
        config.resumption = rustls::client::Resumption::disabled();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Some(config)
    }

    /// A request as bytes; it may hold keys.
    pub(super) fn encode(&self, request: &Request<'_>, auth: &Auth) -> Zeroizing<Vec<u8>> {
        let path = format!("{}{}", self.base, request.call);
        self.encode_raw(request.call.method().as_str(), &path, request.headers(auth), request.body.expose())
    }

    pub(super) fn encode_raw<'h>(
        &self,
        method: &str,
        path: &str,
        headers: impl Iterator<Item = (&'static str, &'h str)>,
        body: &[u8],
    ) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(8 * 1024));
        let host = if self.port == 443 { self.host.clone() } else { format!("{}:{}", self.host, self.port) };
        bytes.extend(format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nuser-agent: pay-doctor\r\n").bytes());
        for part in headers.flat_map(|(name, value)| [name, ": ", value, "\r\n"]) {
            bytes.extend(part.bytes());
        }
        if method != "GET" {
            bytes.extend(format!("content-length: {}\r\n", body.len()).bytes());
        }
        bytes.extend(b"\r\n");
        bytes.extend(body);
        bytes
    }
}

impl Line {
    /// Sends this and reads one answer.
    pub(super) fn exchange(&mut self, request: &[u8]) -> Result<Answer, String> {
        let (clock, start) = (SystemTime::now(), Instant::now());
        self.0.write_all(request).and_then(|()| self.0.flush()).map_err(|error| words(&error))?;
        let mut reader = ResponseReader::new();
        let mut rx = Zeroizing::new(vec![0; BODY_MAX]);
        let (mut raw, mut buf) = (Zeroizing::new(Vec::new()), Zeroizing::new(vec![0; 16 * 1024]));
        loop {
            let read = self.0.read(&mut buf).map_err(|error| words(&error))?;
            let part = buf.get(..read).unwrap_or_default();
            if !reader.in_body() {
                raw.extend_from_slice(part);
            }
            let done = match part {
                [] => reader.end().map(|()| true),
                part => reader.feed(&mut rx, part).map(|progress| matches!(progress, Progress::Done(_))),
            };
            if done.map_err(|error| format!("the answer is no HTTP: {error}"))? {
                break;
            }
        }
        let took = start.elapsed();
        let head = reader.into_head();
        rx.truncate(head.body_len);
        let (head_len, headers) = headers(&raw).ok_or("the answer's head cannot be read")?;
        let named = |name: &str| headers.iter().any(|(other, _): &(String, String)| other == name);
        let framing = match (named("transfer-encoding"), named("content-length")) {
            (true, _) => Framing::Chunked,
            (false, true) => Framing::Length,
            (false, false) => Framing::UntilClose,
        };
        let middle = clock.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default() + took / 2;
        Ok(Answer {
            status: head.status,
            date: head.date,
            body: rx,
            headers,
            framing,
            head_len,
            middle_ms: i64::try_from(middle.as_millis()).unwrap_or(i64::MAX),
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        })
    }
}

/// Length and fields of the first head that is final; names in lower case.
fn headers(raw: &[u8]) -> Option<(usize, Vec<(String, String)>)> {
    let mut rest = raw;
    loop {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS];
        let mut response = httparse::Response::new(&mut fields);
        let httparse::Status::Complete(len) = response.parse(rest).ok()? else { return None };
        if (100..200).contains(&response.code?) {
            rest = rest.get(len..)?;
            continue;
        }
        let text = |value: &[u8]| one_line(&String::from_utf8_lossy(value));
        let fields = response.headers.iter().map(|field| (field.name.to_ascii_lowercase(), text(field.value)));
        return Some((len, fields.collect()));
    }
}

/// Mozilla's list, or these alone.
pub(super) fn roots(own: Option<&[CertificateDer<'static>]>) -> anyhow::Result<Arc<RootCertStore>> {
    let mut store = RootCertStore::empty();
    match own {
        None => store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(own) => {
            for certificate in own {
                store.add(certificate.clone()).map_err(|_| anyhow!("--ca: a certificate cannot be read"))?;
            }
        }
    }
    Ok(Arc::new(store))
}

/// What went wrong, as a clause.
pub(super) fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "no answer in time".to_owned(),
        _ => one_line(&error.to_string()),
    }
}
