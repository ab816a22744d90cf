//! What an ended connection leaves in the link's memory: none of its keys.
//!
//! A session that is left where it is, is found in every build. One that is moved out is found where this package is compiled
//! with `opt-level` 1 or more: without it, a move out of an `Option` happens to overwrite what it leaves.

use core::pin::pin;
use core::task::{Context, Poll, Waker};

use hkdf::Hkdf;
use pay_core::drive::transport::Transport as _;
use sha2::Sha256;
use transport_embassy::Transport;
use transport_embassy::tls::Trust;

use super::network::{Now, SECRETS, answer, endpoint, exchange, request, with_link, world};
use super::pki::NOW_S;

/// The application traffic secrets of all connections so far, out of the server's log, and the ChaCha20 keys made of them.
fn keys() -> Vec<Vec<u8>> {
    let key = |secret: &[u8]| {
        let mut key = vec![0; 32];
        Hkdf::<Sha256>::from_prk(secret).unwrap().expand(b"\0\x20\x09tls13 key\0", &mut key).unwrap();
        key
    };
    SECRETS.with_borrow(|secrets| {
        let application = secrets.iter().filter(|(label, _)| label.contains("TRAFFIC_SECRET_0"));
        application.flat_map(|(_, secret)| [secret.clone(), key(secret)]).collect()
    })
}

/// How many of the application keys lie in the bytes of `value`.
fn found<T>(value: &T) -> usize {
    let start = core::ptr::from_ref(value).cast::<u8>();
    // SAFETY: every byte is inside `value`, which is borrowed meanwhile. Bytes of no field are read as the memory has
    // them, which is what the test is about.
    let bytes: Vec<u8> = (0..size_of::<T>()).map(|at| unsafe { start.add(at).read_volatile() }).collect();
    keys().iter().filter(|key| bytes.windows(key.len()).any(|w| w == &key[..])).count()
}

// Mutants: `Line` or `close()` that leaves the session; with `opt-level` 1 also: the session taken out of the link for the time
// of an exchange; `Line` that takes it out in place of dropping it there.
#[test]
fn no_key_outlives_its_connection() {
    let (world, net, anchor) = world();
    world.borrow_mut().answers.extend(["0", "1"].map(answer));
    with_link(net, Now(Some(NOW_S)), |link| {
        let anchors = [anchor];
        let mut transport = Transport::new(link, endpoint(), Trust::new(&anchors, 0));
        exchange(&mut transport).unwrap();
        exchange(&mut transport).unwrap();
        assert_eq!((keys().len(), found(link)), (4, 4), "the oracle sees the keys of a kept connection");
        // No third answer: the server hangs up.
        exchange(&mut transport).unwrap_err();
        assert_eq!(found(link), 0, "after a failed exchange");

        world.borrow_mut().answers.push_back(answer("2"));
        exchange(&mut transport).unwrap();
        assert_eq!((keys().len(), found(link)), (8, 4));
        link.borrow_mut().abort();
        assert_eq!(found(link), 0, "after abort()");
    });
}

// Mutants: as above.
#[test]
fn nor_a_dropped_future() {
    let (world, net, anchor) = world();
    world.borrow_mut().answers.push_back(answer("0"));
    with_link(net, Now(Some(NOW_S)), |link| {
        let anchors = [anchor];
        let mut transport = Transport::new(link, endpoint(), Trust::new(&anchors, 0));
        exchange(&mut transport).unwrap();
        world.borrow_mut().hang = true;
        {
            let (mut rx, request) = ([0; 64], request(b"{}"));
            let mut future = pin!(transport.exchange(&request, &mut rx));
            assert!(matches!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
        }
        assert_eq!((keys().len(), found(link)), (4, 0));
    });
}
