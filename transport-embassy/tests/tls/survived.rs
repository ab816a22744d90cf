//! Records that end a connection in an error: no panic, no hang, no byte of application data taken from them.

use super::client::attempt;
use super::evil_server::{Direction, Evil, Keys, message, plain};
use super::honest_server::Honest;
use super::pki::{Kind, Node};
use super::socket::{Peer, Socket};
use transport_embassy::tls::{TlsError, TrustAnchor};

/// Puts bytes between what the server sent in the handshake and its answer.
struct Injected {
    server: Honest,
    record: Vec<u8>,
}

impl Peer for Injected {
    fn receive(&mut self, bytes: &[u8]) -> Vec<u8> {
        let answer = self.server.receive(bytes);
        if self.server.received.is_empty() { answer } else { [core::mem::take(&mut self.record), answer].concat() }
    }
}

// Mutant: `read_protected` that hands unprotected records on with their outer type.
#[test]
fn plaintext_injected_after_the_handshake() {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Node::leaf(Kind::P256, &root);
    let ticket = message(4, &[0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 1, 0xaa, 0, 0]);
    for (kind, content) in [
        (22, message(20, &[0; 32])),
        (21, vec![1, 0]),
        (21, vec![2, 40]),
        (22, ticket),
        (20, vec![1]),
        (22, vec![]),
        (23, vec![]),
        (22, message(24, &[0])),
        (0, vec![1]),
        (99, vec![1]),
    ] {
        let mut socket =
            Socket::new(Injected { server: Honest::new(&leaf, leaf.alone()), record: plain(kind, &content) });
        let error = attempt(&mut socket, &[root.anchor()]).unwrap_err();
        assert!(matches!(error, TlsError::Unexpected(_) | TlsError::Malformed(_)), "{kind}: {error}");
    }
}

/// From a peer that has shown no certificate.
#[test]
fn protected_records_in_place_of_the_certificate() {
    let root = Node::ca("root", Kind::P256, None);
    let anchors = [root.anchor()];
    let cases: [fn(&mut Keys) -> Vec<u8>; 10] = [
        |keys| keys.seal_inner(&[]),
        |keys| keys.seal_inner(&[0]),
        |keys| keys.seal_inner(&[0; 200]),
        |keys| keys.seal(99, b"x"),
        |keys| keys.seal(23, b"data"),
        |keys| keys.seal(22, &[]),
        |keys| keys.seal(21, &[1]),
        |keys| keys.seal_inner(&[22; 16_386]),
        |keys| keys.seal_inner(&[0x16; 16_641 - 16]),
        |_| vec![23, 3, 3, 0xff, 0xff],
    ];
    for (n, case) in cases.into_iter().enumerate() {
        let server = Evil::new(move |keys| [keys.server_hello(), case(keys)].concat());
        let mut socket = Socket::new(server);
        let error = attempt(&mut socket, &anchors).unwrap_err();
        assert!(
            matches!(error, TlsError::Unexpected(_) | TlsError::Malformed(_) | TlsError::BufferTooSmall { .. }),
            "{n}: {error}"
        );
        assert!(socket.gave_up());
    }
}

// Mutants: no `at_record_end("ServerHello")`; no look at the retry random.
#[test]
fn bad_server_hellos() {
    const RETRY: &[u8; 32] = b"\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91\
                               \xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c";
    let root = Node::ca("root", Kind::P256, None);
    let anchors = [root.anchor()];
    type Change = fn(&mut Vec<u8>);
    let cases: [(Change, TlsError); 12] = [
        (|h| h[9] = 2, TlsError::Unsupported("version")),
        (|h| h[86] = 3, TlsError::Unsupported("version")),
        // Another session id.
        (|h| h[50] ^= 1, TlsError::Malformed("ServerHello")),
        (|h| h[77] = 2, TlsError::Unsupported("cipher suite")),
        (|h| h[78] = 1, TlsError::Malformed("ServerHello")),
        (|h| h[82] = 44, TlsError::Unsupported("version")),
        // Offered, but not with a share.
        (|h| h[92] = 0x1d, TlsError::Unsupported("group")),
        // No point, and one that is not on the curve.
        (|h| h[95] = 9, TlsError::Malformed("key share")),
        (|h| h[96] ^= 0xff, TlsError::Malformed("key share")),
        // To the group whose share is there.
        (|h| h[11..43].copy_from_slice(RETRY), TlsError::Unsupported("group (HelloRetryRequest)")),
        (|h| h.truncate(60), TlsError::NothingInCommon { alert: None }),
        // EncryptedExtensions in clear in the same record, where the keys change.
        (
            |h| {
                h.extend(message(8, &[0, 0]));
                h[4] += 6;
            },
            TlsError::Malformed("ServerHello"),
        ),
    ];
    for (n, (change, expected)) in cases.into_iter().enumerate() {
        let server = Evil::new(move |keys| {
            let mut hello = keys.server_hello();
            change(&mut hello);
            hello
        });
        let mut socket = Socket::new(server);
        assert_eq!(attempt(&mut socket, &anchors), Err(expected), "{n}");
        assert!(socket.gave_up());
    }
}

