//! The groups of the key exchange, and the client's secret in one of them (RFC 8446 section 4.2.8).

use p256::NonZeroScalar;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use rand_core::CryptoRngCore;
use zeroize::{Zeroize, Zeroizing};

use super::TlsError;

/// Bytes of the longest share: an uncompressed P-256 point.
const MAX_SHARE: usize = 65;

/// Draws of a secret before the random source is given up. A working one needs a second draw once in 2^32.
const MAX_DRAWS: u8 = 8;

/// A group of the key exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    /// secp256r1: what every server has (RFC 8446 section 9.1), so its share goes out with the first ClientHello.
    P256,
    #[cfg(feature = "x25519")]
    X25519,
}

/// The client's secret of one connection. Wiped when dropped.
pub(super) enum Secret {
    P256(NonZeroScalar),
    #[cfg(feature = "x25519")]
    X25519([u8; 32]),
}

/// The client's public share.
pub(super) struct Share {
    bytes: [u8; MAX_SHARE],
    len: usize,
}

impl Group {
    /// Offered, the one whose share is sent first.
    pub(super) const OFFERED: &[Self] = &[
        Self::P256,
        #[cfg(feature = "x25519")]
        Self::X25519,
    ];

    /// The number in the registry.
    pub(super) fn code(self) -> u16 {
        match self {
            Self::P256 => 0x0017,
            #[cfg(feature = "x25519")]
            Self::X25519 => 0x001d,
        }
    }

    /// The group that a server chose, if it was offered.
    pub(super) fn offered(code: u16) -> Option<Self> {
        Self::OFFERED.iter().copied().find(|group| group.code() == code)
    }
}

impl Secret {
    /// A new secret, or an error where p256's own way would panic on a failing source and loop on one that is stuck.
    pub(super) fn draw(group: Group, rng: &mut impl CryptoRngCore) -> Result<Self, TlsError> {
        let mut bytes = Zeroizing::new([0; 32]);
        for _ in 0..MAX_DRAWS {
            rng.try_fill_bytes(&mut *bytes).map_err(|_| TlsError::Random)?;
            if let Some(secret) = Self::from_bytes(group, &bytes) {
                return Ok(secret);
            }
        }
        Err(TlsError::Random)
    }

    /// Not from what only a stuck source gives: all bits alike, in P-256 also what lies beyond the group's order.
    pub(super) fn from_bytes(group: Group, bytes: &[u8; 32]) -> Option<Self> {
        match group {
            Group::P256 => Option::from(NonZeroScalar::from_repr((*bytes).into())).map(Self::P256),
            #[cfg(feature = "x25519")]
            Group::X25519 => {
                let stuck = bytes[1..] == bytes[..31] && matches!(bytes[0], 0x00 | 0xff);
                (!stuck).then_some(Self::X25519(*bytes))
            }
        }
    }

    /// The group it is of.
    pub(super) fn group(&self) -> Group {
        match self {
            Self::P256(_) => Group::P256,
            #[cfg(feature = "x25519")]
            Self::X25519(_) => Group::X25519,
        }
    }

    /// The share to send.
    pub(super) fn share(&self) -> Share {
        let mut share = Share { bytes: [0; MAX_SHARE], len: 0 };
        match self {
            Self::P256(secret) => {
                let point = p256::PublicKey::from_secret_scalar(secret).to_encoded_point(false);
                share.len = point.as_bytes().len().min(MAX_SHARE);
                share.bytes[..share.len].copy_from_slice(&point.as_bytes()[..share.len]);
            }
            #[cfg(feature = "x25519")]
            Self::X25519(secret) => {
                share.len = 32;
                share.bytes[..32].copy_from_slice(&x25519_dalek::x25519(*secret, x25519_dalek::X25519_BASEPOINT_BYTES));
            }
        }
        share
    }

    /// What both sides have in common with the server's share (RFC 8446 sections 4.2.8.2 and 7.4).
    pub(super) fn agree(&self, share: &[u8]) -> Result<Zeroizing<[u8; 32]>, TlsError> {
        const BAD: TlsError = TlsError::Malformed("key share");
        let mut shared = Zeroizing::new([0; 32]);
        match self {
            Self::P256(secret) => {
                // Compressed points and the point at infinity are of another length.
                let share: &[u8; MAX_SHARE] = share.try_into().map_err(|_| BAD)?;
                let share = p256::PublicKey::from_sec1_bytes(share).map_err(|_| BAD)?;
                shared.copy_from_slice(p256::ecdh::diffie_hellman(secret, share.as_affine()).raw_secret_bytes());
            }
            #[cfg(feature = "x25519")]
            Self::X25519(secret) => {
                let share = share.try_into().map_err(|_| BAD)?;
                *shared = x25519_dalek::x25519(*secret, share);
                // A point of small order: everybody would know the secret (RFC 8446 section 7.4.2).
                if shared.iter().fold(0, |all, byte| all | byte) == 0 {
                    return Err(BAD);
                }
            }
        }
        Ok(shared)
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        match self {
            Self::P256(secret) => secret.zeroize(),
            #[cfg(feature = "x25519")]
            Self::X25519(secret) => secret.zeroize(),
        }
    }
}

impl Share {
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}
