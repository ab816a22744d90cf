//! A webhook whose signature is right.

use core::fmt;

use super::super::super::model::{ApiVersion, UnixSeconds};
use super::error::WebhookError;
use super::event::Event;
use super::read;

/// A webhook that the gateway signed. Made by [`Keys::verify`](super::Keys::verify) alone.
pub struct Signed<'b> {
    pub(super) body: &'b mut [u8],
    pub(super) sent: UnixSeconds,
    pub(super) now: UnixSeconds,
    pub(super) age: Age,
    pub(super) with: SignedWith,
    pub(super) version: Option<ApiVersion>,
    pub(super) attempt: Option<u32>,
}

/// Whether a signature was made within the window around the receiver's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
// Exhaustive on purpose: a time lies inside, before or behind a window.
#[allow(clippy::exhaustive_enums)]
pub enum Age {
    /// Within.
    Fresh,
    /// Made before it: a late repeat, or a replay by an attacker.
    Old,
    /// Made after it: one of the two clocks is wrong.
    Early,
}

/// Which secret made a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
// Exhaustive on purpose: there are no more than two.
#[allow(clippy::exhaustive_enums)]
pub enum SignedWith {
    /// The one in use.
    Current,
    /// The one before it.
    Previous,
}

impl<'b> Signed<'b> {
    /// Every byte of the body, as it was signed: what to keep.
    pub const fn body(&self) -> &[u8] {
        self.body
    }

    /// When the gateway signed it.
    pub const fn sent(&self) -> UnixSeconds {
        self.sent
    }

    /// Whether that is within the window. An event is as good a hint outside: it makes the receiver ask, and the answer
    /// is of now.
    pub const fn age(&self) -> Age {
        self.age
    }

    /// Which secret made the signature.
    pub const fn with(&self) -> SignedWith {
        self.with
    }

    /// `x-webhook-version`; `None` where it is absent or unknown here. No part of what is signed: nothing must depend
    /// on it.
    pub const fn version(&self) -> Option<ApiVersion> {
        self.version
    }

    /// `x-webhook-attempt`, from 1; `None` where it is absent or no number. No part of what is signed.
    pub const fn attempt(&self) -> Option<u32> {
        self.attempt
    }

    /// Itself, if its age is [`Age::Fresh`]: for a receiver that wants no others.
    ///
    /// # Errors
    /// [`WebhookError::Stale`].
    pub fn fresh(self) -> Result<Self, WebhookError> {
        match self.age {
            Age::Fresh => Ok(self),
            Age::Old | Age::Early => Err(WebhookError::Stale { sent: self.sent, now: self.now }),
        }
    }

    /// Reads what it says. Strings are unescaped in place, so the body is no longer what was signed.
    ///
    /// # Errors
    /// [`WebhookError::Body`].
    pub fn event(self) -> Result<Event<'b>, WebhookError> {
        Ok(Event { version: self.version, ..read::read(self.body)? })
    }
}

impl fmt::Debug for Signed<'_> {
    /// Without the body: it has a customer's name, phone and mail address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed")
            .field("body_len", &self.body.len())
            .field("sent", &self.sent)
            .field("age", &self.age)
            .field("with", &self.with)
            .field("version", &self.version)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}
