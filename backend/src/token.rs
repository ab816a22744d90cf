//! Device tokens: who may call.
//!
//! A token is 32 random bytes, so its SHA-256 is enough. Slow, salted hashes protect secrets that people choose and others can guess.
//! Nobody can try 2^256 tokens, however fast the hash.

use sha2::{Digest, Sha256};

use crate::book::Owner;

/// The longest token accepted: what `pay_core`'s `Auth::bearer` sends at most.
const TOKEN_MAX: usize = 256;

/// The owner that this token stands for.
pub(crate) fn owner_of(token: &[u8]) -> Owner {
    Owner::new(Sha256::digest(token).into())
}

/// The same for a token that a caller sent; `None` if it cannot be a token.
pub(crate) fn presented(token: &[u8]) -> Option<Owner> {
    (1..=TOKEN_MAX).contains(&token.len()).then(|| owner_of(token))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{Owner, owner_of, presented};

    #[test]
    fn hashes_are_read_as_written() {
        let owner = owner_of(b"x");
        assert!(Owner::parse(&owner.to_string()) == Some(owner));
        for text in ["", "00", &"g".repeat(64), &"0".repeat(65)] {
            assert!(Owner::parse(text).is_none(), "{text}");
        }
        assert!(presented(b"").is_none() && presented(&[b'x'; 257]).is_none());
        assert!(presented(b"x") == Some(owner));
    }
}
