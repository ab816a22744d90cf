//! What is told of a server that was accepted.

use embassy_futures::block_on;
use transport_embassy::tls::{
    Buffers, CertificateDer, KeyShape, Negotiated, RX_FOR_ANY_SERVER, ServerName, Trust, connect,
};

use super::client::At;
use super::honest_server::Honest;
use super::pki::{HOST, Kind, NOW_S, Node};
use super::rng::Rng;
use super::socket::Socket;

fn negotiated(leaf: &Node, chain: &[CertificateDer<'static>], root: &Node) -> Negotiated {
    let mut socket = Socket::new(Honest::new(leaf, chain));
    let anchors = [root.anchor()];
    let (trust, name, clock) = (Trust::new(&anchors, 0), ServerName::try_from(HOST).unwrap(), At(Some(NOW_S)));
    let (mut rx, mut tx) = (vec![0; RX_FOR_ANY_SERVER], [0; 512]);
    let mut buffers = Buffers::new(&mut rx, &mut tx);
    let session = block_on(connect(&mut socket, &mut buffers, &name, &trust, &clock, &mut Rng::new(1))).ok().unwrap();
    *session.negotiated()
}

/// Mutants seen red: `proof` left at 0; the chain without its first certificate.
#[test]
fn the_chain_as_it_was_sent() {
    for (kind, key, proof) in [
        (Kind::P256, KeyShape::P256, 0x0403),
        (Kind::P384, KeyShape::P384, 0x0503),
        (Kind::Rsa2048, KeyShape::Rsa(2048), 0x0804),
    ] {
        let root = Node::ca("root", Kind::Rsa4096, None);
        let middle = Node::ca("middle", Kind::P384, Some(&root));
        let leaf = Node::leaf(kind, &middle);
        let chain = [leaf.der.clone(), middle.der.clone(), root.der.clone()];
        let found = negotiated(&leaf, &chain, &root);
        assert_eq!((found.version, found.suite, found.group), (0x0304, 0x1303, 0x0017));
        // rustls takes the longest hash that is offered.
        let proven = if key == KeyShape::Rsa(2048) { found.proof & 0xfff0 == 0x0800 } else { found.proof == proof };
        assert!(proven, "{:#x}", found.proof);
        let shapes: Vec<_> = found.chain().iter().map(|c| (c.len, c.key)).collect();
        let keys = [key, KeyShape::P384, KeyShape::Rsa(4096)];
        assert_eq!(shapes, chain.iter().map(|c| c.len()).zip(keys).collect::<Vec<_>>());
        // A context byte, the list's length, and five bytes beside each certificate.
        assert_eq!(found.chain_len, 4 + shapes.iter().map(|(len, _)| len + 5).sum::<usize>());
    }
}
