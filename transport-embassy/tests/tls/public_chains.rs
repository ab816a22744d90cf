//! Chains of the shapes that public hosts send, which the default features must take.

use transport_embassy::tls::CertificateDer;

use super::client::attempt;
use super::honest_server::Honest;
use super::pki::{HOST, Kind, Node, key, leaf_params};
use super::socket::Socket;

/// Trusted with each of these roots, and in this many bytes.
fn accepted(leaf: &Node, above: &[CertificateDer<'static>], roots: &[&Node]) -> usize {
    let chain: Vec<_> = core::iter::once(&leaf.der).chain(above).cloned().collect();
    for root in roots {
        let mut socket = Socket::new(Honest::new(leaf, &chain));
        assert_eq!(attempt(&mut socket, &[root.anchor()]).unwrap(), b"answer");
    }
    chain.iter().map(|certificate| certificate.len()).sum()
}

/// Meant to notice: without the feature `rsa` or `p384` these are refused.
#[test]
fn an_rsa_root_over_a_p256_leaf() {
    let root = Node::ca("root", Kind::Rsa4096, None);
    let issuing = Node::ca("issuing", Kind::Rsa2048, Some(&root));
    let leaf = Node::leaf(Kind::P256, &issuing);
    accepted(&leaf, &[issuing.der], &[&root]);
}

#[test]
fn a_p384_intermediate_under_an_rsa_root() {
    let root = Node::ca("root", Kind::Rsa4096, None);
    let issuing = Node::ca("issuing", Kind::P384, Some(&root));
    for kind in [Kind::P256, Kind::P384, Kind::Rsa2048] {
        let leaf = Node::leaf(kind, &issuing);
        accepted(&leaf, std::slice::from_ref(&issuing.der), &[&root]);
    }
}

/// A new P-384 root that an old RSA root has signed: trusted by who has either.
#[test]
fn a_cross_signed_root() {
    let old = Node::ca("old root", Kind::Rsa4096, None);
    let root = Node::ca("new root", Kind::P384, None);
    let issuing = Node::ca("issuing", Kind::P384, Some(&root));
    let leaf = Node::leaf(Kind::P256, &issuing);
    accepted(&leaf, &[issuing.der.clone(), root.crossed(&old)], &[&old, &root]);
    // The same with RSA all the way.
    let root = Node::ca("new root", Kind::Rsa4096, None);
    let old = Node::ca("old root", Kind::Rsa2048, None);
    let issuing = Node::ca("issuing", Kind::Rsa2048, Some(&root));
    let leaf = Node::leaf(Kind::Rsa2048, &issuing);
    accepted(&leaf, &[issuing.der.clone(), root.crossed(&old)], &[&old, &root]);
}

/// Three certificates in about 9.8 KB, one with names for hundreds of hosts.
#[test]
fn a_long_chain() {
    let root = Node::ca("root", Kind::Rsa4096, None);
    let upper = Node::ca("upper", Kind::P384, Some(&root));
    let lower = Node::ca("lower", Kind::Rsa2048, Some(&upper));
    let names: Vec<String> = (0..230).map(|n| format!("a-rather-long-name-{n}.shops.test")).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.push(HOST);
    let leaf = Node::make(leaf_params(&names), key(Kind::Rsa2048), Some(&lower));
    let bytes = accepted(&leaf, &[lower.der, upper.der], &[&root]);
    assert!((9_500..10_500).contains(&bytes), "{bytes} bytes");
}
