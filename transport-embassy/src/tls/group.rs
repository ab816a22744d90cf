//! The groups of the key exchange, and the client's secret in one of them (RFC 8446 section 4.2.8).

use rand_core::CryptoRngCore;
use zeroize::{Zeroize, Zeroizing};

use super::TlsError;
use super::p256::{Number, POINT_BYTES, Point, big_endian, number};

/// Bytes of the longest share.
const MAX_SHARE: usize = POINT_BYTES;

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
    P256 {
        secret: Number,
        share: Point,
    },
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
    /// A new secret, or an error where the source fails or is stuck.
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
            Group::P256 => {
                let secret = Zeroizing::new(number(bytes));
                Point::base_times(&secret).map(|share| Self::P256 { secret: *secret, share })
            }
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
            Self::P256 { .. } => Group::P256,
            #[cfg(feature = "x25519")]
            Self::X25519(_) => Group::X25519,
        }
    }

    /// The share to send.
    pub(super) fn share(&self) -> Share {
        match self {
            Self::P256 { share, .. } => Share { bytes: share.to_bytes(), len: POINT_BYTES },
            #[cfg(feature = "x25519")]
            Self::X25519(secret) => {
                let mut share = Share { bytes: [0; MAX_SHARE], len: 32 };
                share.bytes[..32].copy_from_slice(&x25519_dalek::x25519(*secret, x25519_dalek::X25519_BASEPOINT_BYTES));
                share
            }
        }
    }

    /// What both sides have in common with the server's share (RFC 8446 sections 4.2.8.2 and 7.4). A secret is used once.
    pub(super) fn agree(self, share: &[u8]) -> Result<Zeroizing<[u8; 32]>, TlsError> {
        const BAD: TlsError = TlsError::Malformed("key share");
        let mut shared = Zeroizing::new([0; 32]);
        match &self {
            Self::P256 { secret, .. } => {
                let share = Point::from_bytes(share).ok_or(BAD)?;
                let point = Zeroizing::new(share.times(secret).ok_or(BAD)?);
                *shared = big_endian(&point.x);
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
            Self::P256 { secret, .. } => secret.zeroize(),
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
