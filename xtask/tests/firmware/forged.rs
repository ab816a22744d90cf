//! Handshakes of a server that has not the key it shows, or a certificate that nobody signed: by the image that pays.

use core::net::Ipv4Addr;
use std::io::Read;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use super::guest::{Ended, Guest, scratch};
use super::shop::words;

/// What the kiosk says of a server whose certificate went through `forge`, and that signs its proof with the key that `key` picks of
/// the certificate's own and another one.
fn probe(forge: impl FnOnce(&mut Vec<u8>), key: impl FnOnce(KeyPair, KeyPair) -> KeyPair) -> Ended {
    let key_pair = || KeyPair::generate().unwrap();
    let mut root = CertificateParams::new(Vec::new()).unwrap();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root_key = key_pair();
    let root_der = root.self_signed(&root_key).unwrap().der().to_vec();
    let mut leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    leaf.is_ca = IsCa::ExplicitNoCa;
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let leaf_key = key_pair();
    let mut leaf = leaf.signed_by(&leaf_key, &Issuer::new(root, root_key)).unwrap().der().to_vec();
    forge(&mut leaf);
    let key = PrivatePkcs8KeyDer::from(key(leaf_key, key_pair()).serialize_der());
    let key = ring::sign::any_ecdsa_type(&PrivateKeyDer::Pkcs8(key)).unwrap();
    let certified = CertifiedKey::new(vec![CertificateDer::from(leaf)], key);
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut tls = rustls::ServerConnection::new(Arc::new(config)).unwrap();
        // The kiosk hangs up as soon as it knows enough.
        let _ = tls.complete_io(&mut stream);
        let _ = stream.read(&mut [0]);
    });
    let ca = scratch("root.der");
    std::fs::write(&ca, root_der).unwrap();
    let line = format!("--connect 10.0.2.2:{port} --server-name localhost --ca {} --probe", ca.display());
    let ended = Guest::start(&words(&line)).end();
    std::fs::remove_file(&ca).unwrap();
    server.join().unwrap();
    ended
}

/// So that the others are refused for what is forged and nothing else.
#[test]
fn an_honest_one_is_taken() {
    probe(|_| (), |own, _| own).expect(0);
}

/// Mutant seen red: any signature over P-256 taken.
#[test]
fn a_certificate_that_nobody_signed() {
    // The signature's s is the end of a certificate.
    let ended = probe(|leaf| *leaf.last_mut().unwrap() ^= 1, |own, _| own).expect(1);
    assert!(ended.said("signature"), "{:#?}", ended.lines);
}

/// Mutant seen red: any signature over P-256 taken.
#[test]
fn a_proof_with_another_key() {
    let ended = probe(|_| (), |_, other| other).expect(1);
    assert!(ended.said("CertificateVerify"), "{:#?}", ended.lines);
}
