//! A signature: 32 bytes, in base64 on the way.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use super::super::super::model::action::sextet;

pub(super) struct Signature([u8; 32]);

impl Signature {
    /// Reads 43 digits of base64 (RFC 4648, section 4) and one `=`. Strict: nothing else around it, and no bits left over, so that there
    /// is one text for one signature.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let [digits @ .., b'='] = text.first_chunk::<44>().filter(|all| all.len() == text.len())? else { return None };
        let mut bytes = [0; 32];
        let mut left_over = 0;
        for (to, from) in bytes.chunks_mut(3).zip(digits.chunks(4)) {
            let mut bits: u32 = 0;
            for digit in from {
                bits = bits << 6 | u32::from(sextet(*digit)?);
            }
            let bits = bits << (6 * (4 - from.len()));
            let [_, plain @ ..] = bits.to_be_bytes();
            left_over = u32::from(plain.iter().skip(to.len()).any(|byte| *byte != 0));
            to.iter_mut().zip(plain).for_each(|(to, from)| *to = from);
        }
        (left_over == 0).then_some(Self(bytes))
    }

    /// Whether `key` made it over `timestamp` and `body`; the time taken says nothing of where it differs.
    pub(super) fn is_of(&self, key: &[u8], timestamp: &[u8], body: &[u8]) -> Choice {
        // HMAC takes a key of any length, so this cannot fail.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Choice::from(0) };
        mac.update(timestamp);
        mac.update(body);
        mac.finalize().into_bytes().as_slice().ct_eq(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The text from Python's `base64`. Mutants: bits left over let through; what follows 44 characters not looked at.
    #[test]
    fn one_text_for_one_signature() {
        let text = *b"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHv8=";
        let mut bytes: [u8; 32] = core::array::from_fn(|at| at as u8);
        bytes[31] = 0xff;
        assert_eq!(Signature::parse(&text).map(|signature| signature.0), Some(bytes));
        for digit in 0..=255 {
            let mut other = text;
            other[42] = digit;
            // The last digit has two bits to spare.
            let fits = sextet(digit).is_some_and(|sextet| sextet % 4 == 0);
            assert_eq!(Signature::parse(&other).is_some(), fits, "{digit:#x}");
            other = text;
            other[43] = digit;
            assert_eq!(Signature::parse(&other).is_some(), digit == b'=', "{digit:#x}");
        }
        assert!(Signature::parse(&text[..43]).is_none());
        assert!(Signature::parse(b"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHv8==").is_none());
        assert!(Signature::parse(b"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHv8=\n").is_none());
        assert!(Signature::parse(b"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==").is_none());
        assert!(Signature::parse(b"").is_none());
    }
}
