//! Genuine signatures come from ring; forged ones from the private key itself, applied to encodings that nobody should make.

extern crate std;

use super::super::der::{positive, tlv};
use super::*;
use crypto_bigint::modular::runtime_mod::{DynResidue, DynResidueParams};
use crypto_bigint::{Limb, U2048, U4096, Uint};
use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{self, RsaEncoding, RsaKeyPair};
use sha2::{Digest, Sha256};
use std::vec::Vec;

const KEYS: [&[u8]; 3] = [
    include_bytes!("../../../../tests/keys/rsa2048.der"),
    include_bytes!("../../../../tests/keys/rsa3072.der"),
    include_bytes!("../../../../tests/keys/rsa4096.der"),
];
const MESSAGE: &[u8] = b"a message";

fn ok(algorithm: &Rsa, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    algorithm.verify_signature(key, message, signature).is_ok()
}

#[test]
fn genuine_signatures() {
    let cases: [(&Rsa, &'static dyn RsaEncoding); 6] = [
        (&PKCS1_SHA256, &signature::RSA_PKCS1_SHA256),
        (&PKCS1_SHA384, &signature::RSA_PKCS1_SHA384),
        (&PKCS1_SHA512, &signature::RSA_PKCS1_SHA512),
        (&PSS_SHA256, &signature::RSA_PSS_SHA256),
        (&PSS_SHA384, &signature::RSA_PSS_SHA384),
        (&PSS_SHA512, &signature::RSA_PSS_SHA512),
    ];
    for pkcs8 in KEYS {
        let pair = RsaKeyPair::from_pkcs8(pkcs8).unwrap();
        let key = pair.public().as_ref();
        for (n, (algorithm, encoding)) in cases.iter().enumerate() {
            let mut made = std::vec![0; pair.public().modulus_len()];
            pair.sign(*encoding, &SystemRandom::new(), MESSAGE, &mut made).unwrap();
            assert!(ok(algorithm, key, MESSAGE, &made));
            assert!(!ok(algorithm, key, b"another", &made));
            for (m, (other, _)) in cases.iter().enumerate() {
                assert_eq!(ok(other, key, MESSAGE, &made), n == m);
            }
            for at in [0, 1, made.len() / 2, made.len() - 1] {
                made[at] ^= 1;
                assert!(!ok(algorithm, key, MESSAGE, &made));
                made[at] ^= 1;
            }
            assert!(!ok(algorithm, key, MESSAGE, &made[1..]));
            assert!(!ok(algorithm, key, MESSAGE, &[&[0], &made[..]].concat()));
            assert!(!ok(algorithm, key, MESSAGE, &[]));
        }
    }
}

/// The numbers n and d of a PKCS#8 key, and its public key.
fn private(pkcs8: &[u8]) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let pair = RsaKeyPair::from_pkcs8(pkcs8).unwrap();
    let (info, _) = tlv(0x30, pkcs8).unwrap();
    let (_, info) = tlv(0x30, &info[3..]).unwrap();
    let (key, _) = tlv(0x04, info).unwrap();
    let (key, _) = tlv(0x30, key).unwrap();
    let (n, rest) = positive(&key[3..]).unwrap();
    let (_, rest) = positive(rest).unwrap();
    let (d, _) = positive(rest).unwrap();
    (n.to_vec(), d.to_vec(), pair.public().as_ref().to_vec())
}

/// Signs an encoding as it is.
fn raw_sign(encoded: &[u8], n: &[u8], d: &[u8]) -> Vec<u8> {
    power::<{ U2048::LIMBS }>(encoded, d, n)
}

