//! RSA with keys of 2048 to 4096 bits: PKCS#1 v1.5 and PSS (RFC 8017 sections 8.2.2 and 8.1.2).
//!
//! Only verification, over public values: neither key nor message needs constant time.

use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};

use super::der::two_positive;
use super::modular::{Modulus, words};
use crate::tls::hash::Sha2;

/// Bytes of the greatest modulus.
const MAX: usize = 512;
/// Bytes of the longest hash.
const MAX_HASH: usize = 64;

/// DER of DigestInfo up to the hash (RFC 8017 section 9.2, note 1).
const INFO_SHA256: [u8; 19] = *b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
const INFO_SHA384: [u8; 19] = *b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30";
const INFO_SHA512: [u8; 19] = *b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40";

/// A padding with a hash.
pub(in crate::tls) struct Rsa {
    signature: AlgorithmIdentifier,
    hash: Sha2,
    /// Key, hash, message, signature.
    verify: fn(&PublicKey<'_>, Sha2, &[u8], &[u8]) -> Option<()>,
}

pub(in crate::tls) static PKCS1_SHA256: Rsa =
    Rsa { signature: alg_id::RSA_PKCS1_SHA256, hash: Sha2::Sha256, verify: pkcs1 };
pub(in crate::tls) static PKCS1_SHA384: Rsa =
    Rsa { signature: alg_id::RSA_PKCS1_SHA384, hash: Sha2::Sha384, verify: pkcs1 };
pub(in crate::tls) static PKCS1_SHA512: Rsa =
    Rsa { signature: alg_id::RSA_PKCS1_SHA512, hash: Sha2::Sha512, verify: pkcs1 };
pub(in crate::tls) static PSS_SHA256: Rsa = Rsa { signature: alg_id::RSA_PSS_SHA256, hash: Sha2::Sha256, verify: pss };
pub(in crate::tls) static PSS_SHA384: Rsa = Rsa { signature: alg_id::RSA_PSS_SHA384, hash: Sha2::Sha384, verify: pss };
pub(in crate::tls) static PSS_SHA512: Rsa = Rsa { signature: alg_id::RSA_PSS_SHA512, hash: Sha2::Sha512, verify: pss };

impl core::fmt::Debug for Rsa {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Rsa")
    }
}

impl SignatureVerificationAlgorithm for Rsa {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let key = PublicKey::from_der(public_key).ok_or(InvalidSignature)?;
        (self.verify)(&key, self.hash, message, signature).ok_or(InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::RSA_ENCRYPTION
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

/// An RSAPublicKey (RFC 8017 appendix A.1.1) within the bounds above.
pub(in crate::tls) struct PublicKey<'a> {
    /// Big-endian, without leading zeros, odd.
    modulus: &'a [u8],
    exponent: u32,
}

impl<'a> PublicKey<'a> {
    fn from_der(der: &'a [u8]) -> Option<Self> {
        let (modulus, exponent) = two_positive(der)?;
        // Small exponents are legal but no public CA uses them, and they forgive sloppy padding checks.
        let exponent = exponent
            .iter()
            .try_fold(0u32, |e, b| e.checked_mul(256)?.checked_add((*b).into()))
            .filter(|e| *e >= 65_537 && e % 2 == 1)?;
        let bits = modulus.len() * 8 - modulus.first()?.leading_zeros() as usize;
        ((2048..=MAX * 8).contains(&bits) && modulus.last()? % 2 == 1).then_some(Self { modulus, exponent })
    }

    fn bits(&self) -> usize {
        self.modulus.len() * 8 - self.modulus[0].leading_zeros() as usize
    }

