//! The proxy that webhooks come through: to one backend after the other, and to the other one where the first does not listen.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

/// Where it listens, for as long as this program runs.
pub fn forward<const N: usize>(targets: [SocketAddr; N]) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for (call, stream) in listener.incoming().enumerate() {
            let Ok(stream) = stream else { continue };
            thread::spawn(move || {
                let mut places = (0..N).map(|at| targets[(call + at) % N]);
                // Nobody there: the gateway comes again.
                let Some(target) = places.find_map(|place| TcpStream::connect(place).ok()) else { return };
                both_ways(&stream, &target);
            });
        }
    });
    address
}

fn both_ways(stream: &TcpStream, target: &TcpStream) {
    let copy = |mut from: &TcpStream, mut to: &TcpStream, then: Shutdown| {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(then);
    };
    thread::scope(|scope| {
        scope.spawn(|| copy(stream, target, Shutdown::Write));
        copy(target, stream, Shutdown::Both);
    });
}
