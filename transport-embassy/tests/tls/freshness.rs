//! The client's randomness is new on every connection.

use super::client::{At, attempt};
use super::honest_server::Honest;
use super::pki::{HOST, Kind, NOW_S, Node};
use super::rng::Rng;
use super::socket::{Peer, Socket};
use embassy_futures::block_on;
use transport_embassy::tls::{Buffers, ServerName, Trust, connect};

/// Client random, session id and key share out of a ClientHello record.
fn fresh_parts<P: Peer>(socket: &Socket<P>) -> [Vec<u8>; 3] {
    let hello = &socket.from_client[..socket.hello_len()];
    assert_eq!(hello[43], 32);
    [hello[11..43].to_vec(), hello[44..76].to_vec(), hello[hello.len() - 65..].to_vec()]
}

// Mutant: the client random left at zero.
#[test]
fn two_connections_share_nothing() {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Node::leaf(Kind::P256, &root);
    let anchors = [root.anchor()];
    let trust = Trust::new(&anchors, 0);
    let name = ServerName::try_from(HOST).unwrap();
    let (mut rx, mut tx) = (vec![0; 16640], [0; 512]);
    let mut buffers = Buffers::new(&mut rx, &mut tx);
    let mut rng = Rng::new(1);
    let mut seen = Vec::new();
    for _ in 0..8 {
        let mut socket = Socket::new(Honest::new(&leaf, leaf.alone()));
        let clock = At(Some(NOW_S));
        let session = connect(&mut socket, &mut buffers, &name, &trust, &clock, &mut rng);
        block_on(session).unwrap();
        let parts = fresh_parts(&socket);
        assert_eq!(parts[2][0], 4);
        for part in parts {
            assert!(!seen.contains(&part));
            seen.push(part);
        }
    }
}

/// The test above would also pass with a source that the client ignores: the same source gives the same hello.
#[test]
fn all_of_it_comes_from_the_caller() {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Node::leaf(Kind::P256, &root);
    let [a, b] = [(), ()].map(|()| {
        let mut socket = Socket::new(Honest::new(&leaf, leaf.alone()));
        attempt(&mut socket, &[root.anchor()]).unwrap();
        fresh_parts(&socket)
    });
    assert_eq!(a, b);
}
