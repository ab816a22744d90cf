//! What a transport needs of a network: one connection at a time.

use core::fmt;

use embedded_io_async::{Read, Write};

/// A socket that can be connected again and again, one connection at a time.
///
/// Dropping a future of any method must leave it in a state that [`abort`](Connect::abort) cleans up.
// Executors of microcontrollers run on one core: futures need not be `Send`.
#[allow(async_fn_in_trait)]
pub trait Connect: Read + Write {
    /// Drops the connection there may be, finds the addresses of `host` (a DNS name or an IPv4 address) and connects to one of them.
    ///
    /// # Errors
    /// Which of the two failed.
    async fn connect(&mut self, host: &str, port: u16) -> Result<(), ConnectError>;

    /// Whether there is something to read on a connection that should be idle: its end, or bytes that nobody asked for. They stay where they are,
    /// to be read. Writing to a half-closed socket succeeds, so this is asked before the first byte of a request.
    fn peer_closed(&mut self) -> bool;

    /// Drops the connection at once, without waiting for anything.
    fn abort(&mut self);
}

/// Why no connection came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectError {
    /// The host's address could not be found.
    Resolve,
    /// It did not accept a connection.
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
