//! Compared with the crate `p384`, which shares no line with it, on signatures that were made, broken, and built to hit rare cases.

extern crate std;

use super::*;
use p384::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use p384::ecdsa::{DerSignature, Signature, SigningKey, VerifyingKey};
use p384::elliptic_curve::PrimeField;
use p384::elliptic_curve::group::Group;
use p384::elliptic_curve::ops::Reduce;
use p384::elliptic_curve::point::DecompressPoint;
use p384::elliptic_curve::sec1::ToEncodedPoint;
use p384::{AffinePoint, FieldBytes, ProjectivePoint, Scalar, U384};
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
    <Scalar as Reduce<U384>>::reduce_bytes(&p384::elliptic_curve::point::AffineCoordinates::x(&point.to_affine()))
}

fn scalar(number: u64) -> Scalar {
    Scalar::from(number)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 24 } else { 2_000 }))]

    /// Mutants seen red: each.
    #[test]
    fn signatures_are_those_of_the_crate(secret in any::<[u8; 48]>(), hash in any::<[u8; 48]>(), short: bool, at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let Ok(secret) = SigningKey::from_slice(&secret) else { return Ok(()) };
        let key = uncompressed(&ProjectivePoint::from(*secret.verifying_key().as_affine()));
        let hash = &hash[..if short { 32 } else { 48 }];
        let signature: DerSignature = secret.sign_prehash(hash).unwrap();
        let signature = signature.as_bytes();
        prop_assert!(both(&key, hash, signature));
        let broken = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            let at = at.index(bytes.len());
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
    let s = Option::<Scalar>::from(u2.invert()).map(|inverse| r * inverse).filter(|s| !bool::from(s.is_zero()))?;
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

/// An x above the order leaves r = x - n. Mutant seen red: `plus_order` not tried.
#[test]
fn an_x_above_the_order() {
    let mut found = 0;
    for above in 1..40_u64 {
        let Some(point) = with_x(&bytes_of(&plus_order(&small(above)).unwrap())) else { continue };
        // The key for which this is u1 * G + u2 * Q.
        let (s, e) = (scalar(12_345), scalar(678));
        let r = scalar(above);
        let key = (ProjectivePoint::from(point) * s - ProjectivePoint::GENERATOR * e) * r.invert().unwrap();
        assert!(both(&uncompressed(&key), &e.to_repr(), &der(r, s)));
        assert!(!both(&uncompressed(&key), &e.to_repr(), &der(r + Scalar::ONE, s)));
        found += 1;
    }
    assert!(found > 9, "{found}");
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
        key[1..49].copy_from_slice(&bytes_of(&other));
        assert!(!both(&key, &hash, &signature));
        found += 1;
    }
    assert!(found > 3, "{found}");
}

fn small(number: u64) -> Number {
    let mut words = Number::default();
    words[0] = number as u32;
    words
}

fn bytes_of(number: &Number) -> Vec<u8> {
    number.iter().rev().flat_map(|word| word.to_be_bytes()).collect()
}

/// A point with this x, if the curve has one.
fn with_x(x: &[u8]) -> Option<AffinePoint> {
    AffinePoint::decompress(FieldBytes::from_slice(x), 0.into()).into()
}

/// Numbers out of range, points off the curve, other spellings. Mutants seen red: each.
#[test]
fn what_is_not_in_form_is_refused() {
    let secret = SigningKey::from_slice(&[7; 48]).unwrap();
    let key = secret.verifying_key().to_encoded_point(false).as_bytes().to_vec();
    let hash = [0xff; 48];
    let made: DerSignature = secret.sign_prehash(&hash).unwrap();
    assert!(both(&key, &hash, made.as_bytes()), "a hash above the order");
    let (r, s) = two_positive(made.as_bytes()).map(|(r, s)| (r.to_vec(), s.to_vec())).unwrap();
    let (order, prime) = (bytes_of(&N), bytes_of(&P));
    let written = |r: &[u8], s: &[u8]| {
        let integer = |number: &[u8]| {
            let sign = if number.first().is_some_and(|byte| *byte >= 0x80) { &[0][..] } else { &[] };
            [&[2, (sign.len() + number.len()) as u8], sign, number].concat()
        };
        let content = [integer(r), integer(s)].concat();
        [&[0x30, content.len() as u8], &content[..]].concat()
    };
    assert!(both(&key, &hash, &written(&r, &s)));
    for wrong in [&[0][..], &[], &order, &prime, &[1; 49], &[0x80; 60]] {
        assert!(!both(&key, &hash, &written(wrong, &s)));
        assert!(!both(&key, &hash, &written(&r, wrong)));
    }
    let mut long = written(&r, &s);
    long.push(0);
    assert!(!both(&key, &hash, &long));
    assert!(verify(&key, &hash, &long[1..]).is_none());
    let (x, y) = key[1..].split_at(48);
    for wrong in [
        &[&[4], x, x].concat()[..],
        &[&[4], &prime[..], y].concat(),
        &[&[4], x, &prime[..]].concat(),
        &[&[4], &[0; 96][..]].concat(),
        &[&[6], x, y].concat(),
        &[&[4], x, y, &[0]].concat(),
        &[&[4], x].concat(),
        &[4],
        &[0],
        &[],
    ] {
        assert!(!both(wrong, &hash, made.as_bytes()), "{wrong:02x?}");
    }
    // The crate takes the short form too; certificates do not have it.
    let short = secret.verifying_key().to_encoded_point(true);
    assert!(verify(short.as_bytes(), &hash, made.as_bytes()).is_none());
}
