//! The connector over an embassy-net stack.

use core::net::Ipv4Addr;

use embassy_net::dns::DnsQueryType;
use embassy_net::tcp::{Error, TcpSocket};
use embassy_net::{IpAddress, Stack};
use embassy_time::{Duration, with_timeout};
use embedded_io_async::{ErrorType, Read, Write};
use heapless::Vec;
use smoltcp::config::DNS_MAX_RESULT_COUNT;

use crate::connect::{Connect, ConnectError};
use crate::race;

/// Time for the reset of an old connection to leave. It never does where the way to its peer is gone.
const RESET_MAX: Duration = Duration::from_millis(50);

/// A connector over an embassy-net stack, with DNS (IPv4, at most eight addresses).
///
/// It tries a host's addresses 250 ms apart (RFC 8305), so a dead first address costs a quarter of a second. With one
/// socket, an address that is silent for this long is given up for the next; when all were silent it is tried again,
/// for twice as long. With two sockets ([`with_second_socket`](Self::with_second_socket)) its attempt goes on while the
/// next is tried: use this if answers may take longer than 250 ms. A single address has all the time of the exchange.
///
/// This crate sets smoltcp's `dns-max-result-count-8`. To change the number, set `SMOLTCP_DNS_MAX_RESULT_COUNT` in the
/// environment of the build, and not another of these features.
pub struct StackConnector<'a> {
    stack: Stack<'a>,
    /// The connection, if there is one.
    socket: TcpSocket<'a>,
    /// Used while addresses are tried.
    second: Option<TcpSocket<'a>>,
}

impl<'a> StackConnector<'a> {
    /// Takes one TCP socket of `stack` for good. `rx` is the TCP window: 4 KiB is a good size; `tx` may be 2 KiB.
    pub fn new(stack: Stack<'a>, rx: &'a mut [u8], tx: &'a mut [u8]) -> Self {
        Self { stack, socket: socket(stack, rx, tx), second: None }
    }

    /// Takes a second TCP socket of `stack` for good, so that two addresses are tried at a time. Either socket may
    /// become the connection, so give it buffers as large as the first one's.
    #[must_use]
    pub fn with_second_socket(mut self, rx: &'a mut [u8], tx: &'a mut [u8]) -> Self {
        self.second = Some(socket(self.stack, rx, tx));
        self
    }

    async fn resolve(&self, host: &str) -> Result<Vec<IpAddress, DNS_MAX_RESULT_COUNT>, ConnectError> {
        if let Ok(address) = host.parse::<Ipv4Addr>() {
            return Ok([IpAddress::Ipv4(address)].into_iter().collect());
        }
        let found = self.stack.dns_query(host, DnsQueryType::A).await;
        found.ok().filter(|all| !all.is_empty()).ok_or(ConnectError::Resolve)
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
        self.abort();
        // Lets the reset of an old connection out before the socket is used again.
        let _ = with_timeout(RESET_MAX, self.socket.flush()).await;
        self.stack.wait_config_up().await;
        let addresses = self.resolve(host).await?;
        let connected = race::connect(&mut self.socket, self.second.as_mut(), &addresses, port).await;
        if connected { Ok(()) } else { Err(ConnectError::Connect) }
    }

    fn peer_closed(&mut self) -> bool {
        !self.socket.may_send() || !self.socket.may_recv() || self.socket.recv_queue() > 0
    }

    fn abort(&mut self) {
        self.socket.abort();
        if let Some(second) = &mut self.second {
            second.abort();
        }
    }
}

fn socket<'a>(stack: Stack<'a>, rx: &'a mut [u8], tx: &'a mut [u8]) -> TcpSocket<'a> {
    let mut socket = TcpSocket::new(stack, rx, tx);
    // A request is one write and one flush: there is nothing to gather.
    socket.set_nagle_enabled(false);
    socket
}
