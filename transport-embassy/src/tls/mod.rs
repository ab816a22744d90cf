//! TLS 1.3 for a client (RFC 8446), as small as a payment needs it: AES-128-GCM and ChaCha20-Poly1305 with SHA-256, key exchange over
//! P-256 and X25519, a server that proves itself with a certificate. No resumption, no early data, no client certificate.
//!
//! Certificates are judged by `rustls-webpki`; ciphers, hashes and the curves of the key exchange are others' crates; what is here is the
//! order of the messages and what signatures are made of. The order is code, not a table: see [`connect`].

mod bytes;
mod certificate;
#[cfg(feature = "chacha20")]
mod chacha;
mod error;
mod flight;
mod group;
mod handshake;
mod hash;
mod hello;
mod key_schedule;
mod late;
mod negotiated;
mod p256;
mod record;
mod session;
mod signature;
mod suite;
pub mod trial;
mod trust;
mod verifier;
#[cfg(test)]
mod wycheproof;

pub use certificate::MAX_CHAIN;
pub use error::{CertificateError, TlsError};
pub use handshake::connect;
pub(crate) use handshake::connect_into;
pub use negotiated::{CertificateShape, KeyShape, Negotiated};
pub use rustls_pki_types::{CertificateDer, ServerName, TrustAnchor};
pub use session::{Channel, Session};
#[cfg(feature = "public-roots")]
pub use trust::public_roots;
pub use trust::{Clock, Pins, Trust};
pub use webpki::anchor_from_trusted_cert;

use zeroize::Zeroize;

/// Read buffer that takes any record of any server: 16 KiB of content, what may stand around it (RFC 8446 section 5.2), and beside it the
/// server's key, which is kept while its proof is read.
pub const RX_FOR_ANY_SERVER: usize = record::MAX_PROTECTED + verifier::MAX_KEY;

/// The caller's memory for one connection at a time.
///
/// `rx` must hold the largest record that the server sends, padding included, and behind what came before of a message that is spread
/// over several: [`RX_FOR_ANY_SERVER`] does, unless a server both cuts its certificates into pieces and pads the pieces to 16 KiB,
/// which none is known to do. 4 KiB is enough for a server that is known to send short records and a short chain.
/// [`TlsError::BufferTooSmall`] says what is missing. `tx` must hold the ClientHello (512 bytes do; a server that wants a cookie
/// back needs its length more); what is longer goes out in several records.
pub struct Buffers<'b> {
    rx: &'b mut [u8],
    /// Bytes at the front of `rx` that may have something of a server in them.
    written: usize,
    tx: &'b mut [u8],
}

impl<'b> Buffers<'b> {
    /// Takes the caller's memory, whatever is in it.
    pub fn new(rx: &'b mut [u8], tx: &'b mut [u8]) -> Self {
        Self { written: rx.len(), rx, tx }
    }

    /// Overwrites both buffers as far as they were written to: requests lie in the one and answers in the other, in clear or nearly so.
    pub fn wipe(&mut self) {
        let written = core::mem::take(&mut self.written).min(self.rx.len());
        self.rx[..written].zeroize();
        self.tx.zeroize();
    }

    /// To be said before a record is read: how much of `rx` it takes is known only once it is there.
    fn reading(&mut self) -> usize {
        core::mem::replace(&mut self.written, self.rx.len())
    }
}