    /// `signature ^ exponent mod modulus`, as long as the modulus, in the front of the array (RFC 8017 section 5.2.2).
    fn recover(&self, signature: &[u8]) -> Option<[u8; MAX]> {
        if signature.len() != self.modulus.len() || signature >= self.modulus {
            return None;
        }
        let mut memory = [[0; MAX / 4]; 4];
        let [modulus, base, power, next] = memory.each_mut().map(|number| &mut number[..signature.len().div_ceil(4)]);
        words(self.modulus, modulus);
        let modulus = Modulus::new(modulus);
        words(signature, base);
        // Times R, as Montgomery's product wants it.
        for _ in 0..base.len() * 32 {
            modulus.double(base);
        }
        power.copy_from_slice(base);
        for bit in (0..self.exponent.ilog2()).rev() {
            modulus.mul(next, power, power);
            power.copy_from_slice(next);
            if self.exponent >> bit & 1 == 1 {
                modulus.mul(next, power, base);
                power.copy_from_slice(next);
            }
        }
        base.fill(0);
        base[0] = 1;
        modulus.mul(next, power, base);
        let mut out = [0; MAX];
        for (chunk, word) in out[..signature.len()].rchunks_mut(4).zip(next) {
            let bytes = word.to_be_bytes();
            chunk.copy_from_slice(&bytes[4 - chunk.len()..]);
        }
        Some(out)
    }
}

fn pkcs1(key: &PublicKey<'_>, hash: Sha2, message: &[u8], signature: &[u8]) -> Option<()> {
    let info = match hash {
        Sha2::Sha256 => &INFO_SHA256,
        Sha2::Sha384 => &INFO_SHA384,
        Sha2::Sha512 => &INFO_SHA512,
    };
    let encoded = key.recover(signature)?;
    let encoded = &encoded[..key.modulus.len()];
    let hash = hash.of(&[message]);
    // Rebuilt from its end and compared as a whole, so there is no lenient parsing to exploit.
    let (rest, found) = encoded.split_at_checked(encoded.len().checked_sub(hash.len())?)?;
    let (padding, found_info) = rest.split_at_checked(rest.len().checked_sub(info.len())?)?;
    let [0, 1, ones @ .., 0] = padding else {
        return None;
    };
    (found == &*hash && found_info == info && ones.iter().all(|b| *b == 0xff)).then_some(())
}

/// EMSA-PSS-VERIFY (RFC 8017 section 9.1.2) with MGF1 over the same hash and a salt as long as the hash, the only
/// form that TLS 1.3 and the certificates' algorithm identifiers allow.
fn pss(key: &PublicKey<'_>, function: Sha2, message: &[u8], signature: &[u8]) -> Option<()> {
    let mut encoded = key.recover(signature)?;
    let bits = key.bits() - 1;
    let len = bits.div_ceil(8);
    // Where the modulus has one bit more than whole bytes, its first byte is outside the encoding.
    let (outside, encoded) = encoded[..key.modulus.len()].split_at_mut(key.modulus.len() - len);
    let hash_len = function.len();
    let [masked @ .., 0xbc] = encoded else {
        return None;
    };
    let (db, hash) = masked.split_at_mut_checked(masked.len().checked_sub(hash_len)?)?;
    let top_bits = 0xff_u8 >> (8 * len - bits);
    if outside.iter().any(|b| *b != 0) || db.first()? & !top_bits != 0 {
        return None;
    }
    for (counter, chunk) in (0u32..).zip(db.chunks_mut(hash_len)) {
        let mask = function.of(&[&*hash, &counter.to_be_bytes()]);
        chunk.iter_mut().zip(&*mask).for_each(|(d, m)| *d ^= m);
    }
    *db.first_mut()? &= top_bits;
    let (padding, salt) = db.split_at_checked(db.len().checked_sub(hash_len)?)?;
    let [zeros @ .., 1] = padding else {
        return None;
    };
    let expected = function.of(&[&[0; 8], &function.of(&[message]), salt]);
    (zeros.iter().all(|b| *b == 0) && *expected == *hash).then_some(())
}

const _: () = assert!(MAX_HASH * 2 + 2 <= 2048 / 8);

#[cfg(test)]
mod tests;
