//! Handshakes that prove everything and break RFC 8446 in one place: records and messages must be right to the letter too.

use embassy_futures::block_on;
use embedded_io_async::{Read, Write};
use transport_embassy::tls::{Buffers, ServerName, TlsError, Trust, connect};

use super::client::{At, attempt};
use super::evil_server::{Evil, Keys, plain};
use super::honest_server::Honest;
use super::pki::{HOST, Kind, NOW_S, Node};
use super::rng::Rng;
use super::socket::Socket;

/// What comes of a server that says this, and then answers.
fn against(flight: impl Fn(&mut Keys, &Node) -> Vec<u8> + 'static) -> Result<Vec<u8>, TlsError> {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Node::leaf(Kind::P256, &root);
    let server = Evil::new(move |keys| {
        let mut out = flight(keys, &leaf);
        out.extend(keys.application().seal(23, b"answer"));
        out
    });
    attempt(&mut Socket::new(server), &[root.anchor()])
}

/// The messages after ServerHello, with these extensions in EncryptedExtensions.
fn messages(keys: &mut Keys, leaf: &Node, extensions: &[u8]) -> Vec<u8> {
    let body = [&(extensions.len() as u16).to_be_bytes(), extensions].concat();
    let mut messages = keys.add(8, &body);
    messages.extend(keys.certificate(leaf.alone()));
    messages.extend(keys.certificate_verify(&leaf.key));
    messages.extend(keys.finished());
    messages
}

// Mutant: the inner type unchecked, so that it passes for an unprotected change_cipher_spec.
#[test]
fn a_protected_change_cipher_spec() {
    let result = against(|keys, leaf| {
        let ccs = keys.seal(20, &[1]);
        let messages = messages(keys, leaf, &[]);
        [keys.server_hello(), ccs, keys.seal(22, &messages)].concat()
    });
    assert_eq!(result, Err(TlsError::Unexpected("content type")));
}

// Mutant: `start == end` not asked.
#[test]
fn a_change_cipher_spec_between_fragments() {
    const ERROR: Result<Vec<u8>, TlsError> = Err(TlsError::Unexpected("record during the handshake"));
    // 6 bytes are EncryptedExtensions, whole; 2 and 100 end in the middle of a message.
    for (at, expected) in [(2, ERROR), (6, Ok(b"answer".to_vec())), (100, ERROR)] {
        let result = against(move |keys, leaf| {
            let messages = messages(keys, leaf, &[]);
            let (first, last) = messages.split_at(at);
            [keys.server_hello(), keys.seal(22, first), plain(20, &[1]), keys.seal(22, last)].concat()
        });
        assert_eq!(result, expected, "after {at} bytes");
    }
    let result = against(|keys, leaf| {
        let hello = keys.server_hello().split_off(5);
        let (first, last) = hello.split_at(20);
        let messages = messages(keys, leaf, &[]);
        [plain(22, first), plain(20, &[1]), plain(22, last), keys.seal(22, &messages)].concat()
    });
    assert_eq!(result, ERROR);
}

// Mutants: the content's length compared in place of the whole; a limit one byte less.
#[test]
fn padding_counts_towards_the_limit() {
    const LIMIT: usize = (1 << 14) + 1;
    for (len, expected) in [(LIMIT, Ok(b"answer".to_vec())), (LIMIT + 1, Err(TlsError::Malformed("record length")))] {
        let result = against(move |keys, leaf| {
            let mut inner = messages(keys, leaf, &[]);
            inner.push(22);
            inner.resize(len, 0);
            [keys.server_hello(), keys.seal_inner(&inner)].concat()
        });
        assert_eq!(result, expected);
    }
}

// Mutants: `name_seen` or `groups_seen` unset; the data of server_name unchecked.
#[test]
fn encrypted_extensions() {
    const NAME: [u8; 4] = [0, 0, 0, 0];
    const GROUPS: [u8; 8] = [0, 10, 0, 4, 0, 2, 0, 23];
    for (extensions, good) in [
        ([&NAME[..], &GROUPS].concat(), true),
        ([NAME, NAME].concat(), false),
        ([GROUPS, GROUPS].concat(), false),
        (vec![0, 0, 0, 1, 9], false),
    ] {
        let result = against(move |keys, leaf| {
            let messages = messages(keys, leaf, &extensions);
            [keys.server_hello(), keys.seal(22, &messages)].concat()
        });
        let expected = if good { Ok(b"answer".to_vec()) } else { Err(TlsError::Malformed("EncryptedExtensions")) };
        assert_eq!(result, expected);
    }
}

/// A caller's mistake, which must not end in a panic either. Mutant: the bytes indexed.
#[test]
fn a_channel_over_shorter_buffers() {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Node::leaf(Kind::P256, &root);
    let anchors = [root.anchor()];
    let (trust, name, clock) = (Trust::new(&anchors, 0), ServerName::try_from(HOST).unwrap(), At(Some(NOW_S)));
    let mut socket = Socket::new(Honest::new(&leaf, leaf.alone()));
    let (mut rx, mut tx, mut short_rx, mut short_tx) = (vec![0; 16640], [0; 512], [0; 2], [0; 64]);
    let mut buffers = Buffers::new(&mut rx, &mut tx);
    let mut short = Buffers::new(&mut short_rx, &mut short_tx);
    block_on(async {
        let mut session =
            connect(&mut socket, &mut buffers, &name, &trust, &clock, &mut Rng::new(1)).await.ok().unwrap();
        let mut channel = session.channel(&mut socket, &mut buffers);
        channel.write_all(b"request").await.unwrap();
        channel.flush().await.unwrap();
        assert_eq!(channel.read(&mut [0]).await, Ok(1));
        let mut channel = session.channel(&mut socket, &mut short);
        assert_eq!(channel.read(&mut [0; 10]).await, Err(TlsError::Broken));
    });
}
