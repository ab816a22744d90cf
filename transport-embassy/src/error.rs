//! Why an exchange failed, and whether the request can have arrived.

use core::fmt;

use pay_core::drive::transport;
use pay_core::sale::{Delivery, ErrorKind};
use pay_core::wire::http1::HttpError;

use crate::tls::TlsError;

/// A failed exchange. Its connection has been dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Error {
    fault: Fault,
    delivery: Delivery,
}

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The host's address could not be found.
    Resolve,
    /// No TCP connection was made.
    Connect,
    /// The TLS handshake failed, or the server is not trusted.
    Handshake(TlsError),
    /// The named part of the request cannot be written.
    Request(&'static str),
    /// The request could not be written completely.
    Write,
    /// The connection failed before the answer was complete.
    Read(TlsError),
    /// The answer cannot be read.
    Response(HttpError),
    /// The server sent bytes before the request, which could be taken for its answer.
    Unasked,
    /// The answer has the `x-request-id` of an earlier request.
    EarlierAnswer,
    /// The limit of the exchange was reached.
    TimedOut,
    /// Another exchange is using the link.
    Busy,
}

impl Error {
    pub(crate) const fn new(fault: Fault, delivery: Delivery) -> Self {
        Self { fault, delivery }
    }

    /// What went wrong.
    pub const fn fault(&self) -> Fault {
        self.fault
    }
}

impl transport::Error for Error {
    fn kind(&self) -> ErrorKind {
        match self.fault {
            Fault::Resolve => ErrorKind::Resolve,
            Fault::Connect => ErrorKind::Connect,
            Fault::Handshake(e) if e.is_untrusted() => ErrorKind::Untrusted,
            Fault::Handshake(_) => ErrorKind::Tls,
            Fault::Write | Fault::Read(_) | Fault::Response(HttpError::Incomplete) => ErrorKind::Closed,
            Fault::Response(HttpError::HeadTooLarge) => ErrorKind::ResponseTooLarge,
            Fault::Response(_) | Fault::Unasked | Fault::EarlierAnswer => ErrorKind::BadResponse,
            Fault::TimedOut => ErrorKind::TimedOut,
            Fault::Request(_) | Fault::Busy => ErrorKind::Other,
        }
    }

    fn delivery(&self) -> Delivery {
        self.delivery
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resolve => f.write_str("host not found"),
            Self::Connect => f.write_str("no TCP connection"),
            Self::Handshake(e) => write!(f, "TLS handshake: {e}"),
            Self::Request(what) => write!(f, "request not sent: bad {what}"),
            Self::Write => f.write_str("connection failed while the request was written"),
            Self::Read(e) => write!(f, "connection failed while the answer was awaited: {e}"),
            Self::Response(e) => write!(f, "answer: {e}"),
            Self::Unasked => f.write_str("the server spoke before it was asked"),
            Self::EarlierAnswer => f.write_str("the answer is to an earlier request"),
            Self::TimedOut => f.write_str("timed out"),
            Self::Busy => f.write_str("another exchange is under way"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sent = match self.delivery {
            Delivery::NotSent => "nothing was sent",
            Delivery::Unknown => "the request may have arrived",
        };
        write!(f, "{}; {sent}", self.fault)
    }
}

impl core::error::Error for Error {}