/// `base ^ exponent mod n` by another implementation, as long as `n`.
fn power<const LIMBS: usize>(base: &[u8], exponent: &[u8], n: &[u8]) -> Vec<u8> {
    let number = |bytes: &[u8]| {
        let mut number = Uint::<LIMBS>::ZERO;
        for (limb, chunk) in number.as_limbs_mut().iter_mut().zip(bytes.rchunks(Limb::BYTES)) {
            *limb = chunk.iter().fold(Limb::ZERO, |limb, b| Limb((limb.0 << 8) | crypto_bigint::Word::from(*b)));
        }
        number
    };
    let params = DynResidueParams::new(&number(n));
    let result = DynResidue::new(&number(base), params).pow(&number(exponent)).retrieve();
    let mut bytes: Vec<u8> = result.as_limbs().iter().rev().flat_map(|l| l.0.to_be_bytes()).collect();
    bytes.drain(..bytes.len() - n.len());
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Moduli that no key has: any odd ones, of lengths that fill no whole word, of ones and of zeros nearly throughout.
    /// Mutants seen red: the carry of `double` dropped; `top` not added, or not asked; the second borrow dropped.
    #[test]
    fn powers_as_another_implementation_has_them(
        seed in proptest::array::uniform32(any::<u8>()),
        len in 256_usize..=512,
        filler in prop_oneof![Just(None), Just(Some(0_u8)), Just(Some(0xff))],
        exponent in prop_oneof![Just(65_537_u32), 65_537..=u32::MAX],
    ) {
        let fill = |label: u8| -> Vec<u8> {
            let blocks = (0..16_u8).flat_map(|n| Sha256::new().chain_update(seed).chain_update([label, n]).finalize());
            blocks.take(len).collect()
        };
        let mut modulus = fill(0);
        if let Some(byte) = filler {
            modulus[1..len - 8].fill(byte);
        }
        modulus[0] |= 0x80;
        modulus[len - 1] |= 1;
        let mut base = fill(1);
        base[0] &= 0x7f;
        let exponent = exponent | 1;
        let key = PublicKey { modulus: &modulus, exponent };
        let expected = power::<{ U4096::LIMBS }>(&base, &exponent.to_be_bytes(), &modulus);
        prop_assert_eq!(&key.recover(&base).unwrap()[..len], &expected[..]);
        // The greatest there is: minus one, whose odd powers are itself.
        let mut greatest = modulus.clone();
        greatest[len - 1] -= 1;
        prop_assert_eq!(&key.recover(&greatest).unwrap()[..len], &greatest[..]);
        prop_assert!(key.recover(&modulus).is_none());
    }
}

// Mutant: the ones unchecked.
#[test]
fn forged_pkcs1_paddings() {
    let (n, d, key) = private(KEYS[0]);
    let hash = Sha256::digest(MESSAGE).to_vec();
    let info = [INFO_SHA256.as_slice(), &hash].concat();
    let ones = |count: usize| std::vec![0xff_u8; count];
    let full = 256 - 3 - info.len();
    let right = [&[0, 1], &ones(full)[..], &[0], &info].concat();
    assert!(ok(&PKCS1_SHA256, &key, MESSAGE, &raw_sign(&right, &n, &d)));

    let mut holed = right.clone();
    holed[100] = 0xfe;
    let mut type_2 = right.clone();
    type_2[1] = 2;
    let without_null =
        [b"\x30\x2f\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x04\x20".as_slice(), &hash].concat();
    for encoded in [
        // Short padding, the rest behind the hash: what lenient parsers let through.
        [&[0, 1], &ones(8)[..], &[0], &info, &std::vec![0xaa; full - 8]].concat(),
        [&[0, 1], &ones(full - 1)[..], &[0], &info, &[0xaa]].concat(),
        // A zero early, so that padding seems to end there.
        [&[0, 1], &ones(8)[..], &[0], &std::vec![0xff; full - 9], &[0], &info].concat(),
        [&[0, 1], &ones(full + 2)[..], &[0], &without_null].concat(),
        [&[0, 1], &ones(full + 19)[..], &[0], &hash].concat(),
        [&[0, 1], &ones(full)[..], &[1], &info].concat(),
        holed,
        type_2,
    ] {
        assert!(!ok(&PKCS1_SHA256, &key, MESSAGE, &raw_sign(&encoded, &n, &d)));
    }
}

/// EMSA-PSS with choices that a signer does not have.
fn pss_encoding(salt: &[u8], filler: u8, separator: u8, trailer: u8, top: u8) -> Vec<u8> {
    let hash = Sha256::new().chain_update([0; 8]).chain_update(Sha256::digest(MESSAGE)).chain_update(salt).finalize();
    let db_len = 256 - 32 - 1;
    let mut db = std::vec![filler; db_len - salt.len() - 1];
    db.push(separator);
    db.extend(salt);
    for (counter, chunk) in (0u32..).zip(db.chunks_mut(32)) {
        let mask = Sha256::new().chain_update(hash).chain_update(counter.to_be_bytes()).finalize();
        chunk.iter_mut().zip(mask).for_each(|(d, m)| *d ^= m);
    }
    db[0] = (db[0] & 0x7f) | top;
    [&db[..], &hash, &[trailer]].concat()
}

