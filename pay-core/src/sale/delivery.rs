//! Whether a request can have arrived: the one fact about a failure that matters for money.

use core::fmt;

/// Whether the gateway can have seen a request whose exchange failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
// Exhaustive on purpose: a forgotten arm costs someone money.
#[allow(clippy::exhaustive_enums)]
pub enum Delivery {
    /// No byte of the request can have left. If in doubt, say [`Delivery::Unknown`].
    NotSent,
    /// A part or all of it may have arrived, and may have been executed.
    Unknown,
}

/// What went wrong in an exchange, for people and for back-off. Not to be matched exhaustively.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ErrorKind {
    /// The host's address could not be found.
    Resolve,
    /// No TCP connection.
    Connect,
    /// The TLS handshake failed on the way (I/O, protocol).
    Tls,
    /// The peer is not trusted: certificate, name, validity, clock or pin. Never retried automatically.
    Untrusted,
    /// The limit of the exchange was reached.
    TimedOut,
    /// The connection ended before the answer did.
    Closed,
    /// The head of the answer was larger than the transport accepts.
    ResponseTooLarge,
    /// The answer was not HTTP.
    BadResponse,
    /// The exchange was given up: its future was dropped, or its token lost.
    Abandoned,
    /// Anything else.
    Other,
}

/// A failed exchange as the sale sees it, whatever the transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[allow(clippy::exhaustive_structs)] // both facts are always there, and there is no third
pub struct Failure {
    /// What went wrong.
    pub kind: ErrorKind,
    /// Whether the request can have arrived.
    pub delivery: Delivery,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "the host's address could not be found",
            Self::Connect => "no connection",
            Self::Tls => "the TLS handshake failed",
            Self::Untrusted => "the server's certificate is not trusted",
            Self::TimedOut => "timed out",
            Self::Closed => "the connection ended early",
            Self::ResponseTooLarge => "the answer's head is too large",
            Self::BadResponse => "the answer is not HTTP",
            Self::Abandoned => "the exchange was given up",
            Self::Other => "the exchange failed",
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sent = match self.delivery {
            Delivery::NotSent => "nothing was sent",
            Delivery::Unknown => "the request may have arrived",
        };
        write!(f, "{}; {sent}", self.kind)
    }
}
