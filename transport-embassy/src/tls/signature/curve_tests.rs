//! Verification over each curve, compared with RustCrypto's crate for it (`oracle`) on signatures that were made, broken, and built to
//! hit rare cases.

extern crate std;

use super::*;
use crate::tls::signature::modular::add;
use oracle::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use oracle::ecdsa::{DerSignature, Signature, SigningKey, VerifyingKey};
use oracle::elliptic_curve::PrimeField;
use oracle::elliptic_curve::group::Group;
use oracle::elliptic_curve::ops::Reduce;
use oracle::elliptic_curve::point::{AffineCoordinates, DecompressPoint};
use oracle::elliptic_curve::sec1::ToEncodedPoint;
use oracle::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};
use proptest::prelude::*;
use std::vec::Vec;

/// What the crate says.
fn expected(key: &[u8], hash: &[u8], signature: &[u8]) -> bool {
    let key = VerifyingKey::from_sec1_bytes(key);
    let signature = Signature::from_der(signature);
    match (key, signature) {
        (Ok(key), Ok(signature)) => key.verify_prehash(hash, &signature).is_ok(),
        _ => false,
    }
}

fn both(key: &[u8], hash: &[u8], signature: &[u8]) -> bool {
    let ours = verify(key, hash, signature).is_some();
    assert_eq!(ours, expected(key, hash, signature), "{key:02x?} {hash:02x?} {signature:02x?}");
    ours
}

fn uncompressed(point: &ProjectivePoint) -> Vec<u8> {
    point.to_affine().to_encoded_point(false).as_bytes().to_vec()
}

fn der(r: Scalar, s: Scalar) -> Vec<u8> {
    let signature = Signature::from_scalars(r, s).unwrap();
    DerSignature::from(signature).as_bytes().to_vec()
}

/// A point's x, as a number modulo the order.
fn x_of(point: &ProjectivePoint) -> Scalar {
    <Scalar as Reduce<Uint>>::reduce_bytes(&point.to_affine().x())
}

fn scalar(number: u64) -> Scalar {
    Scalar::from(number)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 24 } else { 2_000 }))]

    /// Mutants seen red: each.
    #[test]
    fn signatures_are_those_of_the_crate(secret in any::<[u8; 48]>(), hash in any::<[u8; 48]>(), short: bool, at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let Ok(secret) = SigningKey::from_slice(&secret[..BYTES]) else { return Ok(()) };
        let key = uncompressed(&ProjectivePoint::from(*secret.verifying_key().as_affine()));
        let hash = &hash[..if short { 32 } else { 48 }];
        let signature: DerSignature = secret.sign_prehash(hash).unwrap();
        let signature = signature.as_bytes();
        prop_assert!(both(&key, hash, signature));
        let broken = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            // What a hash has beyond the order's length does not count.
            let at = at.index(bytes.len().min(2 * BYTES)) % if bytes == hash { BYTES } else { usize::MAX };
            bytes[at] ^= flip;
            bytes
        };
        prop_assert!(!both(&broken(&key), hash, signature));
        prop_assert!(!both(&key, &broken(hash), signature));
        prop_assert!(!both(&key, hash, &broken(signature)));
    }
}

/// A key, a hash and a signature for which `u1` and `u2` are these, whatever they are signed with.
fn built(u1: Scalar, u2: Scalar, key: &ProjectivePoint) -> Option<(Vec<u8>, Vec<u8>, Vec<u8>)> {
    let r = x_of(&(ProjectivePoint::GENERATOR * u1 + *key * u2));
    let s = Option::<Scalar>::from(u2.invert()).map(|inverse| r * inverse).filter(|s| *s != Scalar::ZERO)?;
    let hash = (u1 * s).to_repr().to_vec();
    Some((uncompressed(key), hash, der(r, s)))
}

