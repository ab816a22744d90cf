//! The connector over real TCP/IP: embassy-net stacks joined by a wire that loses, delays, reorders and goes down.

#[path = "tls/pki.rs"]
#[allow(dead_code)]
mod pki;
#[path = "tls/rng.rs"]
#[allow(dead_code)]
mod rng;

use core::cell::{Cell, RefCell};
use core::future::pending;
use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::sync::Arc;

use embassy_futures::block_on;
use embassy_futures::join::{join, join3, join4};
use embassy_futures::select::{Either, select};
use embassy_futures::yield_now;
use embassy_net::tcp::TcpSocket;
use embassy_net::udp::{PacketMetadata, UdpSocket};
use embassy_net::{Config, Ipv4Address, Ipv4Cidr, Stack, StackResources, StaticConfigV4};
use embassy_net_driver_channel::driver::{HardwareAddress, LinkState};
use embassy_net_driver_channel::{Device, RxRunner, State, StateRunner, TxRunner};
use embassy_time::{Duration, Instant, Timer};
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
/// A host that takes connections and says nothing, where the wire says so, and refuses them otherwise.
const OTHER: Ipv4Address = Ipv4Address::new(10, 0, 0, 3);
/// Behind the router (which is the server): nobody, and no answer.
const DEAD: Ipv4Address = Ipv4Address::new(192, 0, 2, 1);
/// On the same wire: nobody who answers for the address.
const OFF: Ipv4Address = Ipv4Address::new(10, 0, 0, 9);

