//! Which address of this machine a connection comes from.
#![cfg(target_os = "linux")] // All of 127.0.0.0/8 is this machine's.

use core::net::IpAddr;
use std::sync::mpsc::channel;

use pay_core::drive::transport::Error as _;
use pay_core::sale::Delivery;
use pay_core::wire::Auth;
use transport_std::{HttpsTransport, Problem};

use super::server::{OK, Server, exchange};

// Meant to notice: `source` not bound.
#[test]
fn it_comes_from_the_source_or_not_at_all() {
    let (seen, peers) = channel();
    let server = Server::start(move |peer| {
        seen.send(peer.tcp.peer_addr().unwrap().ip()).unwrap();
        let mut tls = peer.handshake();
        while tls.read_request().is_some() {
            tls.send(OK);
        }
    });
    let client = |source: &str| {
        let config = server.config().with_source(source.parse().unwrap());
        HttpsTransport::new(server.endpoint(Auth::Session), config).unwrap()
    };
    for source in ["127.0.0.9", "127.1.2.3"] {
        assert_eq!(exchange(&mut client(source)).unwrap().1, "{}");
        assert_eq!(peers.recv().unwrap(), source.parse::<IpAddr>().unwrap());
    }
    // Of documentation's own network (RFC 5737), and of the other family.
    for source in ["192.0.2.1", "::1"] {
        let error = exchange(&mut client(source)).unwrap_err();
        assert_eq!((error.problem(), error.delivery()), (Problem::NoConnection, Delivery::NotSent), "{source}");
    }
    assert!(peers.try_recv().is_err());
}