/// Sums of equal, opposite and infinite points on the way. Mutants seen red: each.
#[test]
fn rare_sums() {
    let g = ProjectivePoint::GENERATOR;
    let minus = |number| -scalar(number);
    let mut good = 0;
    for key in [g, -g, g + g, g * minus(5)] {
        for u1 in [scalar(0), scalar(1), scalar(2), scalar(1 << 40), minus(1), minus(2)] {
            for u2 in [scalar(1), scalar(2), scalar(3), minus(1), minus(7)] {
                let sum = g * u1 + key * u2;
                let Some((key, hash, signature)) = built(u1, u2, &key) else { continue };
                if !bool::from(sum.is_identity()) {
                    assert!(both(&key, &hash, &signature));
                    good += 1;
                }
            }
        }
    }
    assert!(good > 100, "{good}");
    // A sum at infinity has no x, and is refused whatever r is.
    let r = scalar(9);
    let s = scalar(11);
    let hash = (-r).to_repr();
    assert!(!both(&uncompressed(&g), &hash, &der(r, s)));
}

/// An x above the order leaves r = x - n. Mutants seen red: the second candidate not tried; r and s not compared with the order.
#[test]
fn an_x_above_the_order() {
    let mut found = 0;
    for above in 1..40_u64 {
        let Some(point) = with_x(&bytes_of(&plus_order(&small(above)))) else { continue };
        // The key for which this is u1 * G + u2 * Q.
        let (s, e) = (scalar(12_345), scalar(678));
        let r = scalar(above);
        let key = (ProjectivePoint::from(point) * s - ProjectivePoint::GENERATOR * e) * r.invert().unwrap();
        let (key, hash) = (uncompressed(&key), e.to_repr());
        assert!(both(&key, &hash, &der(r, s)));
        assert!(!both(&key, &hash, &der(r + Scalar::ONE, s)));
        // Both numbers have another spelling, which is out of range.
        let above_order = |number| bytes_of(&plus_order(&number));
        let (r, s) = (bytes_of(&small(above)), bytes_of(&small(12_345)));
        assert!(!both(&key, &hash, &written(&above_order(small(above)), &s)));
        assert!(!both(&key, &hash, &written(&r, &above_order(small(12_345)))));
        found += 1;
    }
    assert!(found > 9, "{found}");
}

/// r plus the order is no x where it is above the prime: with x = r + n - p, or - 2^384, nothing was signed. Mutant seen red:
/// the second candidate without its condition, or without one half of it.
#[test]
fn an_r_plus_the_order_above_the_prime() {
    let mut found = 0;
    for x in 1..20_u64 {
        let Some(point) = with_x(&bytes_of(&small(x))) else { continue };
        let mut beyond_prime = small(x);
        assert!(!add(&mut beyond_prime, &P));
        let to_the_words = scalar_of(&[u32::MAX; BYTES / 4]) + Scalar::ONE;
        for r in [scalar_of(&beyond_prime), scalar(x) + to_the_words] {
            let (s, e) = (scalar(12_345), scalar(678));
            let key = (ProjectivePoint::from(point) * s - ProjectivePoint::GENERATOR * e) * r.invert().unwrap();
            assert!(!both(&uncompressed(&key), &e.to_repr(), &der(r, s)));
            found += 1;
        }
    }
    assert!(found > 6, "{found}");
}

/// An x that is written as x + p is another spelling. Mutant seen red: a coordinate not compared with the prime.
#[test]
fn a_coordinate_above_the_prime() {
    let mut found = 0;
    for x in 1..20_u64 {
        let Some(point) = with_x(&bytes_of(&small(x))) else { continue };
        let (mut key, hash, signature) = built(scalar(3), scalar(5), &point.into()).unwrap();
        assert!(both(&key, &hash, &signature));
        let mut other = small(x);
        assert!(!add(&mut other, &P));
        key[1..=BYTES].copy_from_slice(&bytes_of(&other));
        assert!(!both(&key, &hash, &signature));
        found += 1;
    }
    assert!(found > 3, "{found}");
}

/// Below the prime.
fn plus_order(number: &Number) -> Number {
    candidates(number, &N, &P).nth(1).unwrap()
}

pub(super) fn small(number: u64) -> Number {
    let mut words = Number::default();
    words[0] = number as u32;
    words
}

pub(super) fn bytes_of(number: &Number) -> Vec<u8> {
    number.iter().rev().flat_map(|word| word.to_be_bytes()).collect()
}

