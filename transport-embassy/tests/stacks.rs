//! The connector over real TCP/IP: two embassy-net stacks joined by a wire that loses, reorders and goes down.

#[path = "tls/pki.rs"]
#[allow(dead_code)]
mod pki;
#[path = "tls/rng.rs"]
#[allow(dead_code)]
mod rng;

use core::cell::{Cell, RefCell};
use std::io::{Read as _, Write as _};
use std::sync::Arc;

use embassy_futures::block_on;
use embassy_futures::join::{join, join4};
use embassy_futures::select::{Either, select};
use embassy_net::tcp::TcpSocket;
use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_net::{Config, Ipv4Address, Ipv4Cidr, Stack, StackResources, StaticConfigV4};
use embassy_net_driver_channel::driver::{HardwareAddress, LinkState};
use embassy_net_driver_channel::{Device, RxRunner, State, StateRunner, TxRunner};
use embassy_time::{Duration, Timer};
use pay_core::drive::transport::{Error as _, Transport as _};
use pay_core::model::{ApiVersion, RequestId};
use pay_core::sale::{Delivery, ErrorKind};
use pay_core::wire::{Auth, Call, Endpoint, Request, ResponseHead};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection};
use transport_embassy::tls::{Buffers, Clock, Trust};
use transport_embassy::{Error, Link, StackConnector, Transport};

use pki::{HOST, Kind, NOW_S, Node};
use rng::Rng;

const MTU: usize = 1514;
const CLIENT: Ipv4Address = Ipv4Address::new(10, 0, 0, 1);
const SERVER: Ipv4Address = Ipv4Address::new(10, 0, 0, 2);

/// What the wire does.
#[derive(Default)]
struct Wire {
    /// Every n-th packet is lost.
    lose: Option<usize>,
    /// Every n-th packet is held back until after the next one.
    hold: Option<usize>,
    count: Cell<usize>,
    /// Everything is lost.
    cut: Cell<bool>,
    /// The wire is cut when the server has read a request.
    cut_at_request: bool,
    served: Cell<usize>,
}

struct Now;

impl Clock for Now {
    fn unix_seconds(&self) -> Option<u64> {
        Some(NOW_S)
    }
}

/// Carries packets one way for ever.
async fn carry(wire: &Wire, mut from: TxRunner<'_, MTU>, to: &RefCell<RxRunner<'_, MTU>>) {
    let mut held: Option<Vec<u8>> = None;
    let put = |packet: &[u8]| {
        // A full queue loses packets, as a network does.
        if let Some(buf) = to.borrow_mut().try_rx_buf() {
            buf[..packet.len()].copy_from_slice(packet);
        } else {
            return;
        }
        to.borrow_mut().rx_done(packet.len());
    };
    loop {
        let packet = from.tx_buf().await.to_vec();
        from.tx_done();
        wire.count.set(wire.count.get() + 1);
        let nth = |n: Option<usize>| n.is_some_and(|n| wire.count.get().is_multiple_of(n));
        if wire.cut.get() || nth(wire.lose) {
            continue;
        }
        if nth(wire.hold) && held.is_none() {
            held = Some(packet);
            continue;
        }
        put(&packet);
        if let Some(packet) = held.take() {
            put(&packet);
        }
    }
}

/// Answers every question for an address with the server's.
async fn dns(stack: Stack<'_>) {
    let (mut rx, mut tx) = ([0; 1024], [0; 1024]);
    let (mut rx_meta, mut tx_meta) = ([PacketMetadata::EMPTY; 4], [PacketMetadata::EMPTY; 4]);
    let mut socket = UdpSocket::new(stack, &mut rx_meta, &mut rx, &mut tx_meta, &mut tx);
    socket.bind(53).unwrap();
    let mut packet = [0; 512];
    loop {
        let (len, from) = socket.recv_from(&mut packet).await.unwrap();
        let mut answer = packet[..len].to_vec();
        if answer.windows(8).any(|w| w == b"\x07missing") {
            answer[2..4].copy_from_slice(&[0x81, 0x83]);
        } else {
            answer[2..8].copy_from_slice(&[0x81, 0x80, 0, 1, 0, 1]);
            answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
            answer.extend(SERVER.octets());
        }
        let _ = socket.send_to(&answer, from).await;
    }
}

/// Serves connections one after the other; every request gets the same answer.
async fn serve(stack: Stack<'_>, config: Arc<ServerConfig>, wire: &Wire) {
    let (mut rx, mut tx) = ([0; 4096], [0; 4096]);
    let mut socket = TcpSocket::new(stack, &mut rx, &mut tx);
    loop {
        socket.abort();
        if socket.accept(443).await.is_err() {
            continue;
        }
        let mut tls = ServerConnection::new(config.clone()).unwrap();
        let mut buf = [0; 2048];
        'connection: while let Ok(len @ 1..) = socket.read(&mut buf).await {
            tls.read_tls(&mut &buf[..len]).unwrap();
            if tls.process_new_packets().is_err() {
                break;
            }
            let mut request = Vec::new();
            let _ = tls.reader().read_to_end(&mut request);
            if !request.is_empty() {
                wire.served.set(wire.served.get() + 1);
                wire.cut.set(wire.cut_at_request);
                let body = "x".repeat(3000);
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                tls.writer().write_all(head.as_bytes()).unwrap();
                tls.writer().write_all(body.as_bytes()).unwrap();
            }
            let mut out = Vec::new();
            while tls.wants_write() {
                tls.write_tls(&mut out).unwrap();
            }
            let mut rest = &out[..];
            while !rest.is_empty() {
                match socket.write(rest).await {
                    Ok(n @ 1..) => rest = &rest[n..],
                    _ => break 'connection,
                }
            }
        }
    }
}

