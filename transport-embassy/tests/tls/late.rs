//! What a server may say after the handshake (RFC 8446 section 4.6): tickets, however they are cut and however many, and key updates.

use embassy_futures::block_on;
use embedded_io_async::{Read, Write};
use transport_embassy::tls::{Buffers, RX_FOR_ANY_SERVER, ServerName, TlsError, Trust, connect};

use super::client::{At, attempt};
use super::evil_server::{Direction, Evil, message};
use super::pki::{HOST, Kind, NOW_S, Node};
use super::rng::Rng;
use super::socket::Socket;

fn ticket() -> Vec<u8> {
    message(4, &[0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 1, 0xaa, 0, 0])
}

/// What is read from a server that says this after its Finished, and whether the connection could be used again.
fn after(records: impl Fn(&mut Direction) -> Vec<u8> + 'static) -> Result<(Vec<u8>, bool), TlsError> {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Node::leaf(Kind::P256, &root);
    let server = Evil::new(move |keys| {
        let mut out = keys.server_hello();
        let flight = keys.honest_messages(leaf.alone(), &leaf.key);
        out.extend(keys.seal(22, &flight));
        out.extend(records(&mut keys.application()));
        out
    });
    let anchors = [root.anchor()];
    let (trust, name, clock) = (Trust::new(&anchors, 0), ServerName::try_from(HOST).unwrap(), At(Some(NOW_S)));
    let (mut rx, mut tx) = (vec![0; RX_FOR_ANY_SERVER], [0; 512]);
    let mut buffers = Buffers::new(&mut rx, &mut tx);
    let mut socket = Socket::new(server);
    block_on(async {
        let mut session = connect(&mut socket, &mut buffers, &name, &trust, &clock, &mut Rng::new(1)).await?;
        let mut answer = [0; 64];
        let len = session.channel(&mut socket, &mut buffers).read(&mut answer).await?;
        Ok((answer[..len].to_vec(), session.is_idle()))
    })
}

// Mutants: messages that must end in their record; a header that must come in one piece.
#[test]
fn tickets_in_pieces() {
    for len in 1..20 {
        let result = after(move |key| {
            let tickets = [ticket(), ticket()].concat();
            let mut out: Vec<u8> = tickets.chunks(len).flat_map(|part| key.seal(22, part)).collect();
            out.extend(key.seal(23, b"answer"));
            out
        });
        assert_eq!(result, Ok((b"answer".to_vec(), true)), "pieces of {len}");
    }
    // Longer than the whole buffer.
    let result = after(|key| {
        let mut body = vec![0; 11];
        body[9..].copy_from_slice(&60_000u16.to_be_bytes());
        body.resize(11 + 60_000 + 2, 0);
        let ticket = message(4, &body);
        let mut out: Vec<u8> = ticket.chunks(16_384).flat_map(|part| key.seal(22, part)).collect();
        out.extend(key.seal(23, b"answer"));
        out
    });
    assert_eq!(result, Ok((b"answer".to_vec(), true)));
}

/// The answer is read behind any number of them. Mutants: no limit; the limit an error.
#[test]
fn many_tickets() {
    for (tickets, idle) in [(33, true), (256, true), (257, false), (2_000, false)] {
        let result = after(move |key| {
            let mut out: Vec<u8> = (0..tickets).flat_map(|_| key.seal(22, &ticket())).collect();
            out.extend(key.seal(23, b"answer"));
            out
        });
        assert_eq!(result, Ok((b"answer".to_vec(), idle)), "{tickets} tickets");
    }
}

// Mutants: no length check; any message skipped.
#[test]
fn what_is_no_ticket() {
    for wrong in
        [message(4, &[0; 13]), message(24, &[]), message(24, &[0, 0]), message(24, &[2]), message(13, &[0; 14])]
    {
        assert!(after(move |key| [key.seal(22, &wrong), key.seal(23, b"answer")].concat()).is_err());
    }
    // Something behind a KeyUpdate in its record: under which key would it be?
    let result = after(|key| key.seal(22, &[message(24, &[0]), ticket()].concat()));
    assert_eq!(result, Err(TlsError::Unexpected("message after KeyUpdate")));
}

