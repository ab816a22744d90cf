//! TLS 1.3 for a client (RFC 8446), as small as a payment needs it: AES-128-GCM with SHA-256, key exchange over P-256, a server that
//! proves itself with a certificate. No resumption, no early data, no client certificate, no renegotiation, no key update.
//!
//! Certificates are judged by `rustls-webpki`; signatures, ciphers and hashes are RustCrypto's; what is here is the
//! order of the messages. The order is code, not a table: see [`connect`].

mod bytes;
mod error;
mod handshake;
mod hello;
mod key_schedule;
mod negotiated;
mod record;
mod session;
mod signature;
mod trust;
mod verifier;

pub use error::{CertificateError, TlsError};
pub use handshake::connect;
pub(crate) use handshake::connect_into;
pub use negotiated::{CertificateShape, KeyShape, Negotiated};
pub use rustls_pki_types::{CertificateDer, ServerName, TrustAnchor};
pub use session::{Channel, Session};
#[cfg(feature = "public-roots")]
pub use trust::public_roots;
pub use trust::{Clock, Pins, Trust};
pub use verifier::MAX_CHAIN;
pub use webpki::anchor_from_trusted_cert;

use zeroize::Zeroize;

/// Read buffer that takes any record of any server: 16 KiB of content and what may stand around it (RFC 8446 section 5.2).
pub const RX_FOR_ANY_SERVER: usize = record::MAX_PROTECTED;

/// The caller's memory for one connection at a time.
///
/// `rx` must hold the largest record that the server sends, and in the handshake all its messages from EncryptedExtensions to
/// CertificateVerify: [`RX_FOR_ANY_SERVER`] always does, 4 KiB is enough for a server that is known to send
/// short records and a short chain. `tx` must hold the ClientHello (512 bytes do); what is longer goes out in several records.
pub struct Buffers<'b> {
    rx: &'b mut [u8],
    tx: &'b mut [u8],
}

impl<'b> Buffers<'b> {
    /// Takes the caller's memory, whatever is in it.
    pub fn new(rx: &'b mut [u8], tx: &'b mut [u8]) -> Self {
        Self { rx, tx }
    }

    /// Overwrites both buffers: requests lie in the one and answers in the other, in clear or nearly so.
    pub fn wipe(&mut self) {
        self.rx.zeroize();
        self.tx.zeroize();
    }
}
