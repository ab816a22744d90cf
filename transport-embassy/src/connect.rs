//! The network that a transport needs: one connection at a time.

use core::fmt;

use embedded_io_async::{Read, Write};

/// A socket that can be connected again and again, one connection at a time.
///
/// Dropping a future of any method must leave it in a state that [`abort`](Connect::abort) cleans up.
// Executors of microcontrollers run on one core: futures need not be `Send`.
#[allow(async_fn_in_trait)]
pub trait Connect: Read + Write {
    /// Drops the connection, if there is one, resolves `host` (a DNS name or an IPv4 address) and connects to one of
    /// its addresses.
    ///
    /// # Errors
    /// Which of the two failed.
    async fn connect(&mut self, host: &str, port: u16) -> Result<(), ConnectError>;

    /// Whether an idle connection has something to read: its end, or unrequested bytes. They must stay there to be
    /// read. The transport asks this before the first byte of a request, because writing to a half-closed socket
    /// succeeds.
    fn peer_closed(&mut self) -> bool;

    /// Drops the connection at once, without waiting for anything.
    fn abort(&mut self);
}

/// Why no connection was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectError {
    /// The host's address could not be found.
    Resolve,
    /// The host did not accept a connection.
    Connect,
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "host not found",
            Self::Connect => "no TCP connection",
        })
    }
}

impl core::error::Error for ConnectError {}
