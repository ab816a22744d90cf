//! What was agreed in a handshake, and how the server's chain is made: for people who look at a server.

use rustls_pki_types::alg_id;

use super::certificate::{MAX_CHAIN, public_key_info, tlv};

/// What a server negotiated. Numbers are those of IANA's TLS registries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Negotiated {
    /// ProtocolVersion: 0x0304, TLS 1.3.
    pub version: u16,
    /// CipherSuite: 0x1301, TLS_AES_128_GCM_SHA256, or 0x1303, TLS_CHACHA20_POLY1305_SHA256.
    pub suite: u16,
    /// NamedGroup of the key exchange: 0x0017, secp256r1, or 0x001d, x25519.
    pub group: u16,
    /// SignatureScheme of CertificateVerify.
    pub proof: u16,
    /// Bytes of the Certificate message's body.
    pub chain_len: usize,
    chain: [CertificateShape; MAX_CHAIN],
    sent: usize,
}

/// A certificate as the server sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateShape {
    /// Bytes of its DER.
    pub len: usize,
    /// Its subject's public key.
    pub key: KeyShape,
}

/// Type and size of a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyShape {
    /// ECDSA over P-256.
    P256,
    /// ECDSA over P-384.
    P384,
    /// RSA with a modulus of so many bits.
    Rsa(u16),
    /// Something else.
    Other,
}

impl Negotiated {
    /// The certificates in the order of the server, its own first.
    pub fn chain(&self) -> &[CertificateShape] {
        &self.chain[..self.sent]
    }

    /// With no more certificates than there is room for; the verifier has refused longer chains.
    pub(super) fn new<'a>(chain_len: usize, chain: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut negotiated = Self {
            version: 0x0304,
            suite: 0,
            group: 0,
            proof: 0,
            chain_len,
            chain: [CertificateShape { len: 0, key: KeyShape::Other }; MAX_CHAIN],
            sent: 0,
        };
        for (shape, certificate) in negotiated.chain.iter_mut().zip(chain) {
            *shape = CertificateShape::of(certificate);
            negotiated.sent += 1;
        }
        negotiated
    }
}

impl CertificateShape {
    /// Of a certificate in DER, whoever received it. A key that cannot be read is [`KeyShape::Other`].
    pub fn of(certificate: &[u8]) -> Self {
        let key = public_key_info(certificate).and_then(key_shape).unwrap_or(KeyShape::Other);
        Self { len: certificate.len(), key }
    }
}

/// The key in a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).
fn key_shape(info: &[u8]) -> Option<KeyShape> {
    let (_, info, _) = tlv(info)?;
    let (_, algorithm, key) = tlv(info)?;
    Some(if algorithm == alg_id::ECDSA_P256.as_ref() {
        KeyShape::P256
    } else if algorithm == alg_id::ECDSA_P384.as_ref() {
        KeyShape::P384
    } else if algorithm == alg_id::RSA_ENCRYPTION.as_ref() {
        // A bit string without unused bits, in it a sequence, in that the modulus.
        let (_, key, _) = tlv(tlv(key)?.1.get(1..)?)?;
        let modulus = tlv(key)?.1;
        // The zero that DER puts before a first byte that would look like a sign is eight zero bits.
        let bits = modulus.len() * 8 - modulus.first()?.leading_zeros() as usize;
        KeyShape::Rsa(bits.try_into().ok()?)
    } else {
        KeyShape::Other
    })
}