/// A complete and right handshake, in records as a test wants them, then records under the application key.
fn authenticated(split: usize, after: impl Fn(&mut Direction) -> Vec<u8> + 'static) -> (Evil, TrustAnchor<'static>) {
    let root = Node::ca("root", Kind::P256, None);
    let anchor = root.anchor();
    let leaf = Node::leaf(Kind::P256, &root);
    let server = Evil::new(move |keys| {
        let mut out = keys.server_hello();
        let flight = keys.honest_messages(&[leaf.der.clone(), root.der.clone()], &leaf.key);
        for part in flight.chunks(split) {
            out.extend(keys.seal(22, part));
        }
        out.extend(after(&mut keys.application()));
        out
    });
    (server, anchor)
}

/// rustls sends no message in pieces; others do.
#[test]
fn handshake_messages_split_over_records_are_joined() {
    for split in [1, 7, 100, 512, 16_000] {
        let (server, anchor) = authenticated(split, |key| key.seal(23, b"answer"));
        assert_eq!(attempt(&mut Socket::new(server), &[anchor]).unwrap(), b"answer", "{split}");
    }
}

#[test]
fn from_the_authenticated_server_after_the_handshake() {
    let ticket = || message(4, &[0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 1, 0xaa, 0, 0]);
    type Case = Box<dyn Fn(&mut Direction) -> Vec<u8>>;
    let cases: Vec<Case> = vec![
        Box::new(|key| key.seal(22, &message(20, &[0; 32]))),
        Box::new(|key| key.seal(22, &message(13, &[0, 0, 0]))),
        Box::new(|key| key.seal(22, &message(11, &[0, 0, 0, 0]))),
        Box::new(|key| key.seal(22, &message(2, &[0; 40]))),
        Box::new(|key| key.seal(22, &message(254, &[]))),
        // Another message in the form of a ticket. Mutant: any message of that form taken.
        Box::new(|key| key.seal(22, &message(13, &[0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 1, 0xaa, 0, 0]))),
        Box::new(|key| key.seal(22, &[])),
        // A ticket with something behind it, so that data comes in the middle of a message.
        Box::new(move |key| key.seal(22, &[ticket(), vec![4]].concat())),
        Box::new(move |key| key.seal(22, &ticket()[..6])),
        Box::new(|key| key.seal(22, &message(4, &[0; 9]))),
        Box::new(|key| key.seal_inner(&[])),
        Box::new(|key| key.seal_inner(&[0; 50])),
        Box::new(|key| key.seal(99, b"x")),
        Box::new(|key| key.seal(20, &[1])),
        Box::new(|key| key.seal(21, &[])),
        Box::new(|key| key.seal(21, &[1, 0])),
        Box::new(|key| key.seal(21, &[2, 80])),
        // Records without data, for ever.
        Box::new(|key| (0..200).flat_map(|_| key.seal(23, &[])).collect()),
    ];
    for (n, case) in cases.into_iter().enumerate() {
        let (server, anchor) = authenticated(16_000, move |key| [case(key), key.seal(23, b"too late")].concat());
        let error = attempt(&mut Socket::new(server), &[anchor]);
        assert!(error.is_err(), "{n}");
    }
}

#[test]
fn tickets_and_padding_are_passed_over() {
    let (server, anchor) = authenticated(16_000, |key| {
        let ticket = message(4, &[0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 1, 0xaa, 0, 0]);
        let mut padded = b"answer\x17".to_vec();
        padded.extend([0; 100]);
        [key.seal(22, &[ticket.clone(), ticket].concat()), key.seal(23, &[]), key.seal_inner(&padded)].concat()
    });
    assert_eq!(attempt(&mut Socket::new(server), &[anchor]).unwrap(), b"answer");
}

#[test]
fn change_cipher_specs_are_passed_over() {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = std::rc::Rc::new(Node::leaf(Kind::P256, &root));
    for (times, content, good) in [(1, 1, true), (8, 1, true), (9, 1, false), (1, 2, false)] {
        let leaf = leaf.clone();
        let server = Evil::new(move |keys| {
            let mut out = keys.server_hello();
            for _ in 0..times {
                out.extend(plain(20, &[content]));
            }
            let flight = keys.honest_messages(leaf.alone(), &leaf.key);
            out.extend(keys.seal(22, &flight));
            out.extend(keys.application().seal(23, b"answer"));
            out
        });
        assert_eq!(attempt(&mut Socket::new(server), &[root.anchor()]).is_ok(), good);
    }
}

#[test]
fn a_record_replayed_or_altered() {
    for alter in [false, true] {
        let (server, anchor) = authenticated(16_000, move |key| {
            let mut record = key.seal(23, &[]);
            let again = record.clone();
            if alter {
                *record.last_mut().unwrap() ^= 1;
            }
            [record, again].concat()
        });
        let error = attempt(&mut Socket::new(server), &[anchor]).unwrap_err();
        assert_eq!(error, TlsError::BadRecord);
    }
}
