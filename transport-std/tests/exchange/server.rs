//! A TLS server that does to each connection what the test says, and a client for it.

use core::net::SocketAddr;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;

use pay_core::drive::transport::Error as _;
use pay_core::drive::transport::blocking::Transport;
use pay_core::model::{ApiVersion, RequestId};
use pay_core::sale::{Delivery, ErrorKind};
use pay_core::wire::{Auth, Call, Endpoint, Request, ResponseHead};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use socket2::SockRef;
use transport_std::{Config, Error, HttpsTransport, Problem, Roots};

pub(crate) const HOST: &str = "pay.test";
pub(crate) const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
/// Long enough for a loaded machine; no test waits for it.
pub(crate) const LONG_MS: u32 = 60_000;

/// A certificate authority of this run.
pub(crate) struct Ca {
    pub(crate) der: CertificateDer<'static>,
    pub(crate) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// The one that clients of this module trust.
pub(crate) static CA: LazyLock<Ca> = LazyLock::new(|| Ca::new("test root"));

impl Ca {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { der: certificate.der().clone(), pem: certificate.pem(), issuer: Issuer::new(params, key) }
    }

    /// A server's TLS settings, with a certificate for [`HOST`] and 127.0.0.1 as `change` leaves it.
    pub(crate) fn server(&self, change: impl FnOnce(&mut CertificateParams)) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let certificate = leaf(change).signed_by(&key, &self.issuer).unwrap();
        server_config(certificate.der().clone(), &key, rustls::ALL_VERSIONS)
    }
}

pub(crate) fn leaf(change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    let mut params = CertificateParams::new([HOST.to_owned(), "127.0.0.1".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "test server");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    change(&mut params);
    params
}

pub(crate) fn server_config(
    certificate: CertificateDer<'static>,
    key: &KeyPair,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::try_from(key.serialize_der()).unwrap());
    Arc::new(config.unwrap())
}

/// The server: what it saw, and where it is.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    accepts: AtomicUsize,
    requests: Mutex<Vec<String>>,
}

/// A connection that has been accepted, and nothing more.
pub(crate) struct Peer {
    /// 0 for the first.
    pub(crate) nth: usize,
    pub(crate) tcp: TcpStream,
    config: Arc<ServerConfig>,
    seen: Arc<Seen>,
}

/// A connection after the handshake.
pub(crate) struct Tls {
    pub(crate) stream: StreamOwned<ServerConnection, TcpStream>,
    seen: Arc<Seen>,
}

impl Server {
    /// With the certificate that clients of this module trust.
    pub(crate) fn start(script: impl Fn(Peer) + Send + Sync + 'static) -> Self {
        Self::start_as(CA.server(|_| ()), script)
    }

    pub(crate) fn start_as(config: Arc<ServerConfig>, script: impl Fn(Peer) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let (seen, script) = (Arc::clone(&server.seen), Arc::new(script));
        thread::spawn(move || {
            for tcp in listener.incoming() {
                let tcp = tcp.unwrap();
                // So that what was sent has left when the script goes on.
                tcp.set_nodelay(true).unwrap();
                let nth = seen.accepts.fetch_add(1, Ordering::SeqCst);
                let peer = Peer { nth, tcp, config: Arc::clone(&config), seen: Arc::clone(&seen) };
                let script = Arc::clone(&script);
                thread::spawn(move || script(peer));
            }
        });
        server
    }

    /// Shakes hands and gives the bytes to every request, as long as the client keeps sending.
    pub(crate) fn answering(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::start(move |peer| {
            let mut tls = peer.handshake();
            while tls.read_request().is_some() {
                tls.send(&bytes);
            }
        })
    }

    /// Shakes hands, reads one request, answers with the bytes, ends the connection properly.
    pub(crate) fn closing(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::start(move |peer| {
            let mut tls = peer.handshake();
            tls.read_request().unwrap();
            tls.send(&bytes);
            tls.close();
        })
    }

    pub(crate) fn accepts(&self) -> usize {
        self.seen.accepts.load(Ordering::SeqCst)
    }

