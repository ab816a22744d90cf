//! Why a TLS connection was refused or lost.

use core::fmt;

use embedded_io::ErrorKind;

/// Why a TLS connection was refused or lost. After any of these the connection is of no more use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsError {
    /// The socket failed.
    Io(ErrorKind),
    /// The peer closed the socket where more bytes were due.
    Closed,
    /// The peer ended the connection in order (close_notify, RFC 8446 section 6.1).
    CloseNotify,
    /// The peer gave up, with this alert (RFC 8446 section 6).
    Alert(u8),
    /// A buffer of the caller is too small for what the peer sent or for what is to be sent.
    BufferTooSmall {
        /// Least size in bytes that would have gone one step further.
        needed: usize,
    },
    /// The named message or record breaks RFC 8446.
    Malformed(&'static str),
    /// The named message or record came where it may not come.
    Unexpected(&'static str),
    /// The server chose something that this client did not offer or cannot do.
    Unsupported(&'static str),
    /// A protected record does not authenticate: altered on the way, or not from this peer.
    BadRecord,
    /// An earlier error, or a dropped future, left the connection in pieces.
    Broken,
    /// Nothing says what time it is, so no certificate can be judged.
    NoClock,
    /// The clock shows a time before the lower bound: it was never set.
    ClockBehind,
    /// The name of the server is neither a DNS name nor an IP address.
    BadServerName,
    /// The certificate chain was refused.
    Certificate(CertificateError),
    /// CertificateVerify or Finished does not prove that the peer holds the certificate's key.
    BadProof(&'static str),
    /// The random source failed.
    Random,
}

/// Why a certificate chain was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateError {
    /// The chain is empty.
    Missing,
    /// More certificates than [`MAX_CHAIN`](super::MAX_CHAIN).
    TooMany,
    /// Not a well-formed X.509 v3 certificate.
    BadEncoding,
    /// Expired.
    Expired,
    /// Not valid yet.
    NotYetValid,
    /// Issued for other names.
    WrongName,
    /// No path to an anchor of the caller.
    UnknownIssuer,
    /// A signature in the chain does not verify.
    BadSignature,
    /// A signature or key algorithm that was not built in.
    UnsupportedAlgorithm,
    /// An end-entity certificate stands in for a CA, or the other way round.
    WrongRole,
    /// A path length or name constraint is violated.
    Constraint,
    /// Not meant for a TLS server (extended key usage).
    WrongUsage,
    /// The server's key is none of the pinned ones.
    NotPinned,
    /// Refused for another reason.
    Other,
}

impl TlsError {
    /// Whether the peer failed to prove who it is, or nobody could judge it: certificate, name, clock, pin,
    /// proof of possession. Trying again by itself is no remedy.
    pub fn is_untrusted(&self) -> bool {
        matches!(
            self,
            Self::NoClock | Self::ClockBehind | Self::BadServerName | Self::Certificate(_) | Self::BadProof(_)
        )
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(kind) => write!(f, "socket failed: {kind:?}"),
            Self::Closed => f.write_str("peer closed the socket"),
            Self::CloseNotify => f.write_str("peer ended the TLS connection"),
            Self::Alert(code) => write!(f, "peer sent TLS alert {code}"),
            Self::BufferTooSmall { needed } => {
                write!(f, "TLS buffer too small: {needed} bytes needed")
            }
            Self::Malformed(what) => write!(f, "malformed {what}"),
            Self::Unexpected(what) => write!(f, "unexpected {what}"),
            Self::Unsupported(what) => write!(f, "server chose an unsupported {what}"),
            Self::BadRecord => f.write_str("record does not authenticate"),
            Self::Broken => f.write_str("TLS connection was broken earlier"),
            Self::NoClock => f.write_str("no clock: certificates cannot be judged"),
            Self::ClockBehind => f.write_str("clock is before its lower bound: never set"),
            Self::BadServerName => f.write_str("server name is no DNS name or IP address"),
            Self::Certificate(e) => write!(f, "certificate refused: {e}"),
            Self::BadProof(what) => write!(f, "{what} does not prove the server's identity"),
            Self::Random => f.write_str("random source failed"),
        }
    }
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "none sent",
            Self::TooMany => "too many sent",
            Self::BadEncoding => "bad encoding",
            Self::Expired => "expired",
            Self::NotYetValid => "not yet valid",
            Self::WrongName => "not valid for this name",
            Self::UnknownIssuer => "no path to a trusted anchor",
            Self::BadSignature => "bad signature",
            Self::UnsupportedAlgorithm => "unsupported algorithm",
            Self::WrongRole => "CA and end-entity roles mixed",
            Self::Constraint => "constraint violated",
            Self::WrongUsage => "not for a TLS server",
            Self::NotPinned => "key is not pinned",
            Self::Other => "not acceptable",
        })
    }
}

impl core::error::Error for TlsError {}
impl core::error::Error for CertificateError {}

impl From<CertificateError> for TlsError {
    fn from(e: CertificateError) -> Self {
        Self::Certificate(e)
    }
}

impl embedded_io::Error for TlsError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Io(kind) => *kind,
            Self::Closed | Self::CloseNotify => ErrorKind::ConnectionAborted,
            Self::BufferTooSmall { .. } => ErrorKind::OutOfMemory,
            _ => ErrorKind::InvalidData,
        }
    }
}
