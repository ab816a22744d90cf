//! Several CAs of one name, as after a renewal with a new key: path building tries them in turn, and all but one signature fail.

use transport_embassy::tls::{CertificateError, MAX_CHAIN, TlsError};

use super::client::attempt;
use super::honest_server::Honest;
use super::pki::{Kind, Node};
use super::socket::Socket;

/// Mutant: failed checks that count for four, which is how it was.
#[test]
fn anchors_of_one_name() {
    for kind in [Kind::P256, Kind::P384] {
        let roots: Vec<Node> = (0..6).map(|_| Node::ca("root", kind, None)).collect();
        let anchors: Vec<_> = roots.iter().map(Node::anchor).collect();
        for right in &roots {
            let issuing = Node::ca("issuing", Kind::P256, Some(right));
            let leaf = Node::leaf(Kind::P256, &issuing);
            let mut socket = Socket::new(Honest::new(&leaf, &[leaf.der.clone(), issuing.der.clone()]));
            assert_eq!(attempt(&mut socket, &anchors).unwrap(), b"answer");
        }
    }
}

#[test]
fn intermediates_of_one_name() {
    let roots = [(); 2].map(|()| Node::ca("root", Kind::P256, None));
    let anchors = roots.each_ref().map(Node::anchor);
    let issuing: Vec<Node> = (1..MAX_CHAIN).map(|_| Node::ca("issuing", Kind::P256, Some(&roots[1]))).collect();
    for right in &issuing {
        let leaf = Node::leaf(Kind::P256, right);
        let chain: Vec<_> = core::iter::once(&leaf).chain(&issuing).map(|n| n.der.clone()).collect();
        assert_eq!(attempt(&mut Socket::new(Honest::new(&leaf, &chain)), &anchors).unwrap(), b"answer");
    }
}

/// More than anybody has: refused after so many checks.
#[test]
fn there_is_an_end_to_it() {
    let roots: Vec<Node> = (0..14).map(|_| Node::ca("root", Kind::P256, None)).collect();
    let anchors: Vec<_> = roots.iter().map(Node::anchor).collect();
    let leaf = Node::leaf(Kind::P256, &roots[13]);
    let error = attempt(&mut Socket::new(Honest::new(&leaf, leaf.alone())), &anchors);
    assert_eq!(error, Err(TlsError::Certificate(CertificateError::BadSignature)));
}
