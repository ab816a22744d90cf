//! What can go wrong in an exchange.

use core::{error, fmt};
use std::io;

use pay_core::drive::transport;
use pay_core::sale::{Delivery, ErrorKind};
use pay_core::wire::http1::HttpError;
use rustls::CertificateError;

type Source = Box<dyn error::Error + Send + Sync>;

/// A failed exchange. Displays as one sentence without path, header or body.
#[derive(Debug)]
pub struct Error {
    problem: Problem,
    delivery: Delivery,
    source: Option<Source>,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The host's address could not be found.
    NoAddress,
    /// No address of the host accepted a TCP connection.
    NoConnection,
    /// The TLS handshake failed: the peer does not speak TLS, refused the connection, or the connection broke.
    Handshake,
    /// The peer is not trusted. Waiting does not help: a person must look.
    Untrusted(Distrust),
    /// The limit of the exchange was reached.
    TimedOut(Phase),
    /// The connection ended, or broke, before the answer was complete.
    Closed(Phase),
    /// The head of the answer was larger than 16 KiB, or had more than 128 headers.
    HeadTooLarge,
    /// The answer was not HTTP/1.1, or its length was given in two ways at once.
    NotHttp,
    /// The server sent bytes before the request, which could be taken for its answer. Nothing was sent.
    Unasked,
    /// The answer has the `x-request-id` of an earlier request.
    EarlierAnswer,
    /// A defect of this client.
    Client,
}

/// Why a certificate was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Distrust {
    /// No trusted authority signed it; self-signed certificates too.
    Issuer,
    /// It is for another host.
    Name,
    /// It is no longer valid, or this machine's clock is ahead.
    Expired,
    /// It is not valid yet, or this machine's clock is behind.
    NotYetValid,
    /// It was revoked.
    Revoked,
    /// Anything else: purpose, encoding, signature, none at all.
    Other,
}

/// Where an exchange was when it failed, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Phase {
    /// Looking up the host.
    Resolve,
    /// Opening a TCP connection.
    Connect,
    /// The TLS handshake.
    Handshake,
    /// Writing the request.
    Send,
    /// Waiting for the head of the answer.
    Answer,
    /// Reading its body.
    Body,
}

/// A problem on its way out through ureq, which carries it without looking.
#[derive(Debug)]
pub(super) struct Fault {
    problem: Problem,
    source: Option<Source>,
}

impl Error {
    /// What went wrong.
    pub const fn problem(&self) -> Problem {
        self.problem
    }

    pub(super) fn new(fault: Fault, delivery: Delivery) -> Self {
        Self { problem: fault.problem, delivery, source: fault.source }
    }
}

impl transport::Error for Error {
    fn kind(&self) -> ErrorKind {
        match self.problem {
            Problem::NoAddress => ErrorKind::Resolve,
            Problem::NoConnection => ErrorKind::Connect,
            Problem::Handshake => ErrorKind::Tls,
            Problem::Untrusted(_) => ErrorKind::Untrusted,
            Problem::TimedOut(_) => ErrorKind::TimedOut,
            Problem::Closed(_) => ErrorKind::Closed,
            Problem::HeadTooLarge => ErrorKind::ResponseTooLarge,
            Problem::NotHttp | Problem::Unasked | Problem::EarlierAnswer => ErrorKind::BadResponse,
            Problem::Client => ErrorKind::Other,
        }
    }

