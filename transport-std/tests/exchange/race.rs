//! A host with several addresses, some of them dead (RFC 8305).

use core::net::SocketAddr;
use core::time::Duration;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::time::Instant;

use pay_core::wire::Auth;
use socket2::{Domain, Socket, Type};
use transport_std::HttpsTransport;

use super::server::{OK, Server, config, exchange};

/// An address that takes no connection and refuses none: its queue is full.
struct Dead {
    listener: TcpListener,
    address: SocketAddr,
    filling: Vec<TcpStream>,
}

impl Dead {
    fn new() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        socket.listen(0).unwrap();
        let listener = TcpListener::from(socket);
        let address = listener.local_addr().unwrap();
        let mut filling = Vec::new();
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
            filling.push(stream);
        }
        Self { listener, address, filling }
    }
}

/// How long the first exchange takes, if these stand before the server among the host's addresses.
fn first_exchange(before: Vec<SocketAddr>) -> Duration {
    let server = Server::answering(OK);
    let addresses = [before, vec![server.address]].concat();
    let config = config().with_resolver(move |_, _| Ok(addresses.clone()));
    let mut client = HttpsTransport::new(server.endpoint(Auth::Session), config).unwrap();
    let start = Instant::now();
    assert_eq!(exchange(&mut client).unwrap().1, "{}");
    assert_eq!(server.requests().len(), 1);
    start.elapsed()
}

// The limit of the exchange is 60 s. Mutant: equal shares of it for each address.
#[test]
fn a_dead_address_costs_a_moment() {
    let dead = Dead::new();
    for (count, staggers) in [(1, 1), (4, 4), (12, 12)] {
        let time = first_exchange(vec![dead.address; count]);
        println!("{count} dead addresses: {} ms", time.as_millis());
        assert!(time >= Duration::from_millis(250) * staggers);
        // The rest is the handshake on a machine with much else to do.
        assert!(time < Duration::from_millis(250) * staggers + Duration::from_secs(5), "{time:?}");
    }
}

#[test]
fn a_refusal_costs_nothing() {
    let refusing = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let time = first_exchange(vec![refusing; 20]);
    assert!(time < Duration::from_secs(5), "{time:?}");
}

// Mutant: a loser that sends its greeting.
#[test]
fn a_loser_sends_no_byte() {
    let mut dead = Dead::new();
    first_exchange(vec![dead.address]);
    // There is room now, and the kernel asks again.
    let fillers = dead.filling.len();
    dead.filling.clear();
    let mut taken = 0;
    dead.listener.set_nonblocking(true).unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while taken <= fillers && Instant::now() < until {
        let Ok((mut stream, _)) = dead.listener.accept() else {
            std::thread::sleep(Duration::from_millis(10));
            continue;
        };
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0, "a byte, or no end");
        taken += 1;
    }
    assert_eq!(taken, fillers + 1, "the loser came");
}
