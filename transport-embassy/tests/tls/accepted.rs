//! Chains that must be accepted. Every test also pays a round trip of application data.

use super::client::{At, attempt, attempt_with};
use super::honest_server::Honest;
use super::pki::{HOST, Kind, NOW_S, Node, ca_params, key, leaf_params};
use super::socket::Socket;
use sha2::{Digest, Sha256};
use transport_embassy::tls::{CertificateDer, Pins, Trust, TrustAnchor};

fn accepted(leaf: &Node, chain: &[CertificateDer<'static>], anchors: &[TrustAnchor<'_>]) {
    let mut socket = Socket::new(Honest::new(leaf, chain));
    assert_eq!(attempt(&mut socket, anchors).unwrap(), b"answer");
    assert_eq!(socket.peer.received, b"request");
}

#[test]
fn right_ca_with_and_without_the_root() {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Node::leaf(Kind::P256, &root);
    accepted(&leaf, leaf.alone(), &[root.anchor()]);
    accepted(&leaf, &[leaf.der.clone(), root.der.clone()], &[root.anchor()]);
}

#[test]
fn one_of_several_anchors() {
    let others = [1, 2, 3].map(|n| Node::ca(&format!("other {n}"), Kind::P256, None));
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Node::leaf(Kind::P256, &root);
    let mut anchors: Vec<_> = others.iter().map(Node::anchor).collect();
    anchors.push(root.anchor());
    accepted(&leaf, leaf.alone(), &anchors);
}

/// What `MAX_CHAIN` has room for. Mutant: one less.
#[test]
fn two_intermediates_a_root_and_a_crossed_root() {
    let old = Node::ca("old root", Kind::P256, None);
    let root = Node::ca("new root", Kind::P256, None);
    let upper = Node::ca("upper", Kind::P256, Some(&root));
    let lower = Node::ca("lower", Kind::P256, Some(&upper));
    let leaf = Node::leaf(Kind::P256, &lower);
    let [leaf_der, lower, upper, new] = [&leaf, &lower, &upper, &root].map(|n| n.der.clone());
    let chain = [leaf_der, lower, upper, new, root.crossed(&old)];
    accepted(&leaf, &chain, &[old.anchor()]);
    accepted(&leaf, &chain, &[root.anchor()]);
}

#[test]
fn intermediates_in_any_order() {
    let root = Node::ca("root", Kind::P256, None);
    let upper = Node::ca("upper", Kind::P256, Some(&root));
    let lower = Node::ca("lower", Kind::P256, Some(&upper));
    let leaf = Node::leaf(Kind::P256, &upper);
    accepted(&leaf, &[leaf.der.clone(), upper.der.clone()], &[root.anchor()]);
    let leaf = Node::leaf(Kind::P256, &lower);
    let (l, i, u) = (leaf.der.clone(), lower.der.clone(), upper.der.clone());
    accepted(&leaf, &[l.clone(), i.clone(), u.clone()], &[root.anchor()]);
    accepted(&leaf, &[l, u, i], &[root.anchor()]);
}

#[test]
fn names() {
    let root = Node::ca("root", Kind::P256, None);
    let long = format!("{}.{}.test", "a".repeat(60), "b".repeat(60));
    for names in [vec!["a.test", "b.test", "c.test", HOST], vec![long.as_str(), HOST], vec!["*.pay.test"]] {
        let leaf = Node::make(leaf_params(&names), key(Kind::P256), Some(&root));
        accepted(&leaf, leaf.alone(), &[root.anchor()]);
    }
}

#[test]
fn an_address_as_name() {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Node::make(leaf_params(&["127.0.0.1"]), key(Kind::P256), Some(&root));
    let mut socket = Socket::new(Honest::new(&leaf, leaf.alone()));
    let anchors = [root.anchor()];
    let trust = Trust::new(&anchors, 0);
    let answer = attempt_with(&mut socket, &trust, &At(Some(NOW_S)), "127.0.0.1");
    assert_eq!(answer.unwrap(), b"answer");
}

