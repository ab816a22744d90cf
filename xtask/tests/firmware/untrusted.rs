//! Servers that a kiosk must not talk to: it ends with a local error, and no request has left.

use core::net::Ipv4Addr;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};

use super::guest::Guest;
use super::proxy::{Proxy, Trouble};
use super::shop::{Shop, words};

/// The hand-written server of the TLS tests, over a real socket.
#[path = "../../../transport-embassy/tests/tls/evil_server.rs"]
#[allow(dead_code, reason = "the TLS tests use all of it")]
mod evil_server;
#[path = "../../../transport-embassy/tests/tls/rng.rs"]
#[allow(dead_code, reason = "the TLS tests use all of it")]
mod rng;

/// What the hand-written server is.
mod socket {
    pub(crate) trait Peer {
        fn receive(&mut self, bytes: &[u8]) -> Vec<u8>;
    }
}

use evil_server::Evil;
use socket::Peer;

/// Refused, because of this, and the gateway has not heard of it.
#[track_caller]
fn refused(change: impl FnOnce(&Shop, &mut Vec<String>), why: &str) {
    let shop = Shop::open(None);
    let proxy = Proxy::start(shop.port(), Trouble::None);
    let (mut words, _) = shop.session_at(proxy.port, "untrusted");
    change(&shop, &mut words);
    let ended = Guest::start(&words).end().expect(1);
    assert!(ended.said(why), "{:#?}", ended.lines);
    assert!(!ended.said(r#""sent","#), "{:#?}", ended.lines);
    assert_eq!(shop.gateway.gateway().payments().len(), 0);
    assert_eq!(proxy.records(), 0, "something protected was sent");
}

#[test]
fn another_authority() {
    let other = |shop: &Shop, words: &mut Vec<String>| {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let der = params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec();
        let path = shop.file("other.der", "");
        std::fs::write(&path, der).unwrap();
        words[5] = path;
    };
    refused(other, "no path to a trusted anchor");
}

#[test]
fn another_name() {
    refused(|_, words| words[3] = "gateway.example".into(), "not valid for this name");
}

#[test]
fn expired() {
    refused(|_, line| line.extend(words("--now 4102444800")), "expired");
}

/// Mutant seen red: a release date of zero.
#[test]
fn a_clock_that_was_never_set() {
    refused(|_, line| line.extend(words("--now 1000000")), "clock");
}

/// A server without a certificate whose Finished is right: nothing but a Finished message proves it.
#[test]
fn a_server_that_proves_nothing() {
    let shop = Shop::open(None);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut evil = Evil::new(|keys| {
            let flight = [keys.encrypted_extensions(), keys.finished()].concat();
            let mut out = keys.server_hello();
            out.extend(keys.seal(22, &flight));
            out.extend(keys.application().seal(23, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"));
            out
        });
        let (mut from_client, mut buffer) = (Vec::new(), [0; 2048]);
        while let Ok(len @ 1..) = stream.read(&mut buffer) {
            from_client.extend(&buffer[..len]);
            let _ = stream.write_all(&evil.receive(&buffer[..len]));
        }
        from_client
    });
    let (session, _) = shop.session_at(port, "unproven");
    let ended = Guest::start(&session).end().expect(1);
    assert!(ended.said("without a certificate"), "{:#?}", ended.lines);
    let from_client = server.join().unwrap();
    let hello = 5 + usize::from(u16::from_be_bytes([from_client[3], from_client[4]]));
    // At most an alert: two bytes in clear, or a record of 24 bytes.
    assert!(from_client.len() <= hello + 5 + 24, "{} bytes after the hello", from_client.len() - hello);
}

/// `--probe` says whether a server is trusted and sends nothing.
#[test]
fn a_probe_sends_nothing() {
    let shop = Shop::open(None);
    let proxy = Proxy::start(shop.port(), Trouble::None);
    let probe = [shop.gateway_at(proxy.port), words("--probe")].concat();
    let ended = Guest::start(&probe).end().expect(0);
    assert!(ended.said(r#""version":"TLS 1.3""#), "{:#?}", ended.lines);
    // At most the end of the handshake.
    assert!(proxy.records() <= 1);
    Guest::start(&[probe, words("--now 4102444800")].concat()).end().expect(1);
}
