//! A random source that fails ends in an error before anything is sent: no panic, no endless loop.

use core::num::NonZeroU32;

use embassy_futures::block_on;
use transport_embassy::rand_core::{CryptoRng, Error, RngCore};
use transport_embassy::tls::{Buffers, ServerName, TlsError, Trust, connect};

use super::client::At;
use super::pki::{HOST, Kind, NOW_S, Node};
use super::socket::{Peer, Socket};

struct Silent;

impl Peer for Silent {
    fn receive(&mut self, _: &[u8]) -> Vec<u8> {
        Vec::new()
    }
}

/// Gives the same byte for ever, or fails after some calls. What cannot report a failure panics, as rand_core has it.
struct Faulty {
    byte: u8,
    calls_left: u32,
    fails: bool,
}

impl CryptoRng for Faulty {}

impl RngCore for Faulty {
    fn next_u32(&mut self) -> u32 {
        panic!("no way to report a failure")
    }

    fn next_u64(&mut self) -> u64 {
        panic!("no way to report a failure")
    }

    fn fill_bytes(&mut self, _: &mut [u8]) {
        panic!("no way to report a failure")
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Error> {
        if self.calls_left == 0 {
            assert!(self.fails, "asked too often");
            return Err(NonZeroU32::new(Error::CUSTOM_START).unwrap().into());
        }
        self.calls_left -= 1;
        out.fill(self.byte);
        Ok(())
    }
}

fn error_with(mut rng: Faulty) -> TlsError {
    let root = Node::ca("root", Kind::P256, None);
    let anchors = [root.anchor()];
    let (mut rx, mut tx) = (vec![0; 16640], [0; 512]);
    let mut buffers = Buffers::new(&mut rx, &mut tx);
    let (name, trust, clock) = (ServerName::try_from(HOST).unwrap(), Trust::new(&anchors, 0), At(Some(NOW_S)));
    let mut socket = Socket::new(Silent);
    let result = block_on(connect(&mut socket, &mut buffers, &name, &trust, &clock, &mut rng));
    assert!(socket.from_client.is_empty() || rng.byte == 0x42);
    result.err().unwrap()
}

// Mutant: `NonZeroScalar::random` for the secret, which panics here.
#[test]
fn a_source_that_fails() {
    for calls_left in 0..2 {
        assert_eq!(error_with(Faulty { byte: 0, calls_left, fails: true }), TlsError::Random);
    }
    // With the second call it has all it needs.
    assert_eq!(
        error_with(Faulty { byte: 0x42, calls_left: 2, fails: true }),
        TlsError::NothingInCommon { alert: None }
    );
}

/// All zeros and all ones are no scalars. Mutant: a loop without `MAX_DRAWS`.
#[test]
fn a_source_that_is_stuck() {
    for byte in [0x00, 0xff] {
        assert_eq!(error_with(Faulty { byte, calls_left: 100, fails: false }), TlsError::Random);
    }
}
