//! Broken connections: what is known of the request afterwards.

use std::io::{Read, Write};
use std::net::TcpListener;

use pay_core::drive::transport::Error as _;
use pay_core::sale::Delivery::{NotSent, Unknown};
use pay_core::sale::ErrorKind;
use transport_std::{HttpsTransport, Phase, Problem};

use super::server::{OK, Server, exchange, facts, failure};

const NO_TLS: (Problem, ErrorKind, pay_core::sale::Delivery) = (Problem::Handshake, ErrorKind::Tls, NotSent);
const NO_CONNECTION: (Problem, ErrorKind, pay_core::sale::Delivery) =
    (Problem::NoConnection, ErrorKind::Connect, NotSent);
const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";

fn closed(phase: Phase) -> (Problem, ErrorKind, pay_core::sale::Delivery) {
    (Problem::Closed(phase), ErrorKind::Closed, Unknown)
}

// Mutant: `Delivery::Unknown` whatever `Progress::sent` says.
#[test]
fn a_refused_connection_sent_nothing() {
    let server = Server::answering(OK);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = server.config().with_address(nobody);
    let mut client = HttpsTransport::new(server.endpoint(Default::default()), config).unwrap();
    let error = exchange(&mut client).unwrap_err();
    assert_eq!(facts(&error), (Problem::NoConnection, ErrorKind::Connect, NotSent));
    assert_eq!(error.to_string(), "the host took no connection; nothing was sent");
}

// Mutant: returning the first address's error from `open`.
#[test]
fn the_next_address_is_tried() {
    let server = Server::answering(OK);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let somebody = server.address;
    let config = server.config().with_resolver(move |_, _| Ok(vec![nobody, somebody]));
    let mut client = HttpsTransport::new(server.endpoint(Default::default()), config).unwrap();
    assert_eq!(exchange(&mut client).unwrap().1, "{}");
}

#[test]
fn a_host_without_address_sent_nothing() {
    let server = Server::answering(OK);
    for addresses in [Err(()), Ok(vec![])] {
        let config = server.config().with_resolver(move |host, port| {
            assert_eq!(host, super::server::HOST);
            assert_ne!(port, 0);
            addresses.clone().map_err(|()| std::io::ErrorKind::NotFound.into())
        });
        let mut client = HttpsTransport::new(server.endpoint(Default::default()), config).unwrap();
        let error = exchange(&mut client).unwrap_err();
        assert_eq!(facts(&error), (Problem::NoAddress, ErrorKind::Resolve, NotSent));
    }
    assert_eq!(server.accepts(), 0);
}

#[test]
fn a_reset_before_the_handshake_sent_nothing() {
    let at_once = Server::start(|peer| peer.reset());
    let (problem, kind, delivery) = failure(&at_once);
    // A reset may be seen while the connection is still being made: then no host took it.
    assert!([NO_TLS, NO_CONNECTION].contains(&(problem, kind, delivery)), "{problem:?} {kind:?} {delivery:?}");
}

// Mutant: `begin_sending` called by the connector before the handshake.
#[test]
fn a_reset_during_the_handshake_sent_nothing() {
    let after_hello = Server::start(|mut peer| {
        let _ = peer.tcp.read(&mut [0; 16]).unwrap();
        peer.reset();
    });
    assert_eq!(failure(&after_hello), NO_TLS);
    // Half a ServerHello.
    let within_hello = Server::start(|mut peer| {
        let _ = peer.tcp.read(&mut [0; 4096]).unwrap();
        peer.tcp.write_all(&[22, 3, 3, 0, 80, 2, 0, 0, 76, 3, 3]).unwrap();
        drop(peer);
    });
    assert_eq!(failure(&within_hello), NO_TLS);
}