    fn delivery(&self) -> Delivery {
        self.delivery
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sent = match self.delivery {
            Delivery::NotSent => "nothing was sent",
            Delivery::Unknown => "the request may have arrived",
        };
        write!(f, "{}; {sent}", self.problem)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress => f.write_str("the host's address could not be found"),
            Self::NoConnection => f.write_str("the host took no connection"),
            Self::Handshake => f.write_str("the TLS handshake failed"),
            Self::Untrusted(why) => write!(f, "the server is not trusted: {why}"),
            Self::TimedOut(phase) => write!(f, "timed out while {phase}"),
            Self::Closed(phase) => write!(f, "the connection ended while {phase}"),
            Self::HeadTooLarge => f.write_str("the answer's head is too large"),
            Self::NotHttp => f.write_str("the answer is not HTTP"),
            Self::Unasked => f.write_str("the server spoke before it was asked"),
            Self::EarlierAnswer => f.write_str("the answer is to an earlier request"),
            Self::Client => f.write_str("the HTTP client failed"),
        }
    }
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Issuer => "its certificate is from an issuer that is not trusted",
            Self::Name => "its certificate is for another host",
            Self::Expired => "its certificate has expired, or this machine's clock is ahead",
            Self::NotYetValid => "its certificate is not valid yet, or this machine's clock is behind",
            Self::Revoked => "its certificate was revoked",
            Self::Other => "its certificate cannot be used",
        })
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "looking up the host",
            Self::Connect => "connecting",
            Self::Handshake => "shaking hands",
            Self::Send => "sending the request",
            Self::Answer => "waiting for the answer",
            Self::Body => "reading the answer",
        })
    }
}

impl Fault {
    pub(super) fn new(problem: Problem, source: impl Into<Source>) -> Self {
        Self { problem, source: Some(source.into()) }
    }

    /// What a broken socket or TLS session means in `phase`; a fault of ours that passed through as an I/O error is
    /// taken out again.
    pub(super) fn from_io(error: io::Error, phase: Phase) -> Self {
        match error.downcast::<Self>() {
            Ok(fault) => fault,
            Err(error) => match error.downcast::<rustls::Error>() {
                Ok(error) => Self::from_tls(error, phase),
                Err(error) if phase == Phase::Handshake => Self::new(Problem::Handshake, error),
                Err(error) => Self::new(Problem::Closed(phase), error),
            },
        }
    }

    /// What a failed TLS session means in `phase`.
    pub(super) fn from_tls(error: rustls::Error, phase: Phase) -> Self {
        use rustls::Error as Tls;
        let problem = match &error {
            Tls::InvalidCertificate(why) => Problem::Untrusted(distrust(why)),
            Tls::NoCertificatesPresented
            | Tls::UnsupportedNameType
            | Tls::InvalidCertRevocationList(_)
            | Tls::FailedToGetCurrentTime => Problem::Untrusted(Distrust::Other),
            _ if phase == Phase::Handshake => Problem::Handshake,
            // The session broke under an exchange: for whoever waits for an answer, the connection is gone.
            _ => Problem::Closed(phase),
        };
        Self::new(problem, error)
    }

    /// What an unreadable answer means in `phase`.
    pub(super) fn from_http(error: HttpError, phase: Phase) -> Self {
        let problem = match error {
            HttpError::Incomplete => Problem::Closed(phase),
            HttpError::HeadTooLarge => Problem::HeadTooLarge,
            _ => Problem::NotHttp,
        };
        Self::new(problem, error)
    }

    /// What ureq reports; `phase` is where the exchange was.
    pub(super) fn from_ureq(error: ureq::Error, phase: Phase) -> Self {
        match error {
            ureq::Error::Other(inner) => match inner.downcast::<Self>() {
                Ok(fault) => *fault,
                Err(inner) => Self::new(Problem::Client, inner),
            },
            ureq::Error::Io(error) => Self::from_io(error, phase),
            // These print the address with its path.
            ureq::Error::BadUri(_) | ureq::Error::RequireHttpsOnly(_) => Problem::Client.into(),
            error => Self::new(Problem::Client, error),
        }
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Self { problem, source: None }
    }
}

impl From<Fault> for ureq::Error {
    fn from(fault: Fault) -> Self {
        Self::Other(Box::new(fault))
    }
}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        Self::other(fault)
    }
}

impl error::Error for Fault {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)
    }
}

/// Not `From`: rustls is no part of this crate's interface.
fn distrust(error: &CertificateError) -> Distrust {
    use CertificateError as C;
    match error {
        C::UnknownIssuer => Distrust::Issuer,
        C::NotValidForName | C::NotValidForNameContext { .. } => Distrust::Name,
        C::Expired | C::ExpiredContext { .. } => Distrust::Expired,
        C::NotValidYet | C::NotValidYetContext { .. } => Distrust::NotYetValid,
        C::Revoked => Distrust::Revoked,
        _ => Distrust::Other,
    }
}