fn config(address: Ipv4Address) -> Config {
    let mut dns_servers =
        StaticConfigV4 { address: Ipv4Cidr::new(address, 24), gateway: None, dns_servers: Default::default() };
    dns_servers.dns_servers.push(SERVER).unwrap();
    Config::ipv4_static(dns_servers)
}

fn mac(last: u8) -> HardwareAddress {
    HardwareAddress::Ethernet([2, 0, 0, 0, 0, last])
}

/// Both ends of a driver, the link already up.
fn driver<'d>(
    state: &'d mut State<MTU, 8, 8>,
    last: u8,
) -> (StateRunner<'d>, RefCell<RxRunner<'d, MTU>>, TxRunner<'d, MTU>, Device<'d, MTU>) {
    let (runner, device) = embassy_net_driver_channel::new(state, mac(last));
    let (state, rx, tx) = runner.split();
    state.set_link_state(LinkState::Up);
    (state, RefCell::new(rx), tx, device)
}

/// Runs exchanges of a client with `host`, one per element of the answer, until all are done.
fn exchanges(wire: &Wire, host: &str, count: usize, pull_link: bool) -> Vec<Result<ResponseHead, Error>> {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Node::leaf(Kind::P256, &root);
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf.key.serialize_der()));
    let server_config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der.clone()], key)
        .unwrap();

    let (mut state_a, mut state_b) = (State::new(), State::new());
    let (link_a, rx_a, tx_a, device_a) = driver(&mut state_a, 1);
    let (_link_b, rx_b, tx_b, device_b) = driver(&mut state_b, 2);
    let (mut resources_a, mut resources_b) = (StackResources::<4>::new(), StackResources::<4>::new());
    let (stack_a, mut runner_a) = embassy_net::new(device_a, config(CLIENT), &mut resources_a, 1);
    let (stack_b, mut runner_b) = embassy_net::new(device_b, config(SERVER), &mut resources_b, 2);

    let client = async {
        let (mut tcp_rx, mut tcp_tx) = ([0; 4096], [0; 2048]);
        let (mut rx, mut tx) = (vec![0; 16_640], vec![0; 1024]);
        let connector = StackConnector::new(stack_a, &mut tcp_rx, &mut tcp_tx);
        let link = RefCell::new(Link::new(connector, Buffers::new(&mut rx, &mut tx), Rng::new(5), Now));
        let anchors = [root.anchor()];
        let endpoint = Endpoint::parse(&format!("https://{host}/pg"), Auth::Session).unwrap();
        let mut transport = Transport::new(&link, endpoint, Trust::new(&anchors, 0));
        let mut results = Vec::new();
        let mut body = [0; 4096];
        for n in 0..count {
            let request = Request::new(Call::OrderPay, ApiVersion::default(), RequestId::from_random([n as u8; 16]))
                .with_body(b"{}")
                .with_timeout_ms(if wire.cut_at_request { 3_000 } else { 30_000 });
            results.push(transport.exchange(&request, &mut body).await);
            if pull_link {
                link_a.set_link_state(LinkState::Down);
                Timer::after(Duration::from_millis(50)).await;
                link_a.set_link_state(LinkState::Up);
            }
            wire.cut.set(false);
        }
        results
    };
    let network = join(
        join4(runner_a.run(), runner_b.run(), carry(wire, tx_a, &rx_b), carry(wire, tx_b, &rx_a)),
        join(serve(stack_b, Arc::new(server_config), wire), dns(stack_b)),
    );
    match block_on(select(client, network)) {
        Either::First(results) => results,
        Either::Second(_) => unreachable!("the network runs for ever"),
    }
}

fn all_good(results: &[Result<ResponseHead, Error>]) {
    for result in results {
        let head = result.as_ref().unwrap();
        assert_eq!((head.status, head.body_len), (200, 3000));
    }
}

#[test]
fn by_name_over_one_connection() {
    let wire = Wire::default();
    all_good(&exchanges(&wire, HOST, 3, false));
    assert_eq!(wire.served.get(), 3);
}

#[test]
fn with_loss() {
    let wire = Wire { lose: Some(7), ..Wire::default() };
    all_good(&exchanges(&wire, HOST, 2, false));
}

#[test]
fn with_reordering() {
    let wire = Wire { hold: Some(3), ..Wire::default() };
    all_good(&exchanges(&wire, HOST, 2, false));
}

#[test]
fn after_the_link_was_down() {
    let wire = Wire::default();
    all_good(&exchanges(&wire, HOST, 3, true));
}

#[test]
fn cut_with_the_request_on_its_way() {
    let wire = Wire { cut_at_request: true, ..Wire::default() };
    let results = exchanges(&wire, HOST, 1, false);
    let error = results[0].as_ref().unwrap_err();
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::TimedOut, Delivery::Unknown));
    assert_eq!(wire.served.get(), 1);
}

#[test]
fn a_host_that_is_not_there() {
    let results = exchanges(&Wire::default(), "missing.test", 1, false);
    let error = results[0].as_ref().unwrap_err();
    assert_eq!((error.kind(), error.delivery()), (ErrorKind::Resolve, Delivery::NotSent));
}
