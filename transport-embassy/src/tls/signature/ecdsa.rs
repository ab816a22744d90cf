//! ECDSA over P-256, and over P-384 where built in (FIPS 186-5 section 6.4).

use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};

use crate::tls::hash::Sha2;

/// Key, hash, signature.
type Verify = fn(&[u8], &[u8], &[u8]) -> Option<()>;

/// A curve with a hash.
pub(in crate::tls) struct Ecdsa {
    key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
    hash: Sha2,
    verify: Verify,
}

pub(in crate::tls) static P256_SHA256: Ecdsa =
    Ecdsa { key: alg_id::ECDSA_P256, signature: alg_id::ECDSA_SHA256, hash: Sha2::Sha256, verify: super::p256::verify };

#[cfg(feature = "p384")]
pub(in crate::tls) static P256_SHA384: Ecdsa =
    Ecdsa { key: alg_id::ECDSA_P256, signature: alg_id::ECDSA_SHA384, hash: Sha2::Sha384, verify: super::p256::verify };

#[cfg(feature = "p384")]
pub(in crate::tls) static P384_SHA384: Ecdsa =
    Ecdsa { key: alg_id::ECDSA_P384, signature: alg_id::ECDSA_SHA384, hash: Sha2::Sha384, verify: super::p384::verify };

#[cfg(feature = "p384")]
pub(in crate::tls) static P384_SHA256: Ecdsa =
    Ecdsa { key: alg_id::ECDSA_P384, signature: alg_id::ECDSA_SHA256, hash: Sha2::Sha256, verify: super::p384::verify };

impl SignatureVerificationAlgorithm for Ecdsa {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        (self.verify)(public_key, &self.hash.of(&[message]), signature).ok_or(InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

impl core::fmt::Debug for Ecdsa {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Ecdsa")
    }
}
