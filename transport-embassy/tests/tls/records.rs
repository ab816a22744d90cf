//! Buffers: records padded to their greatest length, and what is said of a buffer that is too small.

use embassy_futures::block_on;
use embedded_io_async::{Read, Write};
use transport_embassy::tls::{Buffers, RX_FOR_ANY_SERVER, ServerName, TlsError, Trust, connect};

use super::client::At;
use super::evil_server::{Evil, Keys};
use super::pki::{HOST, Kind, NOW_S, Node, key, leaf_params};
use super::rng::Rng;
use super::socket::Socket;

/// Protects `content` in a record that is as long as a record may be.
fn padded(keys: &mut Keys, content: &[u8]) -> Vec<u8> {
    let mut inner = content.to_vec();
    inner.push(22);
    inner.resize((1 << 14) + 1, 0);
    keys.seal_inner(&inner)
}

/// How a server comes out with these buffers that sends each message in a record of its own, the padded ones at full length.
fn with_buffers(leaf_kind: Kind, rx: usize, tx: usize, pad: bool) -> Result<Vec<u8>, TlsError> {
    with_pieces(leaf_kind, rx, tx, usize::MAX, pad)
}

/// The same of a server that cuts its messages into pieces of so many bytes.
fn with_pieces(leaf_kind: Kind, rx: usize, tx: usize, piece: usize, pad: bool) -> Result<Vec<u8>, TlsError> {
    let root = Node::ca("root", Kind::P256, None);
    // Names enough for a certificate of 8 KB.
    let names: Vec<String> = (0..220).map(|n| format!("a-rather-long-name-{n}.shops.test")).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.push(HOST);
    let leaf = Node::make(leaf_params(&names), key(leaf_kind), Some(&root));
    let anchors = [root.anchor()];
    let server = Evil::new(move |keys| {
        let mut out = keys.server_hello();
        for step in 0..4 {
            let message = match step {
                0 => keys.encrypted_extensions(),
                1 => keys.certificate(leaf.alone()),
                2 => keys.certificate_verify(&leaf.key),
                _ => keys.finished(),
            };
            for piece in message.chunks(piece) {
                out.extend(if pad { padded(keys, piece) } else { keys.seal(22, piece) });
            }
        }
        let mut inner = b"answer\x17".to_vec();
        inner.resize((1 << 14) + 1, 0);
        let mut key = keys.application();
        out.extend(if pad { key.seal_inner(&inner) } else { key.seal(23, b"answer") });
        out
    });
    let (trust, name, clock) = (Trust::new(&anchors, 0), ServerName::try_from(HOST).unwrap(), At(Some(NOW_S)));
    let (mut rx, mut tx) = (vec![0; rx], vec![0; tx]);
    let mut buffers = Buffers::new(&mut rx, &mut tx);
    let mut socket = Socket::new(server);
    block_on(async {
        let mut session = connect(&mut socket, &mut buffers, &name, &trust, &clock, &mut Rng::new(1)).await?;
        let mut channel = session.channel(&mut socket, &mut buffers);
        channel.write_all(b"request").await?;
        channel.flush().await?;
        let mut answer = [0; 64];
        let len = channel.read(&mut answer).await?;
        Ok(answer[..len].to_vec())
    })
}

/// Meant to notice: the whole chain kept while the proof is read; `RX_FOR_ANY_SERVER` without room for the key.
#[test]
fn padded_to_16_kib() {
    assert_eq!(with_buffers(Kind::P256, RX_FOR_ANY_SERVER, 512, true), Ok(b"answer".to_vec()));
}

/// Growing each buffer by what the error asks for ends in a connection, each time by more than there is. Meant to notice: `needed` without
/// what lies in front.
#[test]
fn needed_is_what_is_missing() {
    for pad in [false, true] {
        let (mut rx, mut tx, mut steps) = (4, 4, 0);
        loop {
            match with_buffers(Kind::P256, rx, 512, pad) {
                Err(TlsError::BufferTooSmall { needed }) => {
                    assert!(needed > rx, "{needed} bytes needed, of {rx}");
                    assert!(needed <= RX_FOR_ANY_SERVER);
                    rx = needed;
                    steps += 1;
                }
                result => break assert_eq!(result, Ok(b"answer".to_vec())),
            }
        }
        assert!((2..12).contains(&steps), "{steps} steps");
        loop {
            match with_buffers(Kind::P256, RX_FOR_ANY_SERVER, tx, pad) {
                Err(TlsError::BufferTooSmall { needed }) => {
                    assert!(needed > tx, "{needed} bytes needed, of {tx}");
                    tx = needed;
                }
                result => break assert_eq!(result, Ok(b"answer".to_vec())),
            }
        }
        assert!(tx <= 512);
    }
}

/// A certificate of 8 KB in pieces, and each piece padded to 16 KiB. The pieces alone fit; a padded one behind what came before it does not, and
/// the error says how much room it wants: giving that once is enough for this record. Meant to notice: `needed` without what lies in front.
#[test]
fn cut_and_padded_to_16_kib() {
    for piece in [700, 2048, 5000] {
        assert_eq!(with_pieces(Kind::P256, RX_FOR_ANY_SERVER, 512, piece, false), Ok(b"answer".to_vec()));
        let (mut rx, mut steps) = (RX_FOR_ANY_SERVER, 0);
        loop {
            match with_pieces(Kind::P256, rx, 512, piece, true) {
                Err(TlsError::BufferTooSmall { needed }) => {
                    assert!(rx < needed && needed <= rx + piece, "{needed} bytes needed, of {rx}");
                    rx = needed;
                    steps += 1;
                }
                result => break assert_eq!(result, Ok(b"answer".to_vec())),
            }
        }
        assert!(steps > 0 && rx < RX_FOR_ANY_SERVER + 10_000, "{steps} steps to {rx}");
    }
}

/// The longest name there can be, in the buffer that the documentation names.
#[test]
fn the_longest_hello() {
    let labels = ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(61)];
    let name = labels.join(".");
    let name = ServerName::try_from(name.as_str()).unwrap();
    let (trust, clock) = (Trust::new(&[], 0), At(Some(NOW_S)));
    let (mut rx, mut tx) = (vec![0; RX_FOR_ANY_SERVER], [0; 512]);
    let mut buffers = Buffers::new(&mut rx, &mut tx);
    let mut socket = Socket::new(Evil::new(|_| Vec::new()));
    let result = block_on(connect(&mut socket, &mut buffers, &name, &trust, &clock, &mut Rng::new(1)));
    assert_eq!(result.err(), Some(TlsError::NothingInCommon { alert: None }));
}
