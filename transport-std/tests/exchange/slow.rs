//! Slow in every phase: each exchange ends at its limit. The server ends when the client does, so no test waits for it.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::io::Read;
use std::net::TcpStream;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Instant;

use pay_core::drive::transport::blocking::Transport;
use pay_core::sale::{Delivery, ErrorKind};
use socket2::{Domain, Socket, Type};
use transport_std::{HttpsTransport, Phase, Problem};

use super::server::{OK, Server, exchange, exchange_within, facts, order_pay};

/// Enough for a handshake on a loaded machine.
const LIMIT_MS: u32 = 3_000;
/// Well under the minutes that a socket without a limit would take.
const AT_MOST: Duration = Duration::from_secs(25);

fn assert_times_out(client: &mut HttpsTransport, phase: Phase, delivery: Delivery) {
    let start = Instant::now();
    let error = exchange_within(client, LIMIT_MS).unwrap_err();
    let took = start.elapsed();
    assert_eq!(facts(&error), (Problem::TimedOut(phase), ErrorKind::TimedOut, delivery));
    assert!(took >= Duration::from_millis(LIMIT_MS.into()) && took < AT_MOST, "{took:?}");
}

#[test]
fn no_time_at_all() {
    let server = Server::answering(OK);
    let error = exchange_within(&mut server.client(), 0).unwrap_err();
    assert_eq!(facts(&error), (Problem::TimedOut(Phase::Resolve), ErrorKind::TimedOut, Delivery::NotSent));
    assert_eq!(server.accepts(), 0);
}

// Mutants: calling `lookup` on the exchange's own thread; starting another look-up while one is under way.
#[test]
fn a_resolver_that_hangs() {
    let server = Server::answering(OK);
    let (release, wait) = mpsc::channel::<()>();
    let (calls, address) = (Arc::new(AtomicUsize::new(0)), server.address);
    let (counted, wait) = (Arc::clone(&calls), std::sync::Mutex::new(wait));
    let config = server.config().with_resolver(move |_, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        let _ = wait.lock().unwrap().recv();
        Ok(vec![address])
    });
    let mut client = HttpsTransport::new(server.endpoint(Default::default()), config).unwrap();
    assert_times_out(&mut client, Phase::Resolve, Delivery::NotSent);
    let error = exchange_within(&mut client, 10).unwrap_err();
    assert_eq!(facts(&error), (Problem::TimedOut(Phase::Resolve), ErrorKind::TimedOut, Delivery::NotSent));
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    drop(release);
    assert_eq!(exchange(&mut client).unwrap().1, "{}");
}

// Other systems answer a full queue with a refusal.
#[cfg(target_os = "linux")]
#[test]
fn a_host_that_does_not_take_the_connection() {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&"127.0.0.1:0".parse::<core::net::SocketAddr>().unwrap().into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap().as_socket().unwrap();
    let mut queue = Vec::new();
    while let Ok(tcp) = TcpStream::connect_timeout(&address, Duration::from_millis(500)) {
        queue.push(tcp);
        assert!(queue.len() < 64, "the queue never fills");
    }
    let server = Server::answering(OK);
    let config = server.config().with_address(address);
    let mut client = HttpsTransport::new(server.endpoint(Default::default()), config).unwrap();
    assert_times_out(&mut client, Phase::Connect, Delivery::NotSent);
}

#[test]
fn a_server_that_never_shakes_hands() {
    let server = Server::start(|mut peer| while matches!(peer.tcp.read(&mut [0; 4096]), Ok(1..)) {});
    assert_times_out(&mut server.client(), Phase::Handshake, Delivery::NotSent);
}

#[test]
fn a_handshake_byte_by_byte() {
    // A ServerHello that never ends.
    let server = Server::start(|mut peer| {
        let bytes = [22, 3, 3, 0x3f, 0xff].into_iter().chain(core::iter::repeat(2));
        drip(bytes, |byte| std::io::Write::write_all(&mut peer.tcp, &[byte]).is_ok());
    });
    assert_times_out(&mut server.client(), Phase::Handshake, Delivery::NotSent);
}

#[test]
fn a_server_that_does_not_read() {
    let server = Server::start(|peer| {
        let tls = peer.handshake();
        thread::sleep(AT_MOST * 2);
        drop(tls);
    });
    let body = vec![b' '; 64 << 20];
    let request = order_pay().with_body(&body).with_timeout_ms(LIMIT_MS);
    let start = Instant::now();
    let error = server.client().exchange(&request, &mut [0; 64]).unwrap_err();
    assert_eq!(facts(&error), (Problem::TimedOut(Phase::Send), ErrorKind::TimedOut, Delivery::Unknown));
    assert!(start.elapsed() < AT_MOST);
}

#[test]
fn a_server_that_never_answers() {
    let server = Server::start(|peer| {
        let mut tls = peer.handshake();
        tls.read_request().unwrap();
        tls.wait_for_end();
    });
    assert_times_out(&mut server.client(), Phase::Answer, Delivery::Unknown);
    assert_eq!(server.requests().len(), 1);
}

// Mutant: a socket time-out of the whole limit for every read.
#[test]
fn a_head_byte_by_byte() {
    let server = Server::start(|peer| {
        let mut tls = peer.handshake();
        tls.read_request().unwrap();
        let bytes = b"HTTP/1.1 200 OK\r\nx: ".iter().copied().chain(core::iter::repeat(b'a'));
        drip(bytes, |byte| std::io::Write::write_all(&mut tls.stream, &[byte]).is_ok());
    });
    assert_times_out(&mut server.client(), Phase::Answer, Delivery::Unknown);
}

#[test]
fn a_body_that_stalls() {
    for start in ["Content-Length: 9\r\n\r\n{", "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", "\r\n{}"] {
        let server = Server::start(move |peer| {
            let mut tls = peer.handshake();
            tls.read_request().unwrap();
            tls.send(format!("HTTP/1.1 200 OK\r\n{start}").as_bytes());
            tls.wait_for_end();
        });
        assert_times_out(&mut server.client(), Phase::Body, Delivery::Unknown);
    }
}

fn drip(bytes: impl Iterator<Item = u8>, mut send: impl FnMut(u8) -> bool) {
    for byte in bytes {
        if !send(byte) {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
}
