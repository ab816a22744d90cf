//! The signatures a server may prove itself with: over public data only, so nothing here is secret.

mod budget;
mod der;
pub(super) mod ecdsa;
mod modular;
mod p256;
#[cfg(feature = "p384")]
mod p384;
#[cfg(feature = "rsa")]
pub(super) mod rsa;

use rustls_pki_types::SignatureVerificationAlgorithm;

pub(super) use budget::Budget;

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
