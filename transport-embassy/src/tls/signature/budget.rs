//! How many signatures are checked for one chain.

use core::sync::atomic::{AtomicU16, AtomicUsize, Ordering::Relaxed};

use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};

use super::{ALGORITHMS, CHAIN};

/// Different signatures that are checked for one chain. An honest one needs as many as it has certificates, one for each cross
/// certificate, and one for each key too many where several CAs have the same name: they are tried in turn.
///
/// A stranger could ask for more, which is seconds on a small core.
const MAX_CHECKS: usize = 12;

/// Signatures of one chain that were checked, each once: path building comes back to the same ones on many paths.
///
/// Atomics, since algorithms must be `Sync`; there is one thread, so no exchange is needed, which the smallest cores do not have.
pub(in crate::tls) struct Budget {
    /// Where key and message of each check lie. They stay there for as long as the budget lives.
    checked: [[AtomicUsize; 2]; MAX_CHECKS],
    count: AtomicUsize,
    /// A bit for each check that was good.
    good: AtomicU16,
}

/// One algorithm that draws on a budget.
pub(in crate::tls) struct Counted<'a> {
    algorithm: &'static dyn SignatureVerificationAlgorithm,
    budget: &'a Budget,
}

impl Budget {
    pub(in crate::tls) const fn new() -> Self {
        Self {
            checked: [const { [const { AtomicUsize::new(0) }; 2] }; MAX_CHECKS],
            count: AtomicUsize::new(0),
            good: AtomicU16::new(0),
        }
    }

    pub(in crate::tls) fn algorithms(&self) -> [Counted<'_>; ALGORITHMS] {
        CHAIN.map(|algorithm| Counted { algorithm, budget: self })
    }
}

impl core::fmt::Debug for Counted<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.algorithm.fmt(f)
    }
}

impl core::fmt::Debug for Budget {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Budget")
    }
}

impl SignatureVerificationAlgorithm for Counted<'_> {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let budget = self.budget;
        let count = budget.count.load(Relaxed);
        let places = [public_key.as_ptr().addr(), message.as_ptr().addr()];
        let known = budget.checked[..count].iter().position(|pair| pair.each_ref().map(|p| p.load(Relaxed)) == places);
        let at = match known {
            Some(at) => at,
            None => {
                let pair = budget.checked.get(count).ok_or(InvalidSignature)?;
                for (place, now) in pair.iter().zip(places) {
                    place.store(now, Relaxed);
                }
                budget.count.store(count + 1, Relaxed);
                let good = self.algorithm.verify_signature(public_key, message, signature).is_ok();
                budget.good.store(budget.good.load(Relaxed) | u16::from(good) << count, Relaxed);
                count
            }
        };
        if budget.good.load(Relaxed) >> at & 1 == 1 { Ok(()) } else { Err(InvalidSignature) }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.signature_alg_id()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256::ecdsa::signature::Signer;
    use p256::ecdsa::{DerSignature, SigningKey};

    struct Signed {
        point: p256::EncodedPoint,
        signature: DerSignature,
    }

    /// Key and signature over `b"message"`.
    fn signed() -> Signed {
        let key = SigningKey::from_slice(&[7; 32]).unwrap();
        Signed { point: key.verifying_key().to_encoded_point(false), signature: key.sign(b"message") }
    }

    // Meant to notice: `count` not stored; a good check taken for a bad one and the other way round.
    #[test]
    fn a_budget_runs_out_after_that_many_different_checks() {
        let Signed { point, signature } = signed();
        let messages = [*b"message"; MAX_CHECKS + 1];
        let budget = Budget::new();
        let [p256, ..] = budget.algorithms();
        let check = |message: &[u8]| p256.verify_signature(point.as_bytes(), message, signature.as_bytes()).is_ok();
        assert!(messages[..MAX_CHECKS].iter().all(|message| check(message)));
        assert!(!check(&messages[MAX_CHECKS]));
        // What was checked before stays as it was.
        assert!(check(&messages[0]) && check(&messages[MAX_CHECKS - 1]));
    }

    // Meant to notice: no look at what is known; only the key, or only the message, compared.
    #[test]
    fn the_same_check_is_made_once() {
        let Signed { point, signature } = signed();
        let other = SigningKey::from_slice(&[9; 32]).unwrap().verifying_key().to_encoded_point(false);
        let budget = Budget::new();
        let [p256, ..] = budget.algorithms();
        let (good, bad) = (b"message", b"other");
        for _ in 0..MAX_CHECKS {
            assert!(p256.verify_signature(point.as_bytes(), good, signature.as_bytes()).is_ok());
            assert!(p256.verify_signature(point.as_bytes(), bad, signature.as_bytes()).is_err());
            assert!(p256.verify_signature(other.as_bytes(), good, signature.as_bytes()).is_err());
        }
        assert_eq!(budget.count.load(Relaxed), 3);
    }
}