    /// The requests that were read completely, as text.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().unwrap().clone()
    }

    pub(crate) fn endpoint(&self, auth: Auth) -> Endpoint {
        Endpoint::parse(&format!("https://{HOST}:{}/pg", self.address.port()), auth).unwrap()
    }

    pub(crate) fn config(&self) -> Config {
        config().with_address(self.address)
    }

    pub(crate) fn client(&self) -> HttpsTransport {
        HttpsTransport::new(self.endpoint(Auth::Session), self.config()).unwrap()
    }
}

impl Peer {
    pub(crate) fn handshake(self) -> Tls {
        self.try_handshake().unwrap()
    }

    pub(crate) fn try_handshake(self) -> Option<Tls> {
        self.handshake_after(b"")
    }

    /// Says something as soon as TLS allows.
    pub(crate) fn handshake_after(self, bytes: &[u8]) -> Option<Tls> {
        let mut stream = StreamOwned::new(ServerConnection::new(self.config).unwrap(), self.tcp);
        stream.conn.writer().write_all(bytes).ok()?;
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock).ok()?;
        }
        Some(Tls { stream, seen: self.seen })
    }

    /// Ends the connection with a TCP reset.
    pub(crate) fn reset(self) {
        reset(self.tcp);
    }
}

impl Tls {
    /// Head and body of the next request; `None` if the connection ends before.
    pub(crate) fn read_request(&mut self) -> Option<String> {
        let mut request = Vec::new();
        let (mut byte, mut head, mut length) = ([0], 0, 0);
        while head == 0 || request.len() < head + length {
            if self.stream.read(&mut byte).ok()? == 0 {
                return None;
            }
            request.push(byte[0]);
            if head == 0 && request.ends_with(b"\r\n\r\n") {
                head = request.len();
                length = String::from_utf8_lossy(&request)
                    .lines()
                    .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
                    .unwrap_or(0);
            }
        }
        let request = String::from_utf8(request).unwrap();
        self.seen.requests.lock().unwrap().push(request.clone());
        Some(request)
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        // The client may have gone: that is its right.
        let _ = self.stream.write_all(bytes).and_then(|()| self.stream.flush());
    }

    /// `close_notify`, without closing the socket.
    pub(crate) fn say_goodbye(&mut self) {
        self.stream.conn.send_close_notify();
        let _ = self.stream.conn.complete_io(&mut self.stream.sock);
    }

    /// Ends the connection properly.
    pub(crate) fn close(mut self) {
        self.say_goodbye();
        let _ = self.stream.sock.shutdown(Shutdown::Both);
    }

    pub(crate) fn reset(self) {
        reset(self.stream.sock);
    }

    /// Waits until the client ends the connection.
    pub(crate) fn wait_for_end(mut self) {
        let _ = std::io::copy(&mut self.stream.sock, &mut std::io::sink());
    }
}

fn reset(tcp: TcpStream) {
    SockRef::from(&tcp).set_linger(Some(Duration::ZERO)).unwrap();
}

pub(crate) fn config() -> Config {
    Config::new().with_roots(Roots::from_der([CA.der.as_ref()]).unwrap())
}

pub(crate) fn order_pay() -> Request<'static> {
    Request::new(Call::OrderPay, ApiVersion::default(), RequestId::from_random([7; 16]))
        .with_body(b"{\"a\":1}")
        .with_timeout_ms(LONG_MS)
}

/// One exchange with a large buffer: the head and the body.
pub(crate) fn exchange(client: &mut HttpsTransport) -> Result<(ResponseHead, String), Error> {
    exchange_within(client, LONG_MS)
}

pub(crate) fn exchange_within(client: &mut HttpsTransport, limit_ms: u32) -> Result<(ResponseHead, String), Error> {
    let mut rx = vec![0; 4096];
    let head = client.exchange(&order_pay().with_timeout_ms(limit_ms), &mut rx)?;
    let body = String::from_utf8(rx[..head.body_len].to_vec()).unwrap();
    Ok((head, body))
}

/// What became of one exchange with this server.
pub(crate) fn failure(server: &Server) -> (Problem, ErrorKind, Delivery) {
    facts(&exchange(&mut server.client()).unwrap_err())
}

pub(crate) fn facts(error: &Error) -> (Problem, ErrorKind, Delivery) {
    (error.problem(), error.kind(), error.delivery())
}