#[test]
fn cross_signed_root_last() {
    let old = Node::ca("old root", Kind::P256, None);
    let root = Node::ca("root", Kind::P256, None);
    let issuing = Node::ca("issuing", Kind::P256, Some(&root));
    let leaf = Node::leaf(Kind::P256, &issuing);
    let chain = [leaf.der.clone(), issuing.der.clone(), root.crossed(&old)];
    accepted(&leaf, &chain, &[root.anchor()]);
    accepted(&leaf, &chain, &[old.anchor()]);
}

#[test]
fn chain_over_4096_bytes() {
    let root = Node::ca("root", Kind::P256, None);
    let issuing = Node::ca("issuing", Kind::P256, Some(&root));
    let names: Vec<String> = (0..120).map(|n| format!("a-rather-long-name-{n}.shops.test")).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.push(HOST);
    let leaf = Node::make(leaf_params(&names), key(Kind::P256), Some(&issuing));
    let chain = [leaf.der.clone(), issuing.der.clone()];
    assert!(chain.iter().map(|c| c.len()).sum::<usize>() > 4096);
    accepted(&leaf, &chain, &[root.anchor()]);
}

#[test]
fn client_certificate_request_is_answered_with_none() {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Node::leaf(Kind::P256, &root);
    let chain = [leaf.der.clone(), root.der.clone()];
    let mut socket = Socket::new(Honest::with(&leaf, &chain, &rustls::version::TLS13, true));
    assert_eq!(attempt(&mut socket, &[root.anchor()]).unwrap(), b"answer");
}

#[test]
fn one_byte_at_a_time() {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Node::leaf(Kind::P256, &root);
    let mut socket = Socket::new(Honest::new(&leaf, leaf.alone()));
    socket.chunk = 1;
    assert_eq!(attempt(&mut socket, &[root.anchor()]).unwrap(), b"answer");
}

// Mutant: `contain` without the spare.
#[test]
fn pinned_key_or_its_spare() {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Node::leaf(Kind::P256, &root);
    let pin = Sha256::digest(rcgen::PublicKeyData::subject_public_key_info(&leaf.key)).into();
    let anchors = [root.anchor()];
    for pins in [Pins::new(pin, [0; 32]), Pins::new([0; 32], pin)] {
        let mut socket = Socket::new(Honest::new(&leaf, leaf.alone()));
        let trust = Trust::new(&anchors, 0).with_pins(pins);
        let answer = attempt_with(&mut socket, &trust, &At(Some(NOW_S)), HOST);
        assert_eq!(answer.unwrap(), b"answer");
    }
}

#[test]
fn p384() {
    let root = Node::ca("root", Kind::P384, None);
    let issuing = Node::ca("issuing", Kind::P384, Some(&root));
    for leaf in [Kind::P256, Kind::P384].map(|kind| Node::leaf(kind, &issuing)) {
        accepted(&leaf, &[leaf.der.clone(), issuing.der.clone()], &[root.anchor()]);
    }
    let issuing = Node::ca("issuing", Kind::P256, Some(&root));
    let leaf = Node::leaf(Kind::P256, &issuing);
    let old = Node::ca("old root", Kind::P384, None);
    let chain = [leaf.der.clone(), issuing.der.clone(), root.crossed(&old)];
    accepted(&leaf, &chain, &[root.anchor()]);
}

#[test]
fn rsa() {
    let root = Node::ca("root", Kind::Rsa4096, None);
    let leaf = Node::leaf(Kind::Rsa2048, &root);
    accepted(&leaf, leaf.alone(), &[root.anchor()]);
    let issuing = Node::ca("issuing", Kind::Rsa2048, Some(&root));
    let leaf = Node::leaf(Kind::P256, &issuing);
    accepted(&leaf, &[leaf.der.clone(), issuing.der.clone()], &[root.anchor()]);
    let issuing = Node::make(ca_params("issuing"), key(Kind::Rsa4096), Some(&root));
    let leaf = Node::leaf(Kind::Rsa2048, &issuing);
    let old = Node::ca("old root", Kind::Rsa2048, None);
    let chain = [leaf.der.clone(), issuing.der.clone(), root.crossed(&old)];
    accepted(&leaf, &chain, &[root.anchor()]);
}
