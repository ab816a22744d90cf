//! Certificates made on the fly. Only the RSA keys are files: ring signs with RSA but makes no keys.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, date_time_ymd,
};
use transport_embassy::tls::{CertificateDer, TrustAnchor, anchor_from_trusted_cert};

/// 2026-06-01: inside every certificate's dates unless a test says otherwise.
pub(crate) const NOW_S: u64 = 1_780_272_000;
/// The name that the client asks for.
pub(crate) const HOST: &str = "api.pay.test";

#[derive(Clone, Copy)]
pub(crate) enum Kind {
    P256,
    P384,
    Rsa2048,
    Rsa4096,
}

/// A certificate with its key.
pub(crate) struct Node {
    pub(crate) params: CertificateParams,
    pub(crate) key: KeyPair,
    pub(crate) der: CertificateDer<'static>,
}

pub(crate) fn key(kind: Kind) -> KeyPair {
    let rsa = |der: &'static [u8]| KeyPair::from_pkcs8_der_and_sign_algo(&der.into(), &PKCS_RSA_SHA256).unwrap();
    match kind {
        Kind::P256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap(),
        Kind::P384 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap(),
        Kind::Rsa2048 => rsa(include_bytes!("../keys/rsa2048.der")),
        Kind::Rsa4096 => rsa(include_bytes!("../keys/rsa4096.der")),
    }
}

impl Node {
    /// A root or an intermediate.
    pub(crate) fn ca(name: &str, kind: Kind, issuer: Option<&Node>) -> Self {
        Self::make(ca_params(name), key(kind), issuer)
    }

    /// A server certificate for [`HOST`].
    pub(crate) fn leaf(kind: Kind, issuer: &Node) -> Self {
        Self::make(leaf_params(&[HOST]), key(kind), Some(issuer))
    }

    pub(crate) fn leaf_with(issuer: &Node, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = leaf_params(&[HOST]);
        change(&mut params);
        Self::make(params, key(Kind::P256), Some(issuer))
    }

    pub(crate) fn make(params: CertificateParams, key: KeyPair, issuer: Option<&Node>) -> Self {
        let cert = match issuer {
            None => params.self_signed(&key).unwrap(),
            Some(issuer) => params.signed_by(&key, &Issuer::from_params(&issuer.params, &issuer.key)).unwrap(),
        };
        Self { der: cert.der().clone(), params, key }
    }

    /// The same subject and key, signed by another issuer: a cross certificate.
    pub(crate) fn crossed(&self, issuer: &Node) -> CertificateDer<'static> {
        self.params.signed_by(&self.key, &Issuer::from_params(&issuer.params, &issuer.key)).unwrap().der().clone()
    }

    /// A chain of this certificate only.
    pub(crate) fn alone(&self) -> &[CertificateDer<'static>] {
        core::slice::from_ref(&self.der)
    }

    pub(crate) fn anchor(&self) -> TrustAnchor<'static> {
        anchor_from_trusted_cert(&self.der).unwrap().to_owned()
    }
}

/// Expired a day before [`NOW_S`].
pub(crate) fn date_in_the_past(params: &mut CertificateParams) {
    params.not_after = date_time_ymd(2026, 5, 31);
}

pub(crate) fn ca_params(name: &str) -> CertificateParams {
    let mut params = params(name, &[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

pub(crate) fn leaf_params(names: &[&str]) -> CertificateParams {
    let mut params = params("server", names);
    params.is_ca = IsCa::ExplicitNoCa;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

fn params(common_name: &str, names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|n| (*n).into()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = date_time_ymd(2025, 1, 1);
    params.not_after = date_time_ymd(2036, 1, 1);
    params
}