/// New keys of the server. Mutant: `read_key` not updated.
#[test]
fn the_server_changes_its_keys() {
    let result = after(|key| {
        let mut out = Vec::new();
        for part in message(24, &[0]).chunks(2) {
            out.extend(key.seal(22, part));
        }
        key.update();
        out.extend(key.seal(22, &message(24, &[0])));
        key.update();
        out.extend(key.seal(23, b"answer"));
        out
    });
    assert_eq!(result, Ok((b"answer".to_vec(), true)));
    // Data under the old key.
    let result = after(|key| [key.seal(22, &message(24, &[0])), key.seal(23, b"answer")].concat());
    assert_eq!(result, Err(TlsError::BadRecord));
}

/// New keys of the client, as the server wants them: one KeyUpdate before the next data, and then the new key.
/// Mutants: no answer; the answer after the data; `write_key` not updated.
#[test]
fn the_client_changes_its_keys() {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Node::leaf(Kind::P256, &root);
    let anchors = [root.anchor()];
    let client_key = std::rc::Rc::new(std::cell::RefCell::new(None));
    let handed_on = client_key.clone();
    let mut socket = Socket::new(Evil::new(move |keys| {
        let mut out = keys.server_hello();
        let flight = keys.honest_messages(leaf.alone(), &leaf.key);
        out.extend(keys.seal(22, &flight));
        *handed_on.borrow_mut() = Some(keys.client_application());
        let mut key = keys.application();
        for _ in 0..3 {
            out.extend(key.seal(22, &message(24, &[1])));
            key.update();
        }
        out.extend(key.seal(23, b"go on"));
        out
    }));
    let (trust, name, clock) = (Trust::new(&anchors, 0), ServerName::try_from(HOST).unwrap(), At(Some(NOW_S)));
    let (mut rx, mut tx) = (vec![0; RX_FOR_ANY_SERVER], [0; 512]);
    let mut buffers = Buffers::new(&mut rx, &mut tx);
    block_on(async {
        let mut session =
            connect(&mut socket, &mut buffers, &name, &trust, &clock, &mut Rng::new(1)).await.ok().unwrap();
        let mut channel = session.channel(&mut socket, &mut buffers);
        assert_eq!(channel.read(&mut [0; 64]).await, Ok(5));
        channel.write_all(b"first").await.unwrap();
        channel.flush().await.unwrap();
        channel.write_all(b"second").await.unwrap();
        channel.close().await.unwrap();
    });
    let records = socket.after_hello().to_vec();
    // The compatibility record and Finished come first.
    let mut rest = &records[6 + 5 + 36 + 17..];
    let mut key = client_key.borrow_mut().take().unwrap();
    let mut seen = Vec::new();
    while !rest.is_empty() {
        let (record, more) = rest.split_at(5 + usize::from(u16::from_be_bytes([rest[3], rest[4]])));
        let (kind, content) = key.open(record);
        if kind == 22 {
            key.update();
        }
        seen.push((kind, content));
        rest = more;
    }
    let expected: [(u8, &[u8]); 4] = [(22, &[24, 0, 0, 1, 0]), (23, b"first"), (23, b"second"), (21, &[1, 0])];
    assert_eq!(seen, expected.map(|(kind, content)| (kind, content.to_vec())));
}

/// A request meets a key update on a connection that has been used: what `attempt` does, end to end.
#[test]
fn an_answer_behind_both() {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Node::leaf(Kind::P256, &root);
    let server = Evil::new(move |keys| {
        let mut out = keys.server_hello();
        let flight = keys.honest_messages(leaf.alone(), &leaf.key);
        out.extend(keys.seal(22, &flight));
        let mut key = keys.application();
        out.extend(key.seal(22, &[ticket(), message(24, &[1])].concat()));
        key.update();
        out.extend(key.seal(23, b"answer"));
        out
    });
    assert_eq!(attempt(&mut Socket::new(server), &[root.anchor()]).unwrap(), b"answer");
}