// Mutant: the zeros unchecked.
#[test]
fn forged_pss_paddings() {
    let (n, d, key) = private(KEYS[0]);
    let verify = |encoded: Vec<u8>| ok(&PSS_SHA256, &key, MESSAGE, &raw_sign(&encoded, &n, &d));
    assert!(verify(pss_encoding(&[7; 32], 0, 1, 0xbc, 0)));
    assert!(!verify(pss_encoding(&[7; 20], 0, 1, 0xbc, 0)));
    assert!(!verify(pss_encoding(&[], 0, 1, 0xbc, 0)));
    assert!(!verify(pss_encoding(&[7; 33], 0, 1, 0xbc, 0)));
    assert!(!verify(pss_encoding(&[7; 32], 9, 1, 0xbc, 0)));
    assert!(!verify(pss_encoding(&[7; 32], 0, 2, 0xbc, 0)));
    assert!(!verify(pss_encoding(&[7; 32], 0, 1, 0xcc, 0)));
    // The modulus of this key begins with a one bit, so an encoding with its top bit set may still be below it.
    let top = pss_encoding(&[7; 32], 0, 1, 0xbc, 0x80);
    if top < n {
        assert!(!verify(top));
    }
}

/// A genuine signature plus the modulus is the same number to the arithmetic, and must not be to the verifier.
/// Mutant: `signature >= self.modulus` allowed.
#[test]
fn signatures_not_below_the_modulus() {
    let (n, _, key) = private(KEYS[0]);
    for signature in [n.clone(), std::vec![0xff; 256]] {
        assert!(!ok(&PKCS1_SHA256, &key, MESSAGE, &signature));
    }
    let pair = RsaKeyPair::from_pkcs8(KEYS[0]).unwrap();
    let mut tried = 0;
    // Salts are random: some signature is small enough for the sum to fit in 256 bytes.
    while tried < 3 {
        let mut made = std::vec![0; 256];
        pair.sign(&signature::RSA_PSS_SHA256, &SystemRandom::new(), MESSAGE, &mut made).unwrap();
        let mut carry = 0;
        for (digit, other) in made.iter_mut().zip(&n).rev() {
            let sum = u16::from(*digit) + u16::from(*other) + carry;
            *digit = sum as u8;
            carry = sum >> 8;
        }
        if carry == 0 {
            assert!(!ok(&PSS_SHA256, &key, MESSAGE, &made));
            tried += 1;
        }
    }
}

/// RSAPublicKey of these numbers.
fn public(n: &[u8], e: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| {
        let mut value = bytes.to_vec();
        if value[0] >= 0x80 {
            value.insert(0, 0);
        }
        der(2, &value)
    };
    der(0x30, &[integer(n), integer(e)].concat())
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = content.len();
    let mut out = std::vec![tag];
    match len {
        0..=0x7f => out.push(len as u8),
        0x80..=0xff => out.extend([0x81, len as u8]),
        _ => out.extend([&[0x82][..], &(len as u16).to_be_bytes()].concat()),
    }
    out.extend(content);
    out
}

#[test]
fn keys_out_of_bounds() {
    let odd = |len: usize| [&[0xc1], &std::vec![0x55; len - 2][..], &[0x0d]].concat();
    let f4 = [1, 0, 1];
    assert!(PublicKey::from_der(&public(&odd(256), &f4)).is_some());
    // 4096 bits are the most, 2048 the least; whole bytes are not required.
    assert!(PublicKey::from_der(&public(&odd(512), &f4)).is_some());
    assert!(PublicKey::from_der(&public(&[&[1], &odd(256)[..]].concat(), &f4)).is_some());
    assert!(PublicKey::from_der(&public(&odd(513), &f4)).is_none());
    assert!(PublicKey::from_der(&public(&odd(255), &f4)).is_none());
    assert!(PublicKey::from_der(&public(&[&[0x41], &odd(256)[1..]].concat(), &f4)).is_none());
    let mut even = odd(256);
    even[255] = 0x0c;
    assert!(PublicKey::from_der(&public(&even, &f4)).is_none());
    for exponent in [&[3][..], &[1], &[1, 0, 0], &[0xff; 5]] {
        assert!(PublicKey::from_der(&public(&odd(256), exponent)).is_none());
    }
    let right = public(&odd(256), &f4);
    for cut in 0..right.len() {
        assert!(PublicKey::from_der(&right[..cut]).is_none());
    }
    assert!(PublicKey::from_der(&[&right[..], &[0]].concat()).is_none());
    // A modulus of one bit more than whole bytes goes through every length in the arithmetic.
    let key = public(&[&[1], &odd(256)[..]].concat(), &f4);
    for algorithm in [&PKCS1_SHA256, &PSS_SHA256, &PSS_SHA512] {
        assert!(!ok(algorithm, &key, MESSAGE, &[&[0], &std::vec![0x77; 256][..]].concat()));
    }
}
