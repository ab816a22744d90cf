//! What a server is told when the client gives up, and at the end (RFC 8446 section 6).

use embassy_futures::block_on;
use std::cell::RefCell;
use std::rc::Rc;

use transport_embassy::tls::{Buffers, RX_FOR_ANY_SERVER, ServerName, TlsError, Trust, connect};

use super::client::{At, attempt};
use super::evil_server::{Direction, Evil, Keys, plain};
use super::pki::{HOST, Kind, NOW_S, Node, date_in_the_past};
use super::rng::Rng;
use super::socket::Socket;

/// The alert that a server gets for this flight after its ServerHello.
fn alert_for(flight: impl Fn(&mut Keys, &Node) -> Vec<u8> + 'static) -> (TlsError, Vec<u8>) {
    alert_from(|root| Node::leaf(Kind::P256, root), flight)
}

fn alert_from(
    leaf: impl FnOnce(&Node) -> Node,
    flight: impl Fn(&mut Keys, &Node) -> Vec<u8> + 'static,
) -> (TlsError, Vec<u8>) {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = leaf(&root);
    let key: Rc<RefCell<Option<Direction>>> = Rc::default();
    let handed_on = key.clone();
    let mut socket = Socket::new(Evil::new(move |keys| {
        let out = [keys.server_hello(), flight(keys, &leaf)].concat();
        let next = keys.client_application();
        *handed_on.borrow_mut() = Some(core::mem::replace(&mut keys.client, next));
        out
    }));
    let error = attempt(&mut socket, &[root.anchor()]).unwrap_err();
    assert!(socket.gave_up(), "{error}");
    let (kind, content) = key.borrow_mut().take().unwrap().open(socket.after_hello());
    assert_eq!(kind, 21, "{error}");
    (error, content)
}

/// Mutants: no alert; one in clear where there are keys; the application's key; each of these numbers.
#[test]
fn in_the_handshake() {
    let sealed = |messages: Vec<u8>| move |keys: &mut Keys, _: &Node| keys.seal(22, &messages);
    let (error, alert) = alert_for(sealed(vec![8, 0, 0, 3, 0, 0, 0]));
    assert_eq!((error, &alert[..]), (TlsError::Malformed("EncryptedExtensions"), &[2, 50][..]));
    let (error, alert) = alert_for(sealed(vec![20, 0, 0, 1, 0]));
    assert_eq!((error, &alert[..]), (TlsError::Unexpected("handshake message"), &[2, 10][..]));
    let (error, alert) = alert_for(|keys, _| {
        let mut record = keys.seal(22, &[8, 0, 0, 2, 0, 0]);
        *record.last_mut().unwrap() ^= 1;
        record
    });
    assert_eq!((error, &alert[..]), (TlsError::BadRecord, &[2, 20][..]));
    let (_, alert) = alert_for(|keys, leaf| {
        let mut messages = keys.honest_messages(leaf.alone(), &leaf.key);
        *messages.last_mut().unwrap() ^= 1;
        keys.seal(22, &messages)
    });
    assert_eq!(alert, [2, 51]);
    let honest = |keys: &mut Keys, leaf: &Node| {
        let messages = keys.honest_messages(leaf.alone(), &leaf.key);
        keys.seal(22, &messages)
    };
    let (_, alert) = alert_from(|root| Node::leaf_with(root, date_in_the_past), honest);
    assert_eq!(alert, [2, 45]);
    let (_, alert) = alert_from(|_| Node::leaf(Kind::P256, &Node::ca("other", Kind::P256, None)), honest);
    assert_eq!(alert, [2, 48]);
}

/// In clear, since there are no keys yet.
#[test]
fn before_the_keys() {
    let mut socket = Socket::new(Evil::new(|keys| {
        let mut hello = keys.server_hello();
        hello[77] = 2;
        hello
    }));
    assert_eq!(attempt(&mut socket, &[]), Err(TlsError::Unsupported("cipher suite")));
    assert_eq!(socket.after_hello(), plain(21, &[2, 47]));
}

/// After the handshake, under the application's key; a close is answered with a close, an alert with nothing.
#[test]
fn after_the_handshake() {
    let nothing: &[u8] = &[];
    for (kind, content, expected) in
        [(22, vec![13, 0, 0, 0], &[2, 10][..]), (21, vec![1, 0], &[1, 0]), (21, vec![2, 80], nothing)]
    {
        let root = Node::ca("root", Kind::P256, None);
        let leaf = Node::leaf(Kind::P256, &root);
        let key: Rc<RefCell<Option<Direction>>> = Rc::default();
        let handed_on = key.clone();
        let mut socket = Socket::new(Evil::new(move |keys| {
            let flight = keys.honest_messages(leaf.alone(), &leaf.key);
            *handed_on.borrow_mut() = Some(keys.client_application());
            [keys.server_hello(), keys.seal(22, &flight), keys.application().seal(kind, &content)].concat()
        }));
        assert!(attempt(&mut socket, &[root.anchor()]).is_err());
        // Compatibility record, Finished, then the request.
        let mut rest = &socket.after_hello()[6 + 5 + 53..];
        let mut seen = Vec::new();
        let mut key = key.borrow_mut().take().unwrap();
        while !rest.is_empty() {
            let (record, more) = rest.split_at(5 + usize::from(u16::from_be_bytes([rest[3], rest[4]])));
            seen.push(key.open(record));
            rest = more;
        }
        assert_eq!(seen.remove(0), (23, b"request".to_vec()));
        let alerts: Vec<_> = expected.chunks(2).map(|alert| (21, alert.to_vec())).collect();
        assert_eq!(seen, alerts);
    }
}

/// Nothing at all is sent where nothing was said before.
#[test]
fn nothing_to_nobody() {
    let (trust, name, clock) = (Trust::new(&[], 0), ServerName::try_from(HOST).unwrap(), At(Some(NOW_S)));
    let (mut rx, mut tx) = (vec![0; RX_FOR_ANY_SERVER], [0; 64]);
    let mut buffers = Buffers::new(&mut rx, &mut tx);
    let mut socket = Socket::new(Evil::new(|_| Vec::new()));
    let result = block_on(connect(&mut socket, &mut buffers, &name, &trust, &clock, &mut Rng::new(1)));
    assert!(matches!(result.err(), Some(TlsError::BufferTooSmall { .. })));
    assert!(socket.from_client.is_empty());
}
