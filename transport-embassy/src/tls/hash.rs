//! SHA-2 of messages that lie there whole. Its code is there once for every use: a generic one would be copied to each.

use core::ops::Deref;

use sha2::Sha256VarCore;
#[cfg(any(feature = "p384", feature = "rsa"))]
use sha2::Sha512VarCore;
use sha2::digest::core_api::{Buffer, VariableOutputCore};
use sha2::digest::typenum::{IsLess, Le, NonZero, U256};

/// Bytes of the longest hash.
const MAX: usize = if cfg!(any(feature = "p384", feature = "rsa")) { 64 } else { 32 };

/// One of the hash functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sha2 {
    Sha256,
    #[cfg(any(feature = "p384", feature = "rsa"))]
    Sha384,
    #[cfg(feature = "rsa")]
    Sha512,
}

/// What one of them gave.
pub(super) struct Hashed {
    bytes: [u8; MAX],
    len: usize,
}

impl Sha2 {
    /// Bytes of its hash.
    pub(super) fn len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            #[cfg(any(feature = "p384", feature = "rsa"))]
            Self::Sha384 => 48,
            #[cfg(feature = "rsa")]
            Self::Sha512 => 64,
        }
    }

    /// Of the parts as one message.
    #[inline(never)]
    pub(super) fn of(self, parts: &[&[u8]]) -> Hashed {
        let len = self.len();
        let bytes = match self {
            Self::Sha256 => hash::<Sha256VarCore>(len, parts),
            #[cfg(any(feature = "p384", feature = "rsa"))]
            _ => hash::<Sha512VarCore>(len, parts),
        };
        Hashed { bytes, len }
    }
}

impl Deref for Hashed {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// The core of SHA-384 is that of SHA-512, begun with other numbers and cut.
fn hash<C: VariableOutputCore>(len: usize, parts: &[&[u8]]) -> [u8; MAX]
where
    C::BlockSize: IsLess<U256>,
    Le<C::BlockSize, U256>: NonZero,
{
    let mut bytes = [0; MAX];
    // Every length above is one that its core has.
    if let Ok(mut core) = C::new(len) {
        let mut buffer = Buffer::<C>::default();
        for part in parts {
            buffer.digest_blocks(part, |blocks| core.update_blocks(blocks));
        }
        let mut out = Default::default();
        core.finalize_variable_core(&mut buffer, &mut out);
        bytes[..len].copy_from_slice(&out[..len]);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256, Sha384, Sha512};

    /// As the crate's own whole functions have it, over the bounds of blocks, in one part and in three. Mutants: another core or
    /// another length for SHA-384; the last part left out.
    #[test]
    fn parts_are_hashed_as_one_message() {
        let message: [u8; 300] = core::array::from_fn(|at| at as u8);
        for len in [0, 1, 3, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 300] {
            let message = &message[..len];
            let (a, b) = message.split_at(len / 3);
            let (b, c) = b.split_at(b.len() / 2);
            for parts in [&[message][..], &[a, b, c]] {
                assert_eq!(*Sha2::Sha256.of(parts), *Sha256::digest(message), "{len}");
                assert_eq!(*Sha2::Sha384.of(parts), *Sha384::digest(message), "{len}");
                assert_eq!(*Sha2::Sha512.of(parts), *Sha512::digest(message), "{len}");
            }
        }
    }
}
