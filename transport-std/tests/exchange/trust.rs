//! Whom we take for the server.

use std::io::{Read, Write};
use std::sync::Arc;

use pay_core::sale::{Delivery, ErrorKind};
use pay_core::wire::{Auth, Endpoint};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, SanType, date_time_ymd};
use rustls::ServerConfig;
use transport_std::{Config, Distrust, HttpsTransport, Problem, Roots, SetupError};

use super::server::{CA, Ca, OK, Peer, Server, config, exchange, failure, leaf, server_config};

fn answering_as(config: Arc<ServerConfig>) -> Server {
    Server::start_as(config, |peer: Peer| {
        // A client that refuses the certificate ends the handshake.
        let Some(mut tls) = peer.try_handshake() else { return };
        while tls.read_request().is_some() {
            tls.send(OK);
        }
    })
}

#[track_caller]
fn assert_untrusted(config: Arc<ServerConfig>, why: Distrust) {
    let server = answering_as(config);
    assert_eq!(failure(&server), (Problem::Untrusted(why), ErrorKind::Untrusted, Delivery::NotSent));
    assert_eq!(server.requests().len(), 0);
}

// Mutant for all of these: a verifier that accepts (`dangerous()`), or `Untrusted` mapped to `Handshake`.
#[test]
fn somebody_elses_authority() {
    assert_untrusted(Ca::new("another root").server(|_| ()), Distrust::Issuer);
}

#[test]
fn an_authority_of_the_same_name() {
    let config = Ca::new("test root").server(|_| ());
    let server = answering_as(config);
    let (problem, kind, delivery) = failure(&server);
    assert!(matches!(problem, Problem::Untrusted(_)), "{problem:?}");
    assert_eq!((kind, delivery), (ErrorKind::Untrusted, Delivery::NotSent));
}

#[test]
fn nobody_signed_it() {
    let key = KeyPair::generate().unwrap();
    let certificate = leaf(|_| ()).self_signed(&key).unwrap();
    assert_untrusted(server_config(certificate.der().clone(), &key, rustls::ALL_VERSIONS), Distrust::Issuer);
}

#[test]
fn another_host() {
    let other = |params: &mut CertificateParams| {
        params.subject_alt_names = vec![SanType::DnsName("other.test".try_into().unwrap())];
    };
    assert_untrusted(CA.server(other), Distrust::Name);
    // The name in the subject alone does not count.
    let subject = |params: &mut CertificateParams| {
        other(params);
        params.distinguished_name.push(rcgen::DnType::CommonName, super::server::HOST);
    };
    assert_untrusted(CA.server(subject), Distrust::Name);
}

#[test]
fn no_longer_or_not_yet_valid() {
    assert_untrusted(CA.server(|params| params.not_after = date_time_ymd(2020, 1, 1)), Distrust::Expired);
    assert_untrusted(CA.server(|params| params.not_before = date_time_ymd(2999, 1, 1)), Distrust::NotYetValid);
}

#[test]
fn a_certificate_for_something_else() {
    let client =
        |params: &mut CertificateParams| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    assert_untrusted(CA.server(client), Distrust::Other);
}

#[test]
fn test_roots_are_not_in_the_bundle() {
    let server = answering_as(CA.server(|_| ()));
    let config = Config::new().with_address(server.address);
    let mut client = HttpsTransport::new(server.endpoint(Auth::Session), config).unwrap();
    assert_eq!(exchange(&mut client).unwrap_err().problem(), Problem::Untrusted(Distrust::Issuer));
}

#[test]
fn a_server_without_tls() {
    let server = Server::start(|mut peer| {
        let _ = peer.tcp.read(&mut [0; 4096]);
        let _ = peer.tcp.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        let _ = peer.tcp.read(&mut [0; 4096]);
    });
    assert_eq!(failure(&server), (Problem::Handshake, ErrorKind::Tls, Delivery::NotSent));
}

// A server's own certificate may be the root: that is how one is pinned.
#[test]
fn either_version_of_tls_is_spoken_and_a_certificate_may_be_pinned() {
    for version in rustls::ALL_VERSIONS {
        let key = KeyPair::generate().unwrap();
        let certificate = leaf(|_| ()).self_signed(&key).unwrap();
        let server = answering_as(server_config(certificate.der().clone(), &key, &[version]));
        let config = server.config().with_roots(Roots::from_der([certificate.der().as_ref()]).unwrap());
        let mut client = HttpsTransport::new(server.endpoint(Auth::Session), config).unwrap();
        for _ in 0..2 {
            assert_eq!(exchange(&mut client).unwrap().1, "{}", "{version:?}");
        }
        assert_eq!(server.accepts(), 1);
        assert_eq!(failure(&server).1, ErrorKind::Untrusted);
    }
}

#[test]
fn an_address_may_be_the_name() {
    let server = answering_as(CA.server(|_| ()));
    let endpoint = Endpoint::parse(&format!("https://{}", server.address), Auth::Session).unwrap();
    let mut client = HttpsTransport::new(endpoint, config()).unwrap();
    assert_eq!(exchange(&mut client).unwrap().1, "{}");
    assert!(server.requests()[0].starts_with("POST /orders/sessions "));
    let nameless = |params: &mut CertificateParams| params.subject_alt_names.truncate(1);
    let server = answering_as(CA.server(nameless));
    let endpoint = Endpoint::parse(&format!("https://{}", server.address), Auth::Session).unwrap();
    let mut client = HttpsTransport::new(endpoint, config()).unwrap();
    assert_eq!(exchange(&mut client).unwrap_err().problem(), Problem::Untrusted(Distrust::Name));
}

// Mutant: skipping what cannot be read, as `add_parsable_certificates` does.
#[test]
fn roots_are_read_or_refused() {
    let good = format!("a comment\n{}", CA.pem);
    let broken = "-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n";
    let refused = |pem: &str| Roots::from_pem(pem.as_bytes()).unwrap_err();
    assert_eq!(refused(broken), SetupError::BadCertificate);
    assert_eq!(refused(&format!("{good}{broken}")), SetupError::BadCertificate);
    assert_eq!(refused(""), SetupError::NoCertificate);
    assert_eq!(Roots::from_der([]).unwrap_err(), SetupError::NoCertificate);
    assert_eq!(Roots::from_der([&b"x"[..]]).unwrap_err(), SetupError::BadCertificate);
    let server = answering_as(CA.server(|_| ()));
    let config = server.config().with_roots(Roots::from_pem(good.as_bytes()).unwrap());
    let mut client = HttpsTransport::new(server.endpoint(Auth::Session), config).unwrap();
    assert_eq!(exchange(&mut client).unwrap().1, "{}");
}

#[test]
fn a_host_that_cannot_be_one() {
    let endpoint = Endpoint::parse("https://-.-/pg", Auth::Session).unwrap();
    assert_eq!(HttpsTransport::new(endpoint, Config::new()).unwrap_err(), SetupError::BadHost);
}

#[cfg(feature = "platform-verifier")]
#[test]
fn the_platform_does_not_trust_the_test_root() {
    let server = answering_as(CA.server(|_| ()));
    let config = server.config().with_roots(Roots::platform());
    // A machine without any roots cannot be asked.
    let Ok(mut client) = HttpsTransport::new(server.endpoint(Auth::Session), config) else { return };
    assert!(matches!(exchange(&mut client).unwrap_err().problem(), Problem::Untrusted(_)));
}
