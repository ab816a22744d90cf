//! ECDSA over P-256, and over P-384 where built in (FIPS 186-5 section 6.4).

use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};
use sha2::{Digest, Sha256};

/// Key, message, signature.
type Verify = fn(&[u8], &[u8], &[u8]) -> Option<()>;

/// A curve with a hash.
#[derive(Debug)]
pub(in crate::tls) struct Ecdsa {
    key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
    verify: Verify,
}

pub(in crate::tls) static P256_SHA256: Ecdsa = Ecdsa {
    key: alg_id::ECDSA_P256,
    signature: alg_id::ECDSA_SHA256,
    verify: |key, message, signature| super::p256::verify(key, &Sha256::digest(message), signature),
};

#[cfg(feature = "p384")]
pub(in crate::tls) static P256_SHA384: Ecdsa = Ecdsa {
    key: alg_id::ECDSA_P256,
    signature: alg_id::ECDSA_SHA384,
    verify: |key, message, signature| super::p256::verify(key, &sha2::Sha384::digest(message), signature),
};

#[cfg(feature = "p384")]
pub(in crate::tls) static P384_SHA384: Ecdsa = Ecdsa {
    key: alg_id::ECDSA_P384,
    signature: alg_id::ECDSA_SHA384,
    verify: |key, message, signature| super::p384::verify(key, &sha2::Sha384::digest(message), signature),
};

#[cfg(feature = "p384")]
pub(in crate::tls) static P384_SHA256: Ecdsa = Ecdsa {
    key: alg_id::ECDSA_P384,
    signature: alg_id::ECDSA_SHA256,
    verify: |key, message, signature| super::p384::verify(key, &Sha256::digest(message), signature),
};

impl SignatureVerificationAlgorithm for Ecdsa {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        (self.verify)(public_key, message, signature).ok_or(InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}
