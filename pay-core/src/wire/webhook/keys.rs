//! The secrets that webhooks are signed with, and checking a signature.

use super::super::super::model::{InvalidValue, Reason, Secret, UnixSeconds};
use super::error::WebhookError;
use super::headers::Headers;
use super::signature::Signature;
use super::signed::{Age, Signed, SignedWith};

/// A secret that webhooks are signed with: the merchant's client secret, the one that is sent as `x-client-secret`.
/// Prints as `***`, is wiped on drop.
#[derive(Clone, Debug)]
pub struct Key(Secret<128>);

impl Key {
    /// Copies 1 to 128 bytes; no length is published.
    ///
    /// # Errors
    /// [`InvalidValue`] naming `x-client-secret`.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        if text.is_empty() {
            // Anybody can sign with an empty key.
            return Err(InvalidValue::new("x-client-secret", Reason::TooShort { min: 1 }));
        }
        Secret::parse("x-client-secret", text).map(Self)
    }
}

/// How far the time of a signature may be from the receiver's for [`Age::Fresh`], in seconds, inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Window {
    /// Seconds before the receiver's time.
    pub back: u64,
    /// Seconds ahead of it, for clocks that differ.
    pub ahead: u64,
}

impl Window {
    const USUAL: Self = Self { back: 60 * 60, ahead: 5 * 60 };
}

impl Default for Window {
    /// 60 minutes back and 5 ahead: the last of the gateway's repeats comes 42 minutes after the first call, and it is
    /// not published whether that is signed anew.
    fn default() -> Self {
        Self::USUAL
    }
}

/// The keys to check webhooks with: the secret, the previous one during a rotation, and the window.
#[derive(Clone, Debug)]
pub struct Keys {
    current: Key,
    previous: Option<Key>,
    window: Window,
}

impl Keys {
    /// With one secret and the [default window](Window::default).
    pub const fn new(current: Key) -> Self {
        Self { current, previous: None, window: Window::USUAL }
    }

    /// Also accepts webhooks signed with the previous secret. Remove it once [`Signed::with`] has returned
    /// [`SignedWith::Current`] for longer than the gateway repeats.
    #[must_use]
    pub fn with_previous(mut self, previous: Key) -> Self {
        self.previous = Some(previous);
        self
    }

    /// Sets the window.
    #[must_use]
    pub const fn with_window(mut self, window: Window) -> Self {
        self.window = window;
        self
    }

    /// Checks the signature of a webhook. `headers` are the fields of its head (only those of the two families and
    /// `Content-Length` are read, names in any case), `body` is every received byte, `now` the receiver's time.
    ///
    /// If both families are there, they must agree. The age is reported and not checked: see [`Signed::age`] and
    /// [`Signed::fresh`].
    ///
    /// # Errors
    /// [`WebhookError`], never `Stale` or `Body`. Answer 401 and store nothing: it may be from any sender.
    pub fn verify<'b, 'h>(
        &self,
        headers: impl IntoIterator<Item = (&'h str, &'h [u8])>,
        body: &'b mut [u8],
        now: UnixSeconds,
    ) -> Result<Signed<'b>, WebhookError> {
        let headers = Headers::collect(headers)?;
        let signature = Signature::parse(headers.signature).ok_or_else(Headers::malformed_signature)?;
        let sent = headers.sent()?;
        let is_of = |key: &Key| signature.is_of(key.0.expose().as_bytes(), headers.timestamp, body);
        let with = if is_of(&self.current).into() {
            SignedWith::Current
        } else if self.previous.as_ref().is_some_and(|key| is_of(key).into()) {
            SignedWith::Previous
        } else {
            let have = body.len();
            return Err(headers
                .cut(have)
                .map_or(WebhookError::WrongSignature, |want| WebhookError::Cut { have, want }));
        };
        let age = if now.0.saturating_sub(sent.0) > self.window.back {
            Age::Old
        } else if sent.0.saturating_sub(now.0) > self.window.ahead {
            Age::Early
        } else {
            Age::Fresh
        };
        Ok(Signed { body, sent, now, age, with, version: headers.version(), attempt: headers.attempt() })
    }
}
