//! One attempt of the client under test.

use embassy_futures::block_on;
use embedded_io_async::{Read, Write};
use transport_embassy::tls::{Buffers, Clock, RX_FOR_ANY_SERVER, ServerName, TlsError, Trust, TrustAnchor, connect};

use super::pki::{HOST, NOW_S};
use super::rng::Rng;
use super::socket::{Peer, Socket};

pub(crate) struct At(pub(crate) Option<u64>);

impl Clock for At {
    fn unix_seconds(&self) -> Option<u64> {
        self.0
    }
}

/// Connects, sends a request, reads the answer.
pub(crate) fn attempt<P: Peer>(socket: &mut Socket<P>, anchors: &[TrustAnchor<'_>]) -> Result<Vec<u8>, TlsError> {
    attempt_with(socket, &Trust::new(anchors, NOW_S - 1), &At(Some(NOW_S)), HOST)
}

pub(crate) fn attempt_with<P: Peer>(
    socket: &mut Socket<P>,
    trust: &Trust<'_>,
    clock: &At,
    name: &str,
) -> Result<Vec<u8>, TlsError> {
    let mut rx = vec![0; RX_FOR_ANY_SERVER];
    let mut tx = [0; 512];
    let mut buffers = Buffers::new(&mut rx, &mut tx);
    let name = ServerName::try_from(name).unwrap();
    block_on(async {
        let mut session = connect(socket, &mut buffers, &name, trust, clock, &mut Rng::new(1)).await?;
        let mut channel = session.channel(socket, &mut buffers);
        channel.write_all(b"request").await?;
        channel.flush().await?;
        let mut answer = [0; 64];
        let len = channel.read(&mut answer).await?;
        Ok(answer[..len].to_vec())
    })
}
