//! Handshakes of a server that has not the key it shows, or a certificate that nobody signed: by the image that pays.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use super::guest::{Ended, Guest};
use super::handshake::shake_hands;

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
    shake_hands(config, &root_der, |words| Guest::start(words).end())
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