// Mutant: `begin_sending` leaves the headers where they are, so that nothing seems to have been sent.
#[test]
fn after_the_handshake_nobody_knows() {
    let at_once = Server::start(|peer| peer.handshake().reset());
    let (problem, kind, delivery) = failure(&at_once);
    // Which of the two the client notices first is the network's choice.
    assert!(matches!(problem, Problem::Closed(Phase::Send | Phase::Answer)), "{problem:?}");
    assert_eq!((kind, delivery), (ErrorKind::Closed, Unknown));

    let after_a_byte = Server::start(|peer| {
        let mut tls = peer.handshake();
        tls.stream.read_exact(&mut [0]).unwrap();
        tls.reset();
    });
    let (_, kind, delivery) = failure(&after_a_byte);
    assert_eq!((kind, delivery), (ErrorKind::Closed, Unknown));

    let after_the_request = Server::start(|peer| {
        let mut tls = peer.handshake();
        tls.read_request().unwrap();
        tls.reset();
    });
    assert_eq!(failure(&after_the_request), closed(Phase::Answer));
    assert_eq!(after_the_request.requests().len(), 1, "sent once, not again");
    assert_eq!(after_the_request.accepts(), 1);
}

#[test]
fn a_reset_within_the_answer_is_unknown() {
    for (bytes, phase) in [
        (&b"HTTP/1.1 20"[..], Phase::Answer),
        (&HEAD[..HEAD.len() - 2], Phase::Answer),
        (HEAD, Phase::Body),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"cf_payment_id\":", Phase::Body),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"cf_", Phase::Body),
    ] {
        let server = Server::start(move |peer| {
            let mut tls = peer.handshake();
            tls.read_request().unwrap();
            tls.send(bytes);
            // Until the client has read it: a reset discards what is on the way.
            let _ = tls.stream.sock.set_read_timeout(Some(core::time::Duration::from_millis(300)));
            let _ = tls.stream.sock.read(&mut [0]);
            tls.reset();
        });
        let (problem, kind, delivery) = failure(&server);
        assert_eq!((kind, delivery), (ErrorKind::Closed, Unknown));
        // A slow client may lose the bytes to the reset, and then stands one phase earlier.
        assert!(matches!(problem, Problem::Closed(at) if at <= phase), "{problem:?}");
        assert_eq!(server.requests().len(), 1);
    }
}

// Mutant: `Ok` for a body that ends early.
#[test]
fn a_proper_end_within_the_answer_is_unknown_too() {
    assert_eq!(failure(&Server::closing(b"")), closed(Phase::Answer));
    assert_eq!(failure(&Server::closing(b"HTTP/1.1 200 OK\r\nContent-Le")), closed(Phase::Answer));
    assert_eq!(failure(&Server::closing(HEAD)), closed(Phase::Body));
    assert_eq!(failure(&Server::closing([HEAD, b"{}"].concat())), closed(Phase::Body));
    assert_eq!(
        failure(&Server::closing(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n")),
        closed(Phase::Body)
    );
}

// Mutant: passing the I/O error itself to ureq, which takes it for the end of the body.
#[test]
fn a_body_without_length_must_end_properly() {
    let whole = Server::closing(b"HTTP/1.1 200 OK\r\n\r\n{\"a\":1}");
    assert_eq!(exchange(&mut whole.client()).unwrap().1, "{\"a\":1}");
    let cut = Server::start(|peer| {
        let mut tls = peer.handshake();
        tls.read_request().unwrap();
        tls.send(b"HTTP/1.1 200 OK\r\n\r\n{\"a\":1}");
        let _ = tls.stream.sock.shutdown(std::net::Shutdown::Both);
    });
    assert_eq!(failure(&cut), closed(Phase::Body));
}

#[test]
fn errors_have_a_cause_and_no_address() {
    let server = Server::start(|mut peer| {
        // The connection stands once the client has sent something on it.
        let _ = peer.tcp.read(&mut [0; 16]).unwrap();
        peer.reset();
    });
    let error = exchange(&mut server.client()).unwrap_err();
    assert_eq!(error.to_string(), "the TLS handshake failed; nothing was sent");
    assert!(core::error::Error::source(&error).is_some());
    assert_eq!(error.failure().kind, ErrorKind::Tls);
}
