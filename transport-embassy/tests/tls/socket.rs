//! A socket whose other end is a function: what the client writes is answered at once, in memory.

use core::convert::Infallible;
use std::collections::VecDeque;

use embedded_io_async::{ErrorType, Read, Write};

/// The other end.
pub(crate) trait Peer {
    /// Takes bytes from the client and gives the bytes it answers with.
    fn receive(&mut self, bytes: &[u8]) -> Vec<u8>;
}

pub(crate) struct Socket<P> {
    pub(crate) peer: P,
    pub(crate) to_client: VecDeque<u8>,
    /// Everything the client wrote.
    pub(crate) from_client: Vec<u8>,
    /// Most bytes per read and write.
    pub(crate) chunk: usize,
}

impl<P: Peer> Socket<P> {
    pub(crate) fn new(peer: P) -> Self {
        Self { peer, to_client: VecDeque::new(), from_client: Vec::new(), chunk: usize::MAX }
    }

    /// The length of the first record, the ClientHello.
    pub(crate) fn hello_len(&self) -> usize {
        5 + usize::from(u16::from_be_bytes([self.from_client[3], self.from_client[4]]))
    }

    /// What came after the ClientHello.
    pub(crate) fn after_hello(&self) -> &[u8] {
        &self.from_client[self.hello_len()..]
    }

    /// Type and length of each record after the ClientHello.
    pub(crate) fn records_after_hello(&self) -> Vec<(u8, usize)> {
        let (mut rest, mut records) = (self.after_hello(), Vec::new());
        while let [kind, _, _, high, low, body @ ..] = rest {
            let len = usize::from(u16::from_be_bytes([*high, *low]));
            records.push((*kind, len));
            rest = &body[len..];
        }
        records
    }

    /// Whether the client has said no more after its ClientHello than that it gives up: one alert, in clear or protected.
    pub(crate) fn gave_up(&self) -> bool {
        matches!(self.records_after_hello()[..], [] | [(21, 2)] | [(23, 19)])
    }
}

impl<P> ErrorType for Socket<P> {
    type Error = Infallible;
}

impl<P: Peer> Read for Socket<P> {
    /// `Ok(0)`, so a closed connection, where the peer has nothing to say.
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Infallible> {
        let len = buf.len().min(self.to_client.len()).min(self.chunk);
        for (to, from) in buf.iter_mut().zip(self.to_client.drain(..len)) {
            *to = from;
        }
        Ok(len)
    }
}

impl<P: Peer> Write for Socket<P> {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Infallible> {
        let len = buf.len().min(self.chunk);
        self.from_client.extend(&buf[..len]);
        let answer = self.peer.receive(&buf[..len]);
        self.to_client.extend(answer);
        Ok(len)
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
