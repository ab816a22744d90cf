//! Which servers to trust, and the clock to check their certificates with.

use rustls_pki_types::TrustAnchor;
use subtle::{Choice, ConstantTimeEq};

use super::TlsError;

/// The wall clock, in seconds since 1970-01-01T00:00:00Z.
pub trait Clock {
    /// The time now, or `None` if it is not known: then every connection is refused, because dates are always checked.
    fn unix_seconds(&self) -> Option<u64>;
}

impl<C: Clock + ?Sized> Clock for &C {
    fn unix_seconds(&self) -> Option<u64> {
        (**self).unix_seconds()
    }
}

/// SHA-256 hashes of SubjectPublicKeyInfo (RFC 7469 section 2.4) of the server's own key: the one in use and a spare.
///
/// The spare is the key that the server will change to. Without it, the change would lock out every device.
#[derive(Debug, Clone, Copy)]
pub struct Pins {
    current: [u8; 32],
    spare: [u8; 32],
}

impl Pins {
    /// Accepts a server whose key hashes to `current` or to `spare`.
    pub const fn new(current: [u8; 32], spare: [u8; 32]) -> Self {
        Self { current, spare }
    }

    pub(super) fn contain(&self, hash: &[u8; 32]) -> bool {
        let found: Choice = self.current.ct_eq(hash) | self.spare.ct_eq(hash);
        found.into()
    }
}

/// How a server's certificate is checked.
///
/// Pins are an additional check: the chain to an anchor, the name and the dates are always checked.
#[derive(Debug, Clone, Copy)]
pub struct Trust<'a> {
    anchors: &'a [TrustAnchor<'a>],
    pins: Option<Pins>,
    not_before_s: u64,
}

impl<'a> Trust<'a> {
    /// Trusts chains that end in one of `anchors`. `released_s` is a time that has surely passed, in Unix seconds: the
    /// release date of the program. A clock that shows less was never set, and is refused.
    pub const fn new(anchors: &'a [TrustAnchor<'a>], released_s: u64) -> Self {
        Self { anchors, pins: None, not_before_s: released_s }
    }

    /// Accepts only a server with one of these keys.
    pub const fn with_pins(mut self, pins: Pins) -> Self {
        self.pins = Some(pins);
        self
    }

    pub(super) fn anchors(&self) -> &'a [TrustAnchor<'a>] {
        self.anchors
    }

    pub(super) fn pins(&self) -> Option<&Pins> {
        self.pins.as_ref()
    }

    /// The time to check dates with.
    pub(super) fn now(&self, clock: &impl Clock) -> Result<u64, TlsError> {
        match clock.unix_seconds() {
            None => Err(TlsError::NoClock),
            Some(now) if now < self.not_before_s => Err(TlsError::ClockBehind),
            Some(now) => Ok(now),
        }
    }
}

/// The public roots of Mozilla's programme, as of the build.
#[cfg(feature = "public-roots")]
pub fn public_roots() -> &'static [TrustAnchor<'static>] {
    webpki_roots::TLS_SERVER_ROOTS
}
