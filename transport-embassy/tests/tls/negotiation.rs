//! What is agreed on with servers that have less, or something else, than others: suites, groups, HelloRetryRequest, and nothing.

use embassy_futures::block_on;
use rustls::SupportedCipherSuite;
use rustls::crypto::ring::{cipher_suite, default_provider, kx_group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use transport_embassy::tls::{Buffers, RX_FOR_ANY_SERVER, ServerName, TlsError, Trust, connect};

use super::client::{At, attempt};
use super::evil_server::{Evil, Retry, plain};
use super::honest_server::Honest;
use super::pki::{HOST, Kind, NOW_S, Node};
use super::rng::Rng;
use super::socket::{Peer, Socket};

/// Type and length of what the client sent after its first hello.
type Records = Vec<(u8, usize)>;

fn rustls_with(suites: &[SupportedCipherSuite], groups: &[&'static dyn SupportedKxGroup]) -> CryptoProvider {
    CryptoProvider { cipher_suites: suites.to_vec(), kx_groups: groups.to_vec(), ..default_provider() }
}

/// Suite and group agreed on with rustls, after an exchange of data with it.
fn agreed(suites: &[SupportedCipherSuite], groups: &[&'static dyn SupportedKxGroup]) -> (u16, u16, Records) {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Node::leaf(Kind::P256, &root);
    let anchors = [root.anchor()];
    let server = || {
        let provider = rustls_with(suites, groups);
        Socket::new(Honest::with_provider(provider, &leaf, leaf.alone(), &rustls::version::TLS13, false))
    };
    let mut socket = server();
    assert_eq!(attempt(&mut socket, &anchors).unwrap(), b"answer");
    assert_eq!(socket.peer.received, b"request");
    let (trust, name, clock) = (Trust::new(&anchors, 0), ServerName::try_from(HOST).unwrap(), At(Some(NOW_S)));
    let (mut rx, mut tx) = (vec![0; RX_FOR_ANY_SERVER], [0; 512]);
    let mut buffers = Buffers::new(&mut rx, &mut tx);
    let mut socket = server();
    let session = block_on(connect(&mut socket, &mut buffers, &name, &trust, &clock, &mut Rng::new(1))).ok().unwrap();
    let found = session.negotiated();
    (found.suite, found.group, socket.records_after_hello())
}

/// Meant to notice: suites named by each other's number; a HelloRetryRequest refused; the transcript not begun anew.
#[test]
fn with_rustls() {
    const AES: SupportedCipherSuite = cipher_suite::TLS13_AES_128_GCM_SHA256;
    const CHACHA: SupportedCipherSuite = cipher_suite::TLS13_CHACHA20_POLY1305_SHA256;
    const LONGER: SupportedCipherSuite = cipher_suite::TLS13_AES_256_GCM_SHA384;
    let first: Records = vec![(20, 1), (23, 53)];
    let p256: &'static dyn SupportedKxGroup = kx_group::SECP256R1;
    let x25519: &'static dyn SupportedKxGroup = kx_group::X25519;
    for (suites, suite) in [(&[AES][..], 0x1301), (&[CHACHA], 0x1303), (&[LONGER, AES, CHACHA], 0x1303)] {
        for groups in [&[p256][..], &[p256, x25519]] {
            assert_eq!(agreed(suites, groups), (suite, 0x0017, first.clone()));
        }
        // The server asks for a share of the only group it has: a second hello, and no second compatibility record.
        let (suite_found, group, records) = agreed(suites, &[x25519]);
        assert_eq!((suite_found, group), (suite, 0x001d));
        assert!(matches!(records[..], [(20, 1), (22, _), (23, 53)]), "{records:?}");
    }
}

/// A server with other suites or groups only gives up, and that is named.
#[test]
fn nothing_in_common() {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Node::leaf(Kind::P256, &root);
    for (suites, groups) in [
        (&[cipher_suite::TLS13_AES_256_GCM_SHA384][..], kx_group::X25519),
        (&[cipher_suite::TLS13_AES_128_GCM_SHA256], kx_group::SECP384R1),
    ] {
        let provider = rustls_with(suites, &[groups]);
        let server = Honest::with_provider(provider, &leaf, leaf.alone(), &rustls::version::TLS13, false);
        let error = attempt(&mut Socket::new(server), &[root.anchor()]).unwrap_err();
        assert_eq!(error, TlsError::NothingInCommon { alert: Some(40) });
    }
}

/// Says one thing to the first bytes it gets.
struct Says(Vec<u8>);

impl Peer for Says {
    fn receive(&mut self, _: &[u8]) -> Vec<u8> {
        core::mem::take(&mut self.0)
    }
}

/// Meant to notice: other alerts named so; a close without a name.
#[test]
fn a_server_that_ends_before_it_chooses() {
    let ends = |bytes: &[u8]| attempt(&mut Socket::new(Says(bytes.to_vec())), &[]).unwrap_err();
    assert_eq!(ends(&[]), TlsError::NothingInCommon { alert: None });
    assert_eq!(ends(&plain(21, &[2, 40])), TlsError::NothingInCommon { alert: Some(40) });
    assert_eq!(ends(&plain(21, &[2, 70])), TlsError::NothingInCommon { alert: Some(70) });
    assert_eq!(ends(&plain(21, &[1, 0])), TlsError::NothingInCommon { alert: None });
    assert_eq!(ends(&plain(21, &[2, 80])), TlsError::Alert(80));
    let text = ends(&plain(21, &[2, 70])).to_string();
    assert_eq!(
        text,
        "the server may speak TLS 1.2 only, or none of AES-128-GCM, ChaCha20-Poly1305; P-256, X25519; \
         ECDSA with P-256 or P-384, RSA: it sent TLS alert 70"
    );
}

/// A server that answers in TLS 1.2, as old ones do that do not know the extension.
#[test]
fn a_server_hello_of_tls_1_2() {
    let body = [&[3, 3][..], &[0x55; 32], &[0, 0xc0, 0x2b, 0]].concat();
    let hello = [&[2, 0, 0, body.len() as u8][..], &body].concat();
    let mut socket = Socket::new(Says(plain(22, &hello)));
    let error = attempt(&mut socket, &[]).unwrap_err();
    assert_eq!(error.to_string(), "the server speaks TLS 1.2 or older");
    // protocol_version
    assert_eq!(socket.after_hello(), plain(21, &[2, 70]));
}

/// What comes of a server that asks for a second hello so.
fn retried(retry: Retry) -> (Result<Vec<u8>, TlsError>, Records) {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Node::leaf(Kind::P256, &root);
    let mut socket = Socket::new(Evil::retrying(retry, move |keys| {
        let mut out = keys.server_hello();
        let flight = keys.honest_messages(leaf.alone(), &leaf.key);
        out.extend(keys.seal(22, &flight));
        out.extend(keys.application().seal(23, b"answer"));
        out
    }));
    let result = attempt(&mut socket, &[root.anchor()]);
    let records = socket.records_after_hello();
    (result, records)
}

/// Only a cookie: the same share goes out again. Meant to notice: no cookie in the second hello; two compatibility records.
#[test]
fn a_cookie() {
    let (result, records) = retried(|_| vec![0, 44, 0, 5, 0, 3, 7, 7, 7]);
    assert_eq!(result, Ok(b"answer".to_vec()));
    let second = records[1].1;
    assert!(matches!(records[..], [(20, 1), (22, _), (23, 53), ..]), "{records:?}");
    // An extension with a list and three bytes in it longer than a first hello.
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Node::leaf(Kind::P256, &root);
    let mut socket = Socket::new(Honest::new(&leaf, leaf.alone()));
    attempt(&mut socket, &[root.anchor()]).unwrap();
    assert_eq!(second, socket.hello_len() - 5 + 9);
}

// Meant to notice: a retry without a change followed; a group that was not offered, or whose share is there.
#[test]
fn bad_retries() {
    let cases: [(Retry, TlsError); 8] = [
        (|_| Vec::new(), TlsError::Unsupported("HelloRetryRequest")),
        (|_| vec![0, 51, 0, 2, 0, 0x17], TlsError::Unsupported("group (HelloRetryRequest)")),
        (|_| vec![0, 51, 0, 2, 0, 0x18], TlsError::Unsupported("group (HelloRetryRequest)")),
        (|_| vec![0, 51, 0, 3, 0, 0x1d, 0], TlsError::Malformed("HelloRetryRequest")),
        (|_| vec![0, 44, 0, 2, 0, 0], TlsError::Malformed("HelloRetryRequest")),
        (|_| vec![0, 44, 0, 3, 0, 1, 7, 0, 44, 0, 3, 0, 1, 7], TlsError::Malformed("HelloRetryRequest")),
        (|_| vec![0, 10, 0, 0], TlsError::Unsupported("extension in HelloRetryRequest")),
        // Longer than the buffer has room for.
        (|_| [&[0, 44, 4, 2, 4, 0][..], &[7; 1024]].concat(), TlsError::BufferTooSmall { needed: 0 }),
    ];
    for (n, (retry, expected)) in cases.into_iter().enumerate() {
        let (result, records) = retried(retry);
        match (result, expected) {
            (Err(TlsError::BufferTooSmall { needed }), TlsError::BufferTooSmall { .. }) => assert!(needed > 512),
            (result, expected) => assert_eq!(result, Err(expected), "{n}"),
        }
        assert_eq!(records, [(21, 2)], "{n}");
    }
}

// Mutant: a second hello of the server taken whatever its suite is (RFC 8446 section 4.1.4).
#[test]
fn another_suite_after_the_retry() {
    /// Asks for a second hello with AES-128-GCM, and answers that with another suite and the client's own share.
    struct Changes(u8, bool);
    impl Peer for Changes {
        fn receive(&mut self, bytes: &[u8]) -> Vec<u8> {
            let Some(at) = bytes.windows(5).position(|window| window == [0x00, 0x17, 0x00, 0x41, 0x04]) else {
                return Vec::new();
            };
            let hello = bytes.iter().position(|byte| *byte == 22).unwrap();
            let session_id = &bytes[hello + 5 + 38..hello + 5 + 71];
            let (random, suite, extensions) = if core::mem::replace(&mut self.1, true) {
                let share = [&[0, 51, 0, 69, 0, 0x17, 0, 65][..], &bytes[at + 4..at + 69]].concat();
                ([0x55; 32], self.0, share)
            } else {
                let random = b"\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91\
                               \xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c";
                (*random, 1, vec![0, 44, 0, 3, 0, 1, 7])
            };
            let extensions = [&[0, 43, 0, 2, 3, 4][..], &extensions].concat();
            let length = (extensions.len() as u16).to_be_bytes();
            let body = [&[3, 3][..], &random, session_id, &[0x13, suite, 0], &length, &extensions].concat();
            plain(22, &[&[2, 0, 0, body.len() as u8][..], &body].concat())
        }
    }
    let mut socket = Socket::new(Changes(3, false));
    assert_eq!(attempt(&mut socket, &[]), Err(TlsError::Unsupported("cipher suite")));
    let mut socket = Socket::new(Changes(1, false));
    assert_ne!(attempt(&mut socket, &[]), Err(TlsError::Unsupported("cipher suite")));
}

/// One retry is enough. Meant to notice: a second one followed.
#[test]
fn a_second_retry() {
    struct Again(Vec<u8>);
    impl Peer for Again {
        fn receive(&mut self, bytes: &[u8]) -> Vec<u8> {
            if bytes[0] == 22 {
                self.0 = bytes[5 + 38..5 + 71].to_vec();
            }
            if bytes[0] == 21 {
                return Vec::new();
            }
            let random = b"\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91\
                           \xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c";
            let extensions = [0, 12, 0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0, 0x1d];
            let body = [&[3, 3][..], random, &self.0, &[0x13, 0x01, 0], &extensions].concat();
            plain(22, &[&[2, 0, 0, body.len() as u8][..], &body].concat())
        }
    }
    let mut socket = Socket::new(Again(Vec::new()));
    assert_eq!(attempt(&mut socket, &[]), Err(TlsError::Unexpected("second HelloRetryRequest")));
}
