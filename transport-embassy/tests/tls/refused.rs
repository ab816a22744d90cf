//! Servers that must be refused, by their certificate or by their lack of proof, before the client has sent more than its hello.

use super::client::{At, attempt, attempt_with};
use super::evil_server::{Evil, Keys, plain};
use super::honest_server::Honest;
use super::pki::{HOST, Kind, NOW_S, Node, ca_params, key, leaf_params};
use super::socket::{Peer, Socket};
use rcgen::{BasicConstraints, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd};
use transport_embassy::tls::{CertificateDer, CertificateError as Why, MAX_CHAIN, Pins, TlsError, Trust, TrustAnchor};

/// The error, after a look at what was sent: a hello and an alert.
fn refusal<P: Peer>(mut socket: Socket<P>, anchors: &[TrustAnchor<'_>]) -> TlsError {
    let error = attempt(&mut socket, anchors).unwrap_err();
    assert!(socket.gave_up(), "sent more than a hello and an alert: {error}");
    error
}

fn refused(leaf: &Node, chain: &[CertificateDer<'static>], root: &Node, why: Why) {
    let error = refusal(Socket::new(Honest::new(leaf, chain)), &[root.anchor()]);
    assert_eq!(error, TlsError::Certificate(why));
    assert!(error.is_untrusted());
}

#[test]
fn wrong_ca() {
    let root = Node::ca("root", Kind::P256, None);
    let other = Node::ca("other", Kind::P256, None);
    let same_name = Node::ca("root", Kind::P256, None);
    let leaf = Node::leaf(Kind::P256, &other);
    refused(&leaf, leaf.alone(), &root, Why::UnknownIssuer);
    refused(&leaf, &[leaf.der.clone(), other.der.clone()], &root, Why::UnknownIssuer);
    let leaf = Node::leaf(Kind::P256, &same_name);
    refused(&leaf, leaf.alone(), &root, Why::BadSignature);
    let own = Node::make(leaf_params(&[HOST]), key(Kind::P256), None);
    refused(&own, own.alone(), &root, Why::UnknownIssuer);
}

// Mutant: the name's verdict ignored.
#[test]
fn wrong_name() {
    let root = Node::ca("root", Kind::P256, None);
    let cn = |names: &[&str]| {
        let mut params = leaf_params(names);
        params.distinguished_name.remove(DnType::CommonName);
        params.distinguished_name.push(DnType::CommonName, HOST);
        params
    };
    for params in [leaf_params(&["other.test"]), cn(&["other.test"]), cn(&[]), leaf_params(&["*.api.pay.test"])] {
        let leaf = Node::make(params, key(Kind::P256), Some(&root));
        refused(&leaf, leaf.alone(), &root, Why::WrongName);
    }
    // One label for one star.
    let leaf = Node::make(leaf_params(&["*.pay.test"]), key(Kind::P256), Some(&root));
    let anchors = [root.anchor()];
    let error = attempt_with(
        &mut Socket::new(Honest::new(&leaf, leaf.alone())),
        &Trust::new(&anchors, 0),
        &At(Some(NOW_S)),
        "till.api.pay.test",
    );
    assert_eq!(error, Err(TlsError::Certificate(Why::WrongName)));
}

#[test]
fn wrong_dates() {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Node::leaf_with(&root, |p| p.not_after = date_time_ymd(2026, 5, 31));
    refused(&leaf, leaf.alone(), &root, Why::Expired);
    let leaf = Node::leaf_with(&root, |p| p.not_before = date_time_ymd(2026, 6, 2));
    refused(&leaf, leaf.alone(), &root, Why::NotYetValid);
    let mut params = ca_params("issuing");
    params.not_after = date_time_ymd(2026, 5, 31);
    let issuing = Node::make(params, key(Kind::P256), Some(&root));
    let leaf = Node::leaf(Kind::P256, &issuing);
    refused(&leaf, &[leaf.der.clone(), issuing.der.clone()], &root, Why::Expired);
    refused(&leaf, leaf.alone(), &root, Why::UnknownIssuer);
}

// Mutants: no clock taken for a date; no lower bound.
#[test]
fn no_clock_no_connection() {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Node::leaf(Kind::P256, &root);
    let anchors = [root.anchor()];
    let trust = Trust::new(&anchors, NOW_S);
    for (now, error) in
        [(None, TlsError::NoClock), (Some(0), TlsError::ClockBehind), (Some(NOW_S - 1), TlsError::ClockBehind)]
    {
        let mut socket = Socket::new(Honest::new(&leaf, leaf.alone()));
        assert_eq!(attempt_with(&mut socket, &trust, &At(now), HOST), Err(error));
        assert!(error.is_untrusted() && socket.from_client.is_empty());
    }
}

#[test]
fn wrong_roles() {
    let root = Node::ca("root", Kind::P256, None);
    // A genuine server certificate of somebody else signs one for our name.
    let mallory = Node::make(leaf_params(&["mallory.test"]), key(Kind::P256), Some(&root));
    let leaf = Node::leaf(Kind::P256, &mallory);
    refused(&leaf, &[leaf.der.clone(), mallory.der.clone()], &root, Why::WrongRole);
    // A CA as server.
    let mut params = ca_params("server");
    params.subject_alt_names = leaf_params(&[HOST]).subject_alt_names;
    let ca = Node::make(params, key(Kind::P256), Some(&root));
    refused(&ca, ca.alone(), &root, Why::WrongRole);
}

#[test]
fn path_length() {
    let root = Node::ca("root", Kind::P256, None);
    let mut params = ca_params("upper");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    let upper = Node::make(params, key(Kind::P256), Some(&root));
    let lower = Node::ca("lower", Kind::P256, Some(&upper));
    let leaf = Node::leaf(Kind::P256, &lower);
    let chain = [leaf.der.clone(), lower.der.clone(), upper.der.clone()];
    refused(&leaf, &chain, &root, Why::Constraint);
}

#[test]
fn client_only_usage() {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Node::leaf_with(&root, |p| {
        p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    refused(&leaf, leaf.alone(), &root, Why::WrongUsage);
}

// Mutant: pins never asked.
#[test]
fn unpinned_key() {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Node::leaf(Kind::P256, &root);
    let anchors = [root.anchor()];
    let trust = Trust::new(&anchors, 0).with_pins(Pins::new([1; 32], [2; 32]));
    let mut socket = Socket::new(Honest::new(&leaf, leaf.alone()));
    assert_eq!(attempt_with(&mut socket, &trust, &At(Some(NOW_S)), HOST), Err(TlsError::Certificate(Why::NotPinned)));
    assert!(socket.gave_up());
}

#[test]
fn too_many_certificates() {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Node::leaf(Kind::P256, &root);
    let chain = vec![leaf.der.clone(); MAX_CHAIN + 1];
    refused(&leaf, &chain, &root, Why::TooMany);
}

/// Certificates that all look like each other's issuer, none of them genuine. How many signatures are checked for them is
/// bounded; the bound itself is tested beside it.
#[test]
fn a_maze_of_issuers_is_left_early() {
    let root = Node::ca("root", Kind::P256, None);
    let impostor = Node::ca("root", Kind::P256, None);
    let maze: Vec<Node> = (1..MAX_CHAIN).map(|_| Node::ca("root", Kind::P256, Some(&impostor))).collect();
    let leaf = Node::leaf(Kind::P256, &maze[0]);
    let chain: Vec<_> = core::iter::once(&leaf).chain(&maze).map(|n| n.der.clone()).collect();
    refused(&leaf, &chain, &root, Why::BadSignature);
}

/// The same under a name that no anchor has: every order of the certificates is a path to try, and no signature is checked on the
/// way, so nothing but the length of the chain bounds the work. Mutant: a `MAX_CHAIN` of 6.
#[test]
fn a_maze_without_a_way_out_is_small() {
    let root = Node::ca("root", Kind::P256, None);
    let impostor = Node::ca("maze", Kind::P256, None);
    let maze: Vec<Node> = (0..MAX_CHAIN).map(|_| Node::ca("maze", Kind::P256, Some(&impostor))).collect();
    let leaf = Node::leaf(Kind::P256, &maze[0]);
    let chain: Vec<_> = core::iter::once(&leaf).chain(&maze).map(|n| n.der.clone()).collect();
    refused(&leaf, &chain[..MAX_CHAIN], &root, Why::UnknownIssuer);
    refused(&leaf, &chain, &root, Why::TooMany);
    // Every ordered choice of the certificates beside the leaf, the empty one included.
    let others = MAX_CHAIN - 1;
    let paths: usize = (0..=others).map(|chosen| (0..chosen).map(|n| others - n).product::<usize>()).sum();
    assert!(paths <= 65, "{paths} paths for a stranger");
}

#[test]
fn tls_1_2_only() {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Node::leaf(Kind::P256, &root);
    let server = Honest::with(&leaf, leaf.alone(), &rustls::version::TLS12, false);
    // protocol_version or handshake_failure: the server's choice of words.
    let error = refusal(Socket::new(server), &[root.anchor()]);
    assert!(matches!(error, TlsError::NothingInCommon { alert: Some(40 | 70) }), "{error}");
    assert!(error.to_string().contains("TLS 1.2 only"), "{error}");
}

/// What a server without the right proof gets to see.
fn unproven(script: impl Fn(&mut Keys, &Node, &KeyPair) -> Vec<u8> + 'static) -> TlsError {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Node::leaf(Kind::P256, &root);
    let anchors = [root.anchor()];
    let other = key(Kind::P256);
    let server = Evil::new(move |keys| {
        let mut out = keys.server_hello();
        let flight = script(keys, &leaf, &other);
        out.extend(keys.seal(22, &flight));
        // A server that was believed would answer the request with this.
        out.extend(keys.application().seal(23, b"stolen"));
        out
    });
    refusal(Socket::new(server), &anchors)
}

// Mutant: any message but CertificateVerify taken for a certificate.
#[test]
fn no_certificate_at_all() {
    let error = unproven(|keys, _, _| [keys.encrypted_extensions(), keys.finished()].concat());
    assert_eq!(error, TlsError::BadProof("handshake without a certificate"));
    assert!(error.is_untrusted());
}

// Mutant: the kind of the message after Certificate unchecked.
#[test]
fn certificate_without_proof() {
    let error = unproven(|keys, leaf, _| {
        let mut flight = keys.encrypted_extensions();
        flight.extend(keys.certificate(leaf.alone()));
        flight.extend(keys.finished());
        flight
    });
    assert_eq!(error, TlsError::BadProof("handshake without CertificateVerify"));
}

// Mutant: any message but Finished taken for a certificate.
#[test]
fn proof_before_certificate() {
    let error = unproven(|keys, leaf, _| {
        let mut flight = keys.encrypted_extensions();
        flight.extend(keys.certificate_verify(&leaf.key));
        flight.extend(keys.certificate(leaf.alone()));
        flight.extend(keys.finished());
        flight
    });
    assert_eq!(error, TlsError::BadProof("handshake without a certificate"));
}

// Mutant: `accept_proof` that returns `Ok(Proven(()))` without the signature check.
#[test]
fn proof_by_another_key() {
    let error = unproven(|keys, leaf, other| keys.honest_messages(leaf.alone(), other));
    assert_eq!(error, TlsError::BadProof("CertificateVerify"));
}

#[test]
fn proof_over_another_transcript() {
    let error = unproven(|keys, leaf, _| {
        let mut flight = keys.encrypted_extensions();
        flight.extend(keys.certificate(leaf.alone()));
        let right = keys.transcript.clone();
        keys.add(8, b"another connection");
        let proof = keys.certificate_verify(&leaf.key);
        keys.transcript = right;
        keys.add(15, &proof[4..]);
        flight.extend(proof);
        flight.extend(keys.finished());
        flight
    });
    assert_eq!(error, TlsError::BadProof("CertificateVerify"));
}

// Mutant: no comparison of `verify_data`.
#[test]
fn bad_finished() {
    let error = unproven(|keys, leaf, _| {
        let mut flight = keys.honest_messages(leaf.alone(), &leaf.key);
        *flight.last_mut().unwrap() ^= 1;
        flight
    });
    assert_eq!(error, TlsError::BadProof("Finished"));
}

#[test]
fn empty_chain() {
    let error = unproven(|keys, leaf, _| keys.honest_messages(&[], &leaf.key));
    assert_eq!(error, TlsError::Certificate(Why::Missing));
}

#[test]
fn messages_twice_or_out_of_place() {
    let twice = |kind: u8| {
        move |keys: &mut Keys, leaf: &Node, _: &KeyPair| {
            let mut flight = Vec::new();
            for step in [8, 11, 15, 20] {
                for _ in 0..=usize::from(step == kind) {
                    flight.extend(match step {
                        8 => keys.encrypted_extensions(),
                        11 => keys.certificate(leaf.alone()),
                        15 => keys.certificate_verify(&leaf.key),
                        _ => keys.finished(),
                    });
                }
            }
            flight
        }
    };
    for kind in [8, 11, 15, 20] {
        unproven(twice(kind));
    }
    // Without EncryptedExtensions.
    unproven(|keys, leaf, _| {
        let mut flight = keys.certificate(leaf.alone());
        flight.extend(keys.certificate_verify(&leaf.key));
        flight.extend(keys.finished());
        flight
    });
    // CertificateRequest after the certificate.
    unproven(|keys, leaf, _| {
        let mut flight = keys.encrypted_extensions();
        flight.extend(keys.certificate(leaf.alone()));
        flight.extend(keys.certificate_request());
        flight.extend(keys.certificate_verify(&leaf.key));
        flight.extend(keys.finished());
        flight
    });
    // Finished first, the rest in the same record.
    unproven(|keys, leaf, _| {
        let mut flight = keys.encrypted_extensions();
        flight.extend(keys.finished());
        flight.extend(keys.certificate(leaf.alone()));
        flight.extend(keys.certificate_verify(&leaf.key));
        flight
    });
}

/// The right flight, but in clear.
#[test]
fn unencrypted_flight() {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Node::leaf(Kind::P256, &root);
    let anchors = [root.anchor()];
    let server = Evil::new(move |keys| {
        let mut out = keys.server_hello();
        let flight = keys.honest_messages(leaf.alone(), &leaf.key);
        out.extend(plain(22, &flight));
        out
    });
    let error = refusal(Socket::new(server), &anchors);
    assert_eq!(error, TlsError::Unexpected("unprotected record"));
}
