//! A certificate authority and a server certificate, made anew at each start, for use on one machine.

use core::net::IpAddr;
use core::time::Duration;
use std::sync::Arc;
use std::time::SystemTime;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

/// How long the certificates are valid after the start. They are valid from a day before it, for clocks that are behind.
const LIFE: Duration = Duration::from_secs(30 * 24 * 3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The certificate chain and key that the server presents.
pub(crate) struct Identity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

/// The authority's certificate. Its key is dropped after it signed the server's certificate.
pub(crate) struct Authority {
    pub(crate) pem: String,
    pub(crate) der: Vec<u8>,
}

/// Reads a chain and its key, each PEM.
pub(crate) fn read(chain: &[u8], key: &[u8]) -> Result<Identity, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
    Ok(Identity {
        chain: chain.map_err(|error| error.to_string())?,
        // The error's text could show a part of the key.
        key: PrivateKeyDer::from_pem_slice(key).map_err(|_| "the key cannot be read".to_owned())?,
    })
}

/// The TLS settings of a server with this certificate.
pub(crate) fn acceptor(identity: Identity) -> Result<TlsAcceptor, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(rustls::ALL_VERSIONS)?
        .with_no_client_auth()
        .with_single_cert(identity.chain, identity.key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Makes both, for `localhost`, 127.0.0.1 and the address that the server listens on.
pub(crate) fn make(address: IpAddr) -> Result<(Authority, Identity), rcgen::Error> {
    let mut authority = params(Vec::new(), "Backend Root")?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    if address != IpAddr::from([127, 0, 0, 1]) {
        names.push(address.to_string());
    }
    let mut server = params(names, "localhost")?;
    server.is_ca = IsCa::ExplicitNoCa;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = server.signed_by(&key, &issuer)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let authority = Authority { pem: issuer.pem(), der: issuer.der().to_vec() };
    Ok((authority, Identity { chain: vec![certificate.der().clone()], key }))
}

/// Authority and server have different subjects: some clients take equal ones for a self-signed certificate.
fn params(names: Vec<String>, common_name: &str) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.distinguished_name.push(DnType::OrganizationName, "Merchant backend on this machine");
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = date_time_ymd(1970, 1, 1) + now;
    params.not_before = now - DAY;
    params.not_after = now + LIFE;
    Ok(params)
}
