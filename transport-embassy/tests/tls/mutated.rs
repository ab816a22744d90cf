//! Thousands of server flights, each wrong somewhere, all under the right keys.

use std::rc::Rc;

use super::client::attempt;
use super::evil_server::Evil;
use super::pki::{Kind, Node};
use super::rng::Rng;
use super::socket::Socket;

/// Changes, cuts, doubles or inserts bytes.
fn mutate(bytes: &mut Vec<u8>, rng: &mut Rng) {
    for _ in 0..=rng.below(3) {
        let at = rng.below(bytes.len());
        match rng.below(5) {
            0 => bytes[at] ^= 1 << rng.below(8),
            1 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][rng.below(5)],
            2 => bytes.truncate(at.max(1)),
            3 => {
                let end = (at + rng.below(40)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            _ => bytes.insert(at, rng.below(256) as u8),
        }
    }
}

/// The flight is altered after it was signed: nothing of it may be believed.
#[test]
fn altered_after_signing_is_refused() {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Rc::new(Node::leaf(Kind::P256, &root));
    let anchors = [root.anchor()];
    for seed in 0..1000 {
        let leaf = leaf.clone();
        let server = Evil::new(move |keys| {
            let mut rng = Rng::new(seed);
            let mut out = keys.server_hello();
            let right = keys.honest_messages(leaf.alone(), &leaf.key);
            let mut flight = right.clone();
            while flight == right {
                mutate(&mut flight, &mut rng);
            }
            for part in flight.chunks(1 + rng.below(600)) {
                out.extend(keys.seal(22, part));
            }
            out.extend(keys.application().seal(23, b"stolen"));
            out
        });
        let mut socket = Socket::new(server);
        assert!(attempt(&mut socket, &anchors).is_err(), "seed {seed}");
        assert!(socket.gave_up(), "seed {seed}");
    }
}

/// What goes over the wire is altered: hello, headers, ciphertext.
#[test]
fn altered_on_the_wire_is_refused() {
    let root = Node::ca("root", Kind::P256, None);
    let leaf = Rc::new(Node::leaf(Kind::P256, &root));
    let anchors = [root.anchor()];
    for seed in 0..1000 {
        let leaf = leaf.clone();
        let server = Evil::new(move |keys| {
            let mut rng = Rng::new(seed);
            let mut out = keys.server_hello();
            let flight = keys.honest_messages(leaf.alone(), &leaf.key);
            out.extend(keys.seal(22, &flight));
            let right = out.clone();
            while out == right {
                mutate(&mut out, &mut rng);
            }
            out
        });
        let mut socket = Socket::new(server);
        // Bytes after a right flight are not read by the handshake, so it may succeed; an answer never comes.
        assert!(attempt(&mut socket, &anchors).is_err(), "seed {seed}");
    }
}
