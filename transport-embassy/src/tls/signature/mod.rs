//! The signatures a server may prove itself with: over public data only, so nothing here is secret.

#[cfg(any(feature = "p384", feature = "rsa"))]
mod der;
mod ecdsa;
#[cfg(any(feature = "p384", feature = "rsa"))]
mod modular;
#[cfg(feature = "p384")]
mod p384;
#[cfg(feature = "rsa")]
mod rsa;

use core::sync::atomic::{AtomicU8, Ordering};

use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};

/// Signatures that are checked for one chain. An honest one needs no more than it has certificates, and a few for cross
/// certificates; path building would let a stranger ask for a hundred, which is seconds on a small core.
const MAX_CHECKS: u8 = 12;
/// Checks that a failed one counts for: after three the budget is dry. An honest chain fails where two issuers share a
/// name, which is rarely more than once.
const FAILED: u8 = MAX_CHECKS / 3;

/// Algorithms for the signatures inside one chain, [`MAX_CHECKS`] checks in all, fewer if some of them fail.
pub(super) struct Budget(AtomicU8);

/// One algorithm that draws on a budget.
#[derive(Debug)]
pub(super) struct Counted<'a> {
    algorithm: &'static dyn SignatureVerificationAlgorithm,
    left: &'a AtomicU8,
}

impl Budget {
    pub(super) const fn new() -> Self {
        Self(AtomicU8::new(MAX_CHECKS))
    }

    pub(super) fn algorithms(&self) -> [Counted<'_>; ALGORITHMS] {
        CHAIN.map(|algorithm| Counted { algorithm, left: &self.0 })
    }
}

impl SignatureVerificationAlgorithm for Counted<'_> {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        // One thread: no need for an exchange, which the smallest cores do not have.
        let left = self.left.load(Ordering::Relaxed).checked_sub(1).ok_or(InvalidSignature)?;
        self.left.store(left, Ordering::Relaxed);
        self.algorithm.verify_signature(public_key, message, signature).inspect_err(|_| {
            self.left.store(left.saturating_sub(FAILED - 1), Ordering::Relaxed);
        })
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.signature_alg_id()
    }
}

const ALGORITHMS: usize = 1 + if cfg!(feature = "p384") { 3 } else { 0 } + if cfg!(feature = "rsa") { 6 } else { 0 };

/// Algorithms for the signatures inside the chain.
static CHAIN: [&dyn SignatureVerificationAlgorithm; ALGORITHMS] = [
    &ecdsa::P256_SHA256,
    #[cfg(feature = "p384")]
    &ecdsa::P256_SHA384,
    #[cfg(feature = "p384")]
    &ecdsa::P384_SHA384,
    #[cfg(feature = "p384")]
    &ecdsa::P384_SHA256,
    #[cfg(feature = "rsa")]
    &rsa::PKCS1_SHA256,
    #[cfg(feature = "rsa")]
    &rsa::PKCS1_SHA384,
    #[cfg(feature = "rsa")]
    &rsa::PKCS1_SHA512,
    #[cfg(feature = "rsa")]
    &rsa::PSS_SHA256,
    #[cfg(feature = "rsa")]
    &rsa::PSS_SHA384,
    #[cfg(feature = "rsa")]
    &rsa::PSS_SHA512,
];

/// SignatureScheme values offered in the ClientHello (RFC 8446 section 4.2.3), dearest to verify last.
pub(super) static SCHEMES: &[u16] = &[
    0x0403,
    #[cfg(feature = "p384")]
    0x0503,
    #[cfg(feature = "rsa")]
    0x0804,
    #[cfg(feature = "rsa")]
    0x0805,
    #[cfg(feature = "rsa")]
    0x0806,
    // PKCS#1 v1.5 is for certificates only; `for_proof` refuses it.
    #[cfg(feature = "rsa")]
    0x0401,
    #[cfg(feature = "rsa")]
    0x0501,
    #[cfg(feature = "rsa")]
    0x0601,
];

/// The algorithm of a CertificateVerify; in TLS 1.3 the scheme names curve and hash together.
pub(super) fn for_proof(scheme: u16) -> Option<&'static dyn SignatureVerificationAlgorithm> {
    match scheme {
        0x0403 => Some(&ecdsa::P256_SHA256),
        #[cfg(feature = "p384")]
        0x0503 => Some(&ecdsa::P384_SHA384),
        #[cfg(feature = "rsa")]
        0x0804 => Some(&rsa::PSS_SHA256),
        #[cfg(feature = "rsa")]
        0x0805 => Some(&rsa::PSS_SHA384),
        #[cfg(feature = "rsa")]
        0x0806 => Some(&rsa::PSS_SHA512),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256::ecdsa::signature::Signer;
    use p256::ecdsa::{DerSignature, SigningKey};

    // Mutant: `left` not stored.
    #[test]
    fn a_budget_runs_out() {
        let key = SigningKey::from_slice(&[7; 32]).unwrap();
        let point = key.verifying_key().to_encoded_point(false);
        let signature: DerSignature = key.sign(b"message");
        let budget = Budget::new();
        let [p256, ..] = budget.algorithms();
        for _ in 0..MAX_CHECKS {
            assert!(p256.verify_signature(point.as_bytes(), b"message", signature.as_bytes()).is_ok());
        }
        assert!(p256.verify_signature(point.as_bytes(), b"message", signature.as_bytes()).is_err());
    }

    // Mutants: no `inspect_err`; `FAILED` of 3 (four failures) and of 6 (two).
    #[test]
    fn a_budget_runs_dry_after_three_failures() {
        let key = SigningKey::from_slice(&[7; 32]).unwrap();
        let point = key.verifying_key().to_encoded_point(false);
        let signature: DerSignature = key.sign(b"message");
        for (failures, good) in [(2, true), (3, false)] {
            let budget = Budget::new();
            let [p256, ..] = budget.algorithms();
            for _ in 0..failures {
                assert!(p256.verify_signature(point.as_bytes(), b"other", signature.as_bytes()).is_err());
            }
            assert_eq!(p256.verify_signature(point.as_bytes(), b"message", signature.as_bytes()).is_ok(), good);
        }
    }
}
