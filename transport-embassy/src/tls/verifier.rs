//! Judges the server: its chain, name, dates, purpose, key; then its proof that it holds that key.
//!
//! The order is held by types: [`Leaf`] comes only out of a chain that was accepted, [`Proven`] only out of a
//! CertificateVerify checked against that leaf, and nothing but a `Proven` leads to a session.

use core::ops::Range;

use rustls_pki_types::{CertificateDer, ServerName, SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage, RawPublicKeyEntity};

use super::bytes::Bytes;
use super::certificate::{MAX_CHAIN, public_key_info};
use super::group::Group;
use super::hash::Sha2;
use super::key_schedule::Hash;
use super::negotiated::Negotiated;
use super::suite::Suite;
use super::trust::Trust;
use super::{CertificateError, TlsError, signature};

/// Bytes of the longest SubjectPublicKeyInfo that a proof can be checked with: RSA with 4096 bits and an exponent of 32.
pub(super) const MAX_KEY: usize = 552;

/// Where the key of the accepted server certificate lies in the Certificate message, and how its chain is made.
pub(super) struct Leaf(Range<usize>, Negotiated);

/// The server has shown that it holds the key of an accepted certificate, in this handshake.
pub(super) struct Proven(Negotiated);

/// Judges the body of a Certificate message at `now_s`.
pub(super) fn accept_chain(
    body: &[u8],
    name: &ServerName<'_>,
    trust: &Trust<'_>,
    now_s: u64,
) -> Result<Leaf, TlsError> {
    let mut message = Bytes::new(body, "Certificate");
    // A request context belongs to client certificates (RFC 8446 section 4.4.2).
    message.vec8()?.end()?;
    let mut list = message.vec24()?;
    message.end()?;
    let mut chain = [const { CertificateDer::from_slice(&[]) }; MAX_CHAIN];
    let mut count = 0;
    while !list.is_empty() {
        let certificate = list.vec24()?.rest();
        // Nothing was offered that could be answered here (status, timestamps); it is skipped.
        list.vec16()?;
        *chain.get_mut(count).ok_or(CertificateError::TooMany)? = CertificateDer::from_slice(certificate);
        count += 1;
    }
    let (leaf, intermediates) = chain[..count].split_first().ok_or(CertificateError::Missing)?;
    let certificate = EndEntityCert::try_from(leaf).map_err(why)?;
    let budget = signature::Budget::new();
    let algorithms = budget.algorithms();
    let algorithms = algorithms.each_ref().map(|a| a as &dyn SignatureVerificationAlgorithm);
    certificate
        .verify_for_usage(
            &algorithms,
            trust.anchors(),
            intermediates,
            UnixTime::since_unix_epoch(core::time::Duration::from_secs(now_s)),
            KeyUsage::server_auth(),
            None,
            None,
        )
        .map_err(why)?;
    certificate.verify_is_valid_for_subject_name(name).map_err(why)?;
    let key = public_key_info(leaf).ok_or(CertificateError::BadEncoding)?;
    if let Some(pins) = trust.pins() {
        let hash = Sha2::Sha256.of(&[key]);
        if !hash.first_chunk().is_some_and(|hash| pins.contain(hash)) {
            return Err(CertificateError::NotPinned.into());
        }
    }
    let start = key.as_ptr().addr() - body.as_ptr().addr();
    let negotiated = Negotiated::new(body.len(), chain[..count].iter().map(AsRef::as_ref));
    Ok(Leaf(start..start + key.len(), negotiated))
}

impl Leaf {
    /// Where its SubjectPublicKeyInfo lies in the body of the Certificate message.
    pub(super) fn key(&self) -> Range<usize> {
        self.0.clone()
    }
}

impl Proven {
    /// What was agreed, with the suite and the group of the key exchange.
    pub(super) fn negotiated(self, suite: Suite, group: Group) -> Negotiated {
        let mut negotiated = self.0;
        (negotiated.suite, negotiated.group) = (suite.code(), group.code());
        negotiated
    }
}

/// Checks the body of a CertificateVerify over `transcript`, the hash up to and with Certificate, against the leaf's key, the
/// SubjectPublicKeyInfo `key` (RFC 8446 section 4.4.3).
pub(super) fn accept_proof(leaf: Leaf, key: &[u8], body: &[u8], transcript: &Hash) -> Result<Proven, TlsError> {
    const NAME: &str = "CertificateVerify";
    let mut message = Bytes::new(body, NAME);
    let scheme = message.u16()?;
    let signature = message.vec16()?.rest();
    message.end()?;
    let algorithm = signature::for_proof(scheme).ok_or(TlsError::BadProof(NAME))?;

    const LABEL: &[u8; 34] = b"TLS 1.3, server CertificateVerify\0";
    let mut signed = [0x20; 64 + LABEL.len() + 32];
    signed[64..64 + LABEL.len()].copy_from_slice(LABEL);
    signed[64 + LABEL.len()..].copy_from_slice(transcript);

    RawPublicKeyEntity::try_from(&SubjectPublicKeyInfoDer::from(key))
        .and_then(|key| key.verify_signature(algorithm, &signed, signature))
        .map_err(|_| TlsError::BadProof(NAME))?;
    let mut negotiated = leaf.1;
    negotiated.proof = scheme;
    Ok(Proven(negotiated))
}

fn why(error: Error) -> CertificateError {
    use CertificateError as Why;
    match error {
        Error::CertExpired { .. } => Why::Expired,
        Error::CertNotValidYet { .. } => Why::NotYetValid,
        Error::CertNotValidForName(_) => Why::WrongName,
        Error::UnknownIssuer => Why::UnknownIssuer,
        Error::InvalidSignatureForPublicKey => Why::BadSignature,
        Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)
        | Error::UnsupportedCriticalExtension => Why::UnsupportedAlgorithm,
        Error::CaUsedAsEndEntity | Error::EndEntityUsedAsCa => Why::WrongRole,
        Error::NameConstraintViolation | Error::PathLenConstraintViolated => Why::Constraint,
        Error::RequiredEkuNotFoundContext(_) => Why::WrongUsage,
        Error::BadDer | Error::BadDerTime | Error::TrailingData(_) => Why::BadEncoding,
        _ => Why::Other,
    }
}
