//! A network with one host in it, whose faults a test sets.

use core::cell::RefCell;
use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::rc::Rc;
use std::sync::Arc;

use embassy_futures::block_on;
use embedded_io::ErrorKind;
use embedded_io_async::{ErrorType, Read, Write};
use pay_core::drive::transport::Transport as _;
use pay_core::model::{ApiVersion, RequestId};
use pay_core::wire::{Auth, Call, Endpoint, Request, ResponseHead};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection};
use transport_embassy::tls::{Buffers, Clock, Trust, TrustAnchor};
use transport_embassy::{Connect, ConnectError, Error, Link, Transport};

use super::pki::{HOST, Kind, NOW_S, Node};
use super::rng::Rng;

/// What may go wrong, and what was seen.
#[derive(Default)]
pub(crate) struct World {
    /// Every connection made: the addresses asked for.
    pub(crate) connections: Vec<String>,
    pub(crate) aborts: usize,
    /// Connections that the client ended with close_notify.
    pub(crate) farewells: usize,
    /// Every request that reached the server whole.
    pub(crate) requests: Vec<String>,
    /// Answers in order; where there is none, the server keeps silent.
    pub(crate) answers: VecDeque<Vec<u8>>,
    pub(crate) fail_connect: Option<ConnectError>,
    /// The server closes its side after this many answers on a connection.
    pub(crate) close_after: Option<usize>,
    /// Socket writes fail from this many bytes on.
    pub(crate) write_limit: Option<usize>,
    /// Bytes the client wrote on the current connection.
    pub(crate) written: usize,
    /// Most bytes per read; a read in between is put off once, so that every future of the client is dropped somewhere.
    pub(crate) chunk: Option<usize>,
    /// After a close, or on silence: wait for ever instead of an end of file.
    pub(crate) hang: bool,
    /// Connecting never ends.
    pub(crate) unreachable: bool,
    /// What the client writes is taken and never answered, not even by a handshake.
    pub(crate) deaf: bool,
    /// The socket takes no more than this many bytes, and waits.
    pub(crate) full_at: Option<usize>,
    /// The server ends each session properly after its answer.
    pub(crate) goodbye: bool,
    /// What the server says at the end of the handshake, unasked.
    pub(crate) unasked: Option<Vec<u8>>,
    /// The server changes its keys as soon as it may.
    pub(crate) early_key_update: bool,
    tls: Option<ServerConnection>,
    to_client: VecDeque<u8>,
    clear: Vec<u8>,
    answered: usize,
}

pub(crate) struct Net {
    world: Rc<RefCell<World>>,
    server: Arc<ServerConfig>,
}

thread_local! {
    /// The server's secrets by their names, over all connections of this thread's test.
    pub(crate) static SECRETS: RefCell<Vec<(String, Vec<u8>)>> = const { RefCell::new(Vec::new()) };
}

#[derive(Debug)]
struct Log;

impl rustls::KeyLog for Log {
    fn log(&self, label: &str, _: &[u8], secret: &[u8]) {
        SECRETS.with_borrow_mut(|secrets| secrets.push((label.into(), secret.into())));
    }
}

pub(crate) struct Now(pub(crate) Option<u64>);

impl Clock for Now {
    fn unix_seconds(&self) -> Option<u64> {
        self.0
    }
}

pub(crate) type TestLink<'b> = Link<'b, Net, Rng, Now>;

/// A world, its network, and the anchor that its server is known by.
pub(crate) fn world() -> (Rc<RefCell<World>>, Net, TrustAnchor<'static>) {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Node::leaf(Kind::P256, &root);
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf.key.serialize_der()));
    let mut server = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der.clone()], key)
        .unwrap();
    server.key_log = Arc::new(Log);
    let world = Rc::new(RefCell::new(World::default()));
    let net = Net { world: world.clone(), server: Arc::new(server) };
    (world, net, root.anchor())
}

pub(crate) fn endpoint() -> Endpoint {
    Endpoint::parse(&format!("https://{HOST}:8443/pg"), Auth::Session).unwrap()
}

pub(crate) fn request<'a>(body: &'a [u8]) -> Request<'a> {
    let id = RequestId::from_random([7; 16]);
    Request::new(Call::OrderPay, ApiVersion::default(), id).with_body(body).with_timeout_ms(2_000)
}

