//! P-256 by itself, as the handshake calls it, for tests on the processor that will run it: the assembly of the feature `p256-cm4` runs
//! nowhere else. A program that pays has no use for this.

use rustls_pki_types::SignatureVerificationAlgorithm;
use zeroize::Zeroizing;

use super::group::{Group, Secret};
use super::p256::POINT_BYTES;
use super::signature::ecdsa;

/// The secret of one key agreement, with its public share. Wiped when dropped.
pub struct KeyPair(Secret);

impl KeyPair {
    /// From a secret scalar of 32 bytes, big-endian. Nothing if it is zero or not below the curve's order.
    pub fn from_bytes(secret: &[u8; 32]) -> Option<Self> {
        Secret::from_bytes(Group::P256, secret).map(Self)
    }

    /// The share to send: 4, x, y (RFC 8446 section 4.2.8.2).
    pub fn share(&self) -> [u8; POINT_BYTES] {
        let mut bytes = [0; POINT_BYTES];
        bytes.copy_from_slice(self.0.share().as_bytes());
        bytes
    }

    /// What both sides have in common with the other's share. Nothing if that is no point of the curve in its uncompressed form.
    pub fn agree(self, share: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        self.0.agree(share).ok()
    }
}

/// Whether `signature` (DER) is of the SHA-256 of `message` under `key` (4, x, y), as certificates and proofs are judged.
pub fn is_signature(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    ecdsa::P256_SHA256.verify_signature(key, message, signature).is_ok()
}
