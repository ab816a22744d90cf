//! The cipher suites (RFC 8446 appendix B.4). All of them hash with SHA-256.

use aes_gcm::Aes128Gcm;
use aes_gcm::aead::{AeadInPlace, KeyInit};

use super::TlsError;
#[cfg(feature = "chacha20")]
use super::chacha;

/// Length of the tag of every suite.
pub(super) const TAG: usize = 16;
/// Length of the longest key.
pub(super) const MAX_KEY: usize = 32;

/// How records are protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Suite {
    /// TLS_CHACHA20_POLY1305_SHA256: the faster one where no hardware helps with AES.
    #[cfg(feature = "chacha20")]
    ChaCha20Poly1305,
    /// TLS_AES_128_GCM_SHA256: what every server has (RFC 8446 section 9.1).
    Aes128Gcm,
}

impl Suite {
    /// Offered, the one that is liked best first.
    pub(super) const OFFERED: &[Self] = &[
        #[cfg(feature = "chacha20")]
        Self::ChaCha20Poly1305,
        Self::Aes128Gcm,
    ];

    /// The number in the registry.
    pub(super) fn code(self) -> u16 {
        match self {
            Self::Aes128Gcm => 0x1301,
            #[cfg(feature = "chacha20")]
            Self::ChaCha20Poly1305 => 0x1303,
        }
    }

    /// The suite that a server chose, if it was offered.
    pub(super) fn offered(code: u16) -> Option<Self> {
        Self::OFFERED.iter().copied().find(|suite| suite.code() == code)
    }

    /// Length of its key in bytes.
    pub(super) fn key_len(self) -> usize {
        match self {
            Self::Aes128Gcm => 16,
            #[cfg(feature = "chacha20")]
            Self::ChaCha20Poly1305 => MAX_KEY,
        }
    }

    /// Encrypts `body` in place and gives its tag. The cipher is made anew for each record: a key is kept, not an expanded one.
    pub(super) fn seal(
        self,
        key: &[u8; MAX_KEY],
        nonce: [u8; 12],
        header: &[u8],
        body: &mut [u8],
    ) -> Result<[u8; TAG], TlsError> {
        match self {
            Self::Aes128Gcm => {
                let tag = aes(key).encrypt_in_place_detached(&nonce.into(), header, body);
                tag.map(Into::into).map_err(|_| TlsError::BadRecord)
            }
            #[cfg(feature = "chacha20")]
            Self::ChaCha20Poly1305 => Ok(chacha::seal(key, nonce, header, body)),
        }
    }

    /// Decrypts `body` in place; on an error its bytes are of no meaning.
    pub(super) fn open(
        self,
        key: &[u8; MAX_KEY],
        nonce: [u8; 12],
        header: &[u8],
        body: &mut [u8],
        tag: &[u8; TAG],
    ) -> Result<(), TlsError> {
        let opened = match self {
            Self::Aes128Gcm => aes(key).decrypt_in_place_detached(&nonce.into(), header, body, tag.into()).ok(),
            #[cfg(feature = "chacha20")]
            Self::ChaCha20Poly1305 => chacha::open(key, nonce, header, body, tag),
        };
        opened.ok_or(TlsError::BadRecord)
    }
}

/// Its key is the front half of the longest.
fn aes(key: &[u8; MAX_KEY]) -> Aes128Gcm {
    Aes128Gcm::new(key[..16].into())
}

#[cfg(test)]
mod tests {
    /// What a record's cipher makes of its key is wiped with it. Meant to notice: no feature `zeroize` of `aes`, which does not compile.
    #[test]
    fn keys_are_wiped() {
        fn wiped<T: zeroize::ZeroizeOnDrop>() {}
        wiped::<aes::Aes128>();
        #[cfg(feature = "chacha20")]
        wiped::<super::chacha::Cipher>();
    }
}