/// Runs `test` with a transport over `net`.
pub(crate) fn with_link<T>(net: Net, clock: Now, test: impl FnOnce(&RefCell<TestLink<'_>>) -> T) -> T {
    let (mut rx, mut tx) = (vec![0; 16_640], vec![0; 1024]);
    test(&RefCell::new(Link::new(net, Buffers::new(&mut rx, &mut tx), Rng::new(3), clock)))
}

/// One exchange of a transport of its own.
pub(crate) fn once(net: Net, anchor: &TrustAnchor<'_>) -> Result<(ResponseHead, Vec<u8>), Error> {
    with_link(net, Now(Some(NOW_S)), |link| {
        let anchors = [anchor.clone()];
        let mut transport = Transport::new(link, endpoint(), Trust::new(&anchors, 0));
        exchange(&mut transport)
    })
}

pub(crate) fn exchange(transport: &mut Transport<'_, '_, Net, Rng, Now>) -> Result<(ResponseHead, Vec<u8>), Error> {
    let mut rx = vec![0; 4096];
    let head = block_on(transport.exchange(&request(b"{\"a\":1}"), &mut rx))?;
    rx.truncate(head.body_len);
    Ok((head, rx))
}

pub(crate) fn answer(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

impl World {
    fn receive(&mut self, mut bytes: &[u8]) {
        let Some(tls) = &mut self.tls else { return };
        while !bytes.is_empty() {
            tls.read_tls(&mut bytes).unwrap();
            let state = tls.process_new_packets();
            self.farewells += usize::from(state.as_ref().is_ok_and(|state| state.peer_has_closed()));
            let fine = state.is_ok();
            let _ = tls.reader().read_to_end(&mut self.clear);
            if !tls.is_handshaking()
                && let Some(unasked) = self.unasked.take()
            {
                tls.writer().write_all(&unasked).unwrap();
            }
            if !tls.is_handshaking() && core::mem::take(&mut self.early_key_update) {
                tls.refresh_traffic_keys().unwrap();
            }
            if let Some(len) = whole_request(&self.clear) {
                self.requests.push(String::from_utf8(self.clear.drain(..len).collect()).unwrap());
                if let Some(answer) = self.answers.pop_front() {
                    tls.writer().write_all(&answer).unwrap();
                    self.answered += 1;
                    if self.goodbye {
                        tls.send_close_notify();
                    }
                }
            }
            while tls.wants_write() {
                tls.write_tls(&mut self.to_client).unwrap();
            }
            if !fine {
                break;
            }
        }
    }

    /// Bytes for the client; `None` means later.
    fn take(&mut self, buf: &mut [u8], chunk: usize) -> Option<usize> {
        let len = buf.len().min(self.to_client.len()).min(chunk);
        for (to, from) in buf.iter_mut().zip(self.to_client.drain(..len)) {
            *to = from;
        }
        (len > 0 || !self.hang).then_some(len)
    }

    fn closed(&self) -> bool {
        self.close_after.is_some_and(|n| self.answered >= n)
    }
}

/// Length of a request with its body, if it is all there.
fn whole_request(bytes: &[u8]) -> Option<usize> {
    let text = core::str::from_utf8(bytes).ok()?;
    let head = text.find("\r\n\r\n")? + 4;
    let length = text[..head]
        .lines()
        .find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length: ").map(|n| n.parse::<usize>().unwrap()))
        .unwrap_or(0);
    (bytes.len() >= head + length).then_some(head + length)
}

impl ErrorType for Net {
    type Error = ErrorKind;
}

impl Read for Net {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, ErrorKind> {
        let chunk = self.world.borrow().chunk;
        if chunk.is_some() {
            embassy_futures::yield_now().await;
        }
        loop {
            let taken = self.world.borrow_mut().take(buf, chunk.unwrap_or(usize::MAX));
            match taken {
                Some(len) => return Ok(len),
                None => embassy_futures::yield_now().await,
            }
        }
    }
}

impl Write for Net {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, ErrorKind> {
        if self.world.borrow().chunk.is_some() {
            embassy_futures::yield_now().await;
        }
        while self.world.borrow().full_at.is_some_and(|full| self.world.borrow().written >= full) {
            embassy_futures::yield_now().await;
        }
        let mut world = self.world.borrow_mut();
        let room = world.write_limit.map_or(usize::MAX, |limit| limit.saturating_sub(world.written));
        let len = buf.len().min(room);
        if len == 0 {
            return Err(ErrorKind::ConnectionReset);
        }
        world.written += len;
        if !world.deaf {
            world.receive(&buf[..len]);
        }
        Ok(len)
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

impl Connect for Net {
    async fn connect(&mut self, host: &str, port: u16) -> Result<(), ConnectError> {
        self.world.borrow_mut().connections.push(format!("{host}:{port}"));
        while self.world.borrow().unreachable {
            embassy_futures::yield_now().await;
        }
        let mut world = self.world.borrow_mut();
        if let Some(e) = world.fail_connect {
            return Err(e);
        }
        world.tls = Some(ServerConnection::new(self.server.clone()).unwrap());
        world.to_client.clear();
        world.clear.clear();
        world.written = 0;
        world.answered = 0;
        Ok(())
    }

    fn peer_closed(&mut self) -> bool {
        let world = self.world.borrow();
        world.closed() || world.tls.is_none() || !world.to_client.is_empty()
    }

    fn abort(&mut self) {
        let mut world = self.world.borrow_mut();
        world.aborts += 1;
        world.tls = None;
        world.to_client.clear();
    }
}
