//! The connector over an embassy-net stack.

use core::net::Ipv4Addr;

use embassy_net::dns::DnsQueryType;
use embassy_net::tcp::{Error, TcpSocket};
use embassy_net::{IpAddress, Stack};
use embedded_io_async::{ErrorType, Read, Write};

use crate::connect::{Connect, ConnectError};

/// A TCP socket of an embassy-net stack that finds its hosts by DNS (IPv4).
pub struct StackConnector<'a> {
    stack: Stack<'a>,
    socket: TcpSocket<'a>,
}

impl<'a> StackConnector<'a> {
    /// Takes one TCP socket of `stack` for good. `rx` is the TCP window: 4 KiB is a good size; `tx` may be 2 KiB.
    pub fn new(stack: Stack<'a>, rx: &'a mut [u8], tx: &'a mut [u8]) -> Self {
        let mut socket = TcpSocket::new(stack, rx, tx);
        // A request is one write and one flush: there is nothing to gather.
        socket.set_nagle_enabled(false);
        Self { stack, socket }
    }

    async fn resolve(&self, host: &str) -> Result<IpAddress, ConnectError> {
        if let Ok(address) = host.parse::<Ipv4Addr>() {
            return Ok(IpAddress::Ipv4(address));
        }
        let found = self.stack.dns_query(host, DnsQueryType::A).await;
        found.ok().and_then(|all| all.first().copied()).ok_or(ConnectError::Resolve)
    }
}

impl ErrorType for StackConnector<'_> {
    type Error = Error;
}

impl Read for StackConnector<'_> {
    async fn read(&mut self, buf: &mut [u8]) -> Result<usize, Error> {
        self.socket.read(buf).await
    }
}

impl Write for StackConnector<'_> {
    async fn write(&mut self, buf: &[u8]) -> Result<usize, Error> {
        self.socket.write(buf).await
    }

    /// Does not wait for the peer's acknowledgement: the answer is awaited next, and would not come without it.
    async fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

impl Connect for StackConnector<'_> {
    async fn connect(&mut self, host: &str, port: u16) -> Result<(), ConnectError> {
        self.socket.abort();
        // Lets the reset of an old connection out before the socket is used again.
        let _ = self.socket.flush().await;
        self.stack.wait_config_up().await;
        let address = self.resolve(host).await?;
        self.socket.connect((address, port)).await.map_err(|_| ConnectError::Connect)
    }

    fn peer_closed(&mut self) -> bool {
        !self.socket.may_send() || !self.socket.may_recv() || self.socket.recv_queue() > 0
    }

    fn abort(&mut self) {
        self.socket.abort();
    }
}