/// Any number, modulo the order.
fn scalar_of(number: &Number) -> Scalar {
    <Scalar as Reduce<Uint>>::reduce_bytes(FieldBytes::from_slice(&bytes_of(number)))
}

/// Two numbers as a signature has them, in whatever range they are.
pub(super) fn written(r: &[u8], s: &[u8]) -> Vec<u8> {
    sequence(&[integer(r), integer(s)].concat())
}

fn sequence(content: &[u8]) -> Vec<u8> {
    let len = content.len() as u8;
    let head = if len < 0x80 { &[0x30, len][..] } else { &[0x30, 0x81, len] };
    [head, content].concat()
}

/// As DER, without leading zeros.
fn integer(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count().min(number.len().saturating_sub(1));
    let number = &number[zeros..];
    let sign = if number.first().is_some_and(|byte| *byte >= 0x80) { &[0][..] } else { &[] };
    [&[2, (sign.len() + number.len()) as u8], sign, number].concat()
}

/// A point with this x, if the curve has one.
fn with_x(x: &[u8]) -> Option<AffinePoint> {
    AffinePoint::decompress(FieldBytes::from_slice(x), 0.into()).into()
}

/// Numbers out of range, points off the curve, other spellings. Mutants seen red: each.
#[test]
fn what_is_not_in_form_is_refused() {
    let secret = SigningKey::from_slice(&[7; BYTES]).unwrap();
    let key = secret.verifying_key().to_encoded_point(false).as_bytes().to_vec();
    let hash = [0xff; BYTES];
    let made: DerSignature = secret.sign_prehash(&hash).unwrap();
    assert!(both(&key, &hash, made.as_bytes()), "a hash above the order");
    let (r, s) = two_positive(made.as_bytes()).map(|(r, s)| (r.to_vec(), s.to_vec())).unwrap();
    let (order, prime) = (bytes_of(&N), bytes_of(&P));
    assert!(both(&key, &hash, &written(&r, &s)));
    let longer = |number: &[u8]| [&[1][..], &[0; BYTES][number.len()..], number].concat();
    assert!(!both(&key, &hash, &written(&longer(&r), &s)));
    assert!(!both(&key, &hash, &written(&r, &longer(&s))));
    let three = [integer(&r), integer(&s), integer(&s)].concat();
    assert!(!both(&key, &hash, &sequence(&three)));
    for wrong in [&[0][..], &[], &order, &prime, &[1; BYTES + 1], &[0x80; 60]] {
        assert!(!both(&key, &hash, &written(wrong, &s)));
        assert!(!both(&key, &hash, &written(&r, wrong)));
    }
    let mut long = written(&r, &s);
    long.push(0);
    assert!(!both(&key, &hash, &long));
    assert!(verify(&key, &hash, &long[1..]).is_none());
    let (x, y) = key[1..].split_at(BYTES);
    for wrong in [
        &[&[4], x, x].concat()[..],
        &[&[4], &prime[..], y].concat(),
        &[&[4], x, &prime[..]].concat(),
        &[&[4], &[0; 2 * BYTES][..]].concat(),
        &[&[6], x, y].concat(),
        &[&[4], x, y, &[0]].concat(),
        &[&[4], x, &[7], y].concat(),
        &[&[4], x].concat(),
        &[4],
        &[0],
        &[],
    ] {
        assert!(!both(wrong, &hash, made.as_bytes()), "{wrong:02x?}");
    }
    // The y of this key begins with a zero, which is written all the same.
    let mut point = ProjectivePoint::GENERATOR;
    while uncompressed(&point)[1 + BYTES] != 0 {
        point += ProjectivePoint::GENERATOR;
    }
    let (key, hash, signature) = built(scalar(3), scalar(5), &point).unwrap();
    assert!(both(&key, &hash, &signature));
    assert!(!both(&[&key[..1 + BYTES], &key[2 + BYTES..]].concat(), &hash, &signature));
    // The crate takes the short form too; certificates do not have it.
    let short = secret.verifying_key().to_encoded_point(true);
    assert!(verify(short.as_bytes(), &hash, made.as_bytes()).is_none());
}