/// What the wire does, and what was seen on it.
#[derive(Default)]
struct Wire {
    /// What a look-up finds; the server alone, if nothing.
    addresses: Vec<Ipv4Address>,
    /// The client has two sockets to connect with.
    two_sockets: bool,
    /// Packets take so long from the server, and from the other host.
    from_server: Duration,
    from_other: Duration,
    /// The other host takes connections.
    other_listens: bool,
    /// The client knows the other host's Ethernet address: smoltcp asks for one a second at the most.
    known: Cell<bool>,
    /// Bytes that the other host read.
    other_read: Cell<usize>,
    /// Connection attempts of the client, as they were sent.
    attempts: RefCell<Vec<(Ipv4Address, Instant)>>,
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

/// Carries packets from one to the others for ever.
async fn carry(wire: &Wire, mut from: TxRunner<'_, MTU>, delay: Duration, to: [&RefCell<RxRunner<'_, MTU>>; 2]) {
    let mut held: Option<Vec<u8>> = None;
    let mut late = VecDeque::new();
    let put = |packet: &[u8]| {
        for to in to {
            let mut to = to.borrow_mut();
            // A full queue loses packets, as a network does.
            let Some(buf) = to.try_rx_buf() else { continue };
            buf[..packet.len()].copy_from_slice(packet);
            to.rx_done(packet.len());
        }
    };
    loop {
        let due = async {
            match late.front() {
                Some((at, _)) => Timer::at(*at).await,
                None => pending().await,
            }
        };
        let packet = match select(from.tx_buf(), due).await {
            Either::First(packet) => {
                late.push_back((Instant::now() + delay, packet.to_vec()));
                from.tx_done();
                continue;
            }
            Either::Second(()) => late.pop_front().unwrap().1,
        };
        // Ethernet, IPv4 without options, TCP with SYN and nothing else.
        if packet.len() > 47
            && packet[12..15] == [8, 0, 0x45]
            && (packet[23], packet[47]) == (6, 2)
            && packet[26..30] == CLIENT.octets()
        {
            let to = <[u8; 4]>::try_from(&packet[30..34]).unwrap();
            wire.attempts.borrow_mut().push((to.into(), Instant::now()));
        }
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

/// Answers every question for an address.
async fn dns(stack: Stack<'_>, wire: &Wire) {
    let addresses = if wire.addresses.is_empty() { &[SERVER][..] } else { &wire.addresses };
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
            answer[2..8].copy_from_slice(&[0x81, 0x80, 0, 1, 0, addresses.len() as u8]);
            for address in addresses {
                answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
                answer.extend(address.octets());
            }
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

/// Makes itself known, and then takes connections and reads what comes.
async fn listen(stack: Stack<'_>, wire: &Wire) {
    let (mut rx, mut tx) = ([0; 1024], [0; 1024]);
    let mut socket = TcpSocket::new(stack, &mut rx, &mut tx);
    let _ = socket.connect((CLIENT, 9)).await;
    wire.known.set(true);
    if !wire.other_listens {
        return;
    }
    loop {
        if socket.accept(443).await.is_ok() {
            while let Ok(len @ 1..) = socket.read(&mut [0; 64]).await {
                wire.other_read.set(wire.other_read.get() + len);
            }
        }
        socket.abort();
    }
}

fn config(address: Ipv4Address) -> Config {
    let mut dns_servers =
        StaticConfigV4 { address: Ipv4Cidr::new(address, 24), gateway: Some(SERVER), dns_servers: Default::default() };
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

    let (mut state_a, mut state_b, mut state_c) = (State::new(), State::new(), State::new());
    let (link_a, rx_a, tx_a, device_a) = driver(&mut state_a, 1);
    let (_link_b, rx_b, tx_b, device_b) = driver(&mut state_b, 2);
    let (_link_c, rx_c, tx_c, device_c) = driver(&mut state_c, 3);
    let (mut resources_a, mut resources_b) = (StackResources::<4>::new(), StackResources::<4>::new());
    let mut resources_c = StackResources::<4>::new();
    let (stack_a, mut runner_a) = embassy_net::new(device_a, config(CLIENT), &mut resources_a, 1);
    let (stack_b, mut runner_b) = embassy_net::new(device_b, config(SERVER), &mut resources_b, 2);
    let (stack_c, mut runner_c) = embassy_net::new(device_c, config(OTHER), &mut resources_c, 3);

    let client = async {
        let (mut tcp_rx, mut tcp_tx) = ([0; 4096], [0; 2048]);
        let (mut rx, mut tx) = (vec![0; 16_640], vec![0; 1024]);
        let (mut second_rx, mut second_tx) = ([0; 4096], [0; 2048]);
        let mut connector = StackConnector::new(stack_a, &mut tcp_rx, &mut tcp_tx);
        if wire.two_sockets {
            connector = connector.with_second_socket(&mut second_rx, &mut second_tx);
        }
        let link = RefCell::new(Link::new(connector, Buffers::new(&mut rx, &mut tx), Rng::new(5), Now));
        let anchors = [root.anchor()];
        let endpoint = Endpoint::parse(&format!("https://{host}/pg"), Auth::Session).unwrap();
        let mut transport = Transport::new(&link, endpoint, Trust::new(&anchors, 0));
        let mut results = Vec::new();
        let mut body = [0; 4096];
        while !wire.known.get() {
            yield_now().await;
        }
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
        join3(
            carry(wire, tx_a, Duration::MIN, [&rx_b, &rx_c]),
            carry(wire, tx_b, wire.from_server, [&rx_a, &rx_c]),
            carry(wire, tx_c, wire.from_other, [&rx_a, &rx_b]),
        ),
        join4(
            join3(runner_a.run(), runner_b.run(), runner_c.run()),
            serve(stack_b, Arc::new(server_config), wire),
            dns(stack_b, wire),
            listen(stack_c, wire),
        ),
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

/// Whether two exchanges go over one connection, after these attempts of the client; `time` judges the last one's, from the first on. A machine with
/// much else to do is late now and then, so there are five runs.
fn tries(wire: impl Fn() -> Wire, expected: &[Ipv4Address], time: impl Fn(Duration) -> bool) -> bool {
    (0..5).any(|_| {
        let wire = wire();
        all_good(&exchanges(&wire, HOST, 2, false));
        assert_eq!(wire.served.get(), 2);
        let attempts = wire.attempts.borrow();
        let tried: Vec<_> = attempts.iter().map(|(address, _)| *address).collect();
        let took = attempts[attempts.len() - 1].1 - attempts[0].1;
        println!("{tried:?}: {} ms", took.as_millis());
        tried == expected && time(took)
    })
}

// Mutants: the first address alone; no time limit while others wait.
#[test]
fn a_dead_address_costs_a_quarter_of_a_second() {
    for (two_sockets, dead) in [(false, 1), (true, 1), (false, 7), (true, 7)] {
        let addresses = [vec![DEAD; dead], vec![SERVER]].concat();
        let wire = || Wire { addresses: addresses.clone(), two_sockets, ..Wire::default() };
        let time = Duration::from_millis(250) * dead as u32;
        let slack = Duration::from_millis(50) * dead as u32;
        assert!(tries(wire, &addresses, |took| took + Duration::from_millis(10) > time && took < time + slack));
    }
}

// With one socket it takes up to three seconds: smoltcp holds back a socket whose last peer was not found on the wire, whatever its next one is.
#[test]
fn a_host_that_is_switched_off_is_passed_too() {
    for (two_sockets, limit) in [(true, 1000), (false, 5000)] {
        let found = (0..5).any(|_| {
            let wire = Wire { addresses: vec![OFF, SERVER], two_sockets, ..Wire::default() };
            let start = Instant::now();
            all_good(&exchanges(&wire, HOST, 1, false));
            // No SYN to it ever leaves.
            let took = wire.attempts.borrow()[0].1 - start;
            println!("{} ms", took.as_millis());
            took < Duration::from_millis(limit)
        });
        assert!(found);
    }
}

// Mutants: a refused address put back; the time of a silent one waited out.
#[test]
fn a_refusal_makes_way_at_once() {
    for two_sockets in [false, true] {
        let addresses = [OTHER, OTHER, OTHER, SERVER];
        let wire = || Wire { addresses: addresses.to_vec(), two_sockets, ..Wire::default() };
        assert!(tries(wire, &addresses, |took| took < Duration::from_millis(200)));

        let wire = Wire { addresses: vec![OTHER; 3], two_sockets, ..Wire::default() };
        let start = Instant::now();
        let error = exchanges(&wire, HOST, 1, false).remove(0).unwrap_err();
        assert_eq!((error.kind(), error.delivery()), (ErrorKind::Connect, Delivery::NotSent));
        assert_eq!(wire.attempts.borrow().len(), 3);
        // The exchange has 30 s.
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}

// With two sockets the server's first attempt is still in the race when its answer comes. Mutants: an attempt never made again; made again with the
// same 250 ms.
#[test]
fn a_far_server_is_reached_beside_a_dead_one() {
    for (two_sockets, expected) in [(true, &[SERVER, DEAD][..]), (false, &[SERVER, DEAD, SERVER])] {
        let wire = || Wire {
            addresses: vec![SERVER, DEAD],
            two_sockets,
            from_server: Duration::from_millis(400),
            ..Wire::default()
        };
        assert!(tries(wire, expected, |_| true));
    }
}

// Mutant: the loser's socket taken for the connection.
#[test]
fn whoever_is_too_late_gets_no_byte() {
    for two_sockets in [false, true] {
        let wire = || Wire {
            addresses: vec![OTHER, SERVER],
            two_sockets,
            other_listens: true,
            from_other: Duration::from_millis(600),
            ..Wire::default()
        };
        assert!(tries(wire, &[OTHER, SERVER], |_| true));
        let wire = wire();
        all_good(&exchanges(&wire, HOST, 1, false));
        assert_eq!(wire.other_read.get(), 0);
    }
}
