//! Why a TLS connection was refused or lost.

use core::fmt;

use embedded_io::ErrorKind;

/// Why a TLS connection was refused or lost. After any of these the connection cannot be used any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsError {
    /// The socket failed.
    Io(ErrorKind),
    /// The peer closed the socket before all bytes had arrived.
    Closed,
    /// The peer ended the connection in order (close_notify, RFC 8446 section 6.1).
    CloseNotify,
    /// The peer ended the handshake or connection with this alert (RFC 8446 section 6).
    Alert(u8),
    /// A buffer of the caller is too small for what the peer sent, or for what must be sent.
    BufferTooSmall {
        /// The least size in bytes for the next step.
        needed: usize,
    },
    /// The named message or record breaks RFC 8446.
    Malformed(&'static str),
    /// The named message or record came at a point where it must not.
    Unexpected(&'static str),
    /// The server chose something that this client did not offer or does not support.
    Unsupported(&'static str),
    /// A protected record does not authenticate: altered on the way, or not from this peer.
    BadRecord,
    /// The connection broke earlier, by an error or a dropped future.
    Broken,
    /// The clock has no time, so no certificate can be checked. Set the clock.
    NoClock,
    /// The clock shows a time before the lower bound: it was never set. Set the clock.
    ClockBehind,
    /// The name of the server is neither a DNS name nor an IP address.
    BadServerName,
    /// The certificate chain was refused.
    Certificate(CertificateError),
    /// CertificateVerify or Finished does not prove that the peer holds the certificate's key.
    BadProof(&'static str),
    /// The random source failed.
    Random,
    /// The server ended the connection before it chose anything: it may speak TLS 1.2 only, or none of the cipher
    /// suites, groups and signatures that this client was built with.
    NothingInCommon {
        /// The alert it sent (40, handshake_failure, or 70, protocol_version), or nothing if it just closed the
        /// connection.
        alert: Option<u8>,
    },
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
    /// An end-entity certificate is used as a CA, or the other way round.
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
    /// Whether the peer is not trusted, or could not be checked: certificate, name, clock, pin, proof of possession.
    /// Trying again does not help.
    pub fn is_untrusted(&self) -> bool {
        matches!(
            self,
            Self::NoClock | Self::ClockBehind | Self::BadServerName | Self::Certificate(_) | Self::BadProof(_)
        )
    }

    /// The alert that tells the peer so: level and description (RFC 8446 section 6). None where the connection is gone,
    /// where the peer gave up itself, and where nothing was sent yet.
    pub(super) fn alert(self) -> Option<[u8; 2]> {
        let description = match self {
            // close_notify is answered with the same.
            Self::CloseNotify => return Some([1, 0]),
            Self::Io(_) | Self::Closed | Self::Alert(_) | Self::NothingInCommon { .. } => return None,
            Self::NoClock | Self::ClockBehind | Self::BadServerName | Self::Broken => return None,
            Self::Unexpected(_) => 10,
            Self::BadRecord => 20,
            Self::Malformed("record length") => 22,
            Self::Unsupported("version") => 70,
            Self::Unsupported(_) => 47,
            Self::Malformed(_) => 50,
            // CertificateVerify or Finished, or none of them.
            Self::BadProof(_) => 51,
            Self::BufferTooSmall { .. } | Self::Random => 80,
            Self::Certificate(why) => why.alert(),
        };
        Some([2, description])
    }
}

/// What is offered, for the person who has to find out what the server lacks.
const SUITES: &str = if cfg!(feature = "chacha20") { "AES-128-GCM, ChaCha20-Poly1305" } else { "AES-128-GCM" };
const GROUPS: &str = if cfg!(feature = "x25519") { "P-256, X25519" } else { "P-256" };
const SIGNATURES: &str = match (cfg!(feature = "p384"), cfg!(feature = "rsa")) {
    (false, false) => "ECDSA with P-256",
    (true, false) => "ECDSA with P-256 or P-384",
    (false, true) => "ECDSA with P-256, RSA",
    (true, true) => "ECDSA with P-256 or P-384, RSA",
};

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(kind) => write!(f, "socket failed: {kind}"),
            Self::Closed => f.write_str("peer closed the socket"),
            Self::CloseNotify => f.write_str("peer ended the TLS connection"),
            Self::Alert(code) => write!(f, "peer sent TLS alert {code}"),
            Self::BufferTooSmall { needed } => {
                write!(f, "TLS buffer too small: {needed} bytes needed")
            }
            Self::Malformed(what) => write!(f, "malformed {what}"),
            Self::Unexpected(what) => write!(f, "unexpected {what}"),
            Self::Unsupported("version") => f.write_str("the server speaks TLS 1.2 or older"),
            Self::Unsupported(what) => write!(f, "server chose an unsupported {what}"),
            Self::BadRecord => f.write_str("record does not authenticate"),
            Self::Broken => f.write_str("TLS connection was broken earlier"),
            Self::NoClock => f.write_str("no clock: certificates cannot be judged"),
            Self::ClockBehind => f.write_str("clock is before its lower bound: never set"),
            Self::BadServerName => f.write_str("server name is no DNS name or IP address"),
            Self::Certificate(e) => write!(f, "certificate refused: {e}"),
            Self::BadProof(what) => write!(f, "{what} does not prove the server's identity"),
            Self::Random => f.write_str("random source failed"),
            Self::NothingInCommon { alert } => {
                write!(f, "the server may speak TLS 1.2 only, or none of {SUITES}; {GROUPS}; {SIGNATURES}: it ")?;
                match alert {
                    Some(code) => write!(f, "sent TLS alert {code}"),
                    None => f.write_str("closed the connection"),
                }
            }
        }
    }
}

impl CertificateError {
    /// AlertDescription that says so (RFC 8446 section 6.2).
    fn alert(self) -> u8 {
        match self {
            Self::Missing | Self::TooMany => 50,
            Self::Expired | Self::NotYetValid => 45,
            Self::UnknownIssuer => 48,
            Self::UnsupportedAlgorithm | Self::WrongUsage => 43,
            Self::NotPinned | Self::Other => 46,
            Self::BadEncoding | Self::WrongName | Self::BadSignature | Self::WrongRole | Self::Constraint => 42,
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
