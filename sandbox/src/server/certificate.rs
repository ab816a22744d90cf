//! A certificate authority and a server certificate, made anew at each start.

use core::{net::IpAddr, time::Duration};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// Both certificates are good from a day before the start, for clocks that are behind, to this much after it.
const LIFE: Duration = Duration::from_secs(30 * 24 * 3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What the server presents and its clients trust. The authority's key is gone once this is made.
pub(crate) struct Certificates {
    pub(crate) ca_pem: String,
    pub(crate) ca_der: Vec<u8>,
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

/// Makes both at this time (since 1970), for `localhost`, 127.0.0.1 and the address listened on.
/// P-256 keys from the operating system's randomness.
pub(crate) fn make(now: Duration, address: IpAddr) -> Result<Certificates, rcgen::Error> {
    let mut authority = params(Vec::new(), "Sandbox Root", now)?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    if address != IpAddr::from([127, 0, 0, 1]) {
        names.push(address.to_string());
    }
    let mut server = params(names, "localhost", now)?;
    server.is_ca = IsCa::ExplicitNoCa;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = server.signed_by(&key, &issuer)?;
    Ok(Certificates {
        ca_pem: issuer.pem(),
        ca_der: issuer.der().to_vec(),
        chain: vec![certificate.der().clone()],
        key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
    })
}

fn params(names: Vec<String>, common_name: &str, now: Duration) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.distinguished_name.push(DnType::OrganizationName, "Payment sandbox on this machine");
    let now = date_time_ymd(1970, 1, 1) + now;
    params.not_before = now - DAY;
    params.not_after = now + LIFE;
    Ok(params)
}

#[cfg(test)]
mod tests {
    use super::make;
    use core::{net::IpAddr, time::Duration};

    // Mutant: naming the authority `localhost` too; some clients then take the server's certificate for a
    // self-signed one.
    #[test]
    fn authority_and_server_have_names_of_their_own() {
        let made = make(Duration::from_secs(1_767_225_600), IpAddr::from([127, 0, 0, 2])).expect("certificates");
        let holds = |der: &[u8], part: &[u8]| der.windows(part.len()).any(|window| window == part);
        let server = &made.chain[0];
        assert!(holds(&made.ca_der, b"Sandbox Root") && !holds(&made.ca_der, b"localhost"));
        assert!(holds(server, b"Sandbox Root") && holds(server, b"localhost"));
        assert!(holds(server, &[127, 0, 0, 1]) && holds(server, &[127, 0, 0, 2]));
    }
}
