//! Keys that make a repeated call the same call, and ids that tell calls apart.
//!
//! Nothing here reads a clock or a random source: bytes and times are arguments.

use core::fmt;
use core::hash::{Hash, Hasher};

use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::amount::{Amount, Currency};
use super::error::InvalidValue;
use super::id::OrderId;
use super::text::{self, Text};

/// The `x-idempotency-key` of one operation.
///
/// The gateway stores the first status and body it answers under a key, server errors too, and gives them again for the
/// same key; another body under the same key is refused with 422. So one operation has one key, fixed before its first
/// byte leaves and kept in the journal. The page ties this to calls with merchant keys; for calls with only a session
/// id it is unknown whether the key is honoured, so no safety in this crate rests on it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct IdempotencyKey(Text<64>);

/// The `x-request-id` of one HTTP exchange: fresh for every repeat, to be told to the gateway's support.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct RequestId(Text<64>);

/// A secret of one device, from which keys are derived. Never sent.
#[derive(Clone)]
pub struct DeviceSecret([u8; 32]);

/// What a key is for. A key is never used for two operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Operation {
    /// Create Order.
    CreateOrder,
    /// Order Pay; `attempt` counts the attempts of an order.
    OrderPay,
    /// One OTP submission or resend; `n` counts them within an attempt.
    Authenticate,
    /// Create Refund; `n` counts the refunds of an order.
    CreateRefund,
}

/// Where the money is: keys of different environments never meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Environment {
    /// The gateway's sandbox.
    #[default]
    Sandbox,
    /// Real money.
    Production,
}

impl Environment {
    /// A word for records and key derivation.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Production => "production",
        }
    }

    /// The gateway's host.
    pub const fn host(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox.cashfree.com",
            Self::Production => "api.cashfree.com",
        }
    }
}

impl Operation {
    const fn label(self) -> &'static str {
        match self {
            Self::CreateOrder => "create-order",
            Self::OrderPay => "order-pay",
            Self::Authenticate => "authenticate",
            Self::CreateRefund => "create-refund",
        }
    }
}

impl DeviceSecret {
    /// From 32 random bytes, made once per device and kept there.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// What shows that this device created an order, with the journal of this incarnation: the first 16 bytes of an
    /// HMAC-SHA-256 over order, amount, currency and incarnation, as 32 hex digits. Sent in `order_tags`.
    pub(crate) fn mark(&self, order: &OrderId, amount: Amount, currency: &Currency, incarnation: u64) -> Text<32> {
        let bytes = keyed(
            &self.0,
            &[
                b"mark\0",
                order.as_str().as_bytes(),
                b"\0",
                &amount.minor().to_be_bytes(),
                currency.as_str().as_bytes(),
                b"\0",
                &incarnation.to_be_bytes(),
            ],
        );
        let mut text = Text::new();
        for byte in bytes {
            // 32 characters fit.
            let _ = fmt::Write::write_fmt(&mut text, format_args!("{byte:02x}"));
        }
        text
    }
}

impl Drop for DeviceSecret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl PartialEq for DeviceSecret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for DeviceSecret {}

/// For comparing whole states of a terminal in tests; a hash of a secret is not to be shown.
impl Hash for DeviceSecret {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Debug for DeviceSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl IdempotencyKey {
    /// A random UUID (version 4, RFC 9562) from 16 random bytes.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(uuid(bytes, 4))
    }

    /// A time-ordered UUID (version 7, RFC 9562) from Unix milliseconds and 10 random bytes.
    pub fn from_time(unix_ms: u64, random: [u8; 10]) -> Self {
        Self(time_ordered(unix_ms, random))
    }

    /// The same key for the same operation, before and after a reboot: a UUID (version 8, RFC 9562) out of HMAC-SHA-256
    /// under the device's secret. `attempt` and `n` count from 0; see [`Operation`].
    pub fn derive(
        secret: &DeviceSecret,
        operation: Operation,
        environment: Environment,
        order: &OrderId,
        attempt: u16,
        n: u16,
    ) -> Self {
        let [attempt_high, attempt_low] = attempt.to_be_bytes();
        let [n_high, n_low] = n.to_be_bytes();
        // Each part is followed by a byte that cannot be in it, so no two inputs have the same encoding.
        let bytes = keyed(
            &secret.0,
            &[
                b"idempotency-key\0",
                operation.label().as_bytes(),
                b"\0",
                environment.as_str().as_bytes(),
                b"\0",
                order.as_str().as_bytes(),
                b"\0",
                &[attempt_high, attempt_low, n_high, n_low],
            ],
        );
        Self(uuid(bytes, 8))
    }

    /// The caller's own key, 1 to 64 visible ASCII characters (the page allows the order id).
    ///
    /// # Errors
    /// [`InvalidValue`] naming the header.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        text::check("x-idempotency-key", text, 1..=64, text::is_visible)?;
        Text::parse("x-idempotency-key", text).map(Self)
    }

    /// The header's value.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl RequestId {
    /// A random UUID (version 4) from 16 random bytes.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(uuid(bytes, 4))
    }

    /// A time-ordered UUID (version 7) from Unix milliseconds and 10 random bytes.
    pub fn from_time(unix_ms: u64, random: [u8; 10]) -> Self {
        Self(time_ordered(unix_ms, random))
    }

    /// The `counter`-th id of a row that starts from 16 random bytes: what a sale uses, so that it needs entropy once.
    pub fn derive(seed: &[u8; 16], counter: u32) -> Self {
        Self(uuid(keyed(seed, &[b"request-id\0", &counter.to_be_bytes()]), 8))
    }

    /// The caller's own id, 1 to 64 visible ASCII characters.
    ///
    /// # Errors
    /// [`InvalidValue`] naming the header.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        text::check("x-request-id", text, 1..=64, text::is_visible)?;
        Text::parse("x-request-id", text).map(Self)
    }

    /// The header's value.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// The first 16 bytes of HMAC-SHA-256 (RFC 2104) over the parts, one after another.
pub(crate) fn keyed(key: &[u8], parts: &[&[u8]]) -> [u8; 16] {
    let mut out = [0; 16];
    // HMAC takes a key of any length, so this cannot fail; if it did, the ids would be equal and the gateway would say so.
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) {
        for part in parts {
            mac.update(part);
        }
        for (to, from) in out.iter_mut().zip(mac.finalize().into_bytes()) {
            *to = from;
        }
    }
    out
}

fn time_ordered(unix_ms: u64, random: [u8; 10]) -> Text<64> {
    let mut bytes = [0; 16];
    let [_, _, time @ ..] = unix_ms.to_be_bytes();
    for (to, from) in bytes.iter_mut().zip(time.into_iter().chain(random)) {
        *to = from;
    }
    uuid(bytes, 7)
}

/// Sets version and variant and writes the usual 36 characters.
fn uuid(mut bytes: [u8; 16], version: u8) -> Text<64> {
    bytes[6] = (bytes[6] & 0x0f) | (version << 4);
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let mut text = Text::new();
    for (index, byte) in bytes.into_iter().enumerate() {
        let dash = if matches!(index, 4 | 6 | 8 | 10) { "-" } else { "" };
        // 36 characters always fit 64.
        let _ = fmt::Write::write_fmt(&mut text, format_args!("{dash}{byte:02x}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> OrderId {
        OrderId::parse("kiosk-7-00000000000000a1").unwrap()
    }

    #[test]
    fn uuids_carry_version_and_variant() {
        assert_eq!(IdempotencyKey::from_random([0xff; 16]).as_str(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(RequestId::from_time(0x0123_4567_89ab, [0; 10]).as_str(), "01234567-89ab-7000-8000-000000000000");
    }

    // Mutant: leaving `attempt` out of the parts makes the keys of attempts 0 and 1 equal.
    #[test]
    fn derived_keys_differ_in_every_input_and_repeat_for_the_same() {
        let secret = DeviceSecret::new([7; 32]);
        let key = |secret: &DeviceSecret, operation, environment, order: &OrderId, attempt, n| {
            IdempotencyKey::derive(secret, operation, environment, order, attempt, n)
        };
        let base = key(&secret, Operation::OrderPay, Environment::Sandbox, &order(), 0, 0);
        assert_eq!(base, key(&secret, Operation::OrderPay, Environment::Sandbox, &order(), 0, 0));
        let other = OrderId::parse("kiosk-7-00000000000000a2").unwrap();
        for different in [
            key(&DeviceSecret::new([8; 32]), Operation::OrderPay, Environment::Sandbox, &order(), 0, 0),
            key(&secret, Operation::Authenticate, Environment::Sandbox, &order(), 0, 0),
            key(&secret, Operation::OrderPay, Environment::Production, &order(), 0, 0),
            key(&secret, Operation::OrderPay, Environment::Sandbox, &other, 0, 0),
            key(&secret, Operation::OrderPay, Environment::Sandbox, &order(), 1, 0),
            key(&secret, Operation::OrderPay, Environment::Sandbox, &order(), 0, 1),
        ] {
            assert_ne!(base, different);
        }
    }

    // The value was computed with another implementation (Python's hmac module), so a change of the encoding is noticed:
    // after an update in the field, an attempt must keep its key.
    #[test]
    fn derived_keys_never_change_their_encoding() {
        let key = IdempotencyKey::derive(
            &DeviceSecret::new([7; 32]),
            Operation::OrderPay,
            Environment::Sandbox,
            &order(),
            1,
            2,
        );
        assert_eq!(key.as_str(), "5ebf859c-2e16-8a1b-9fe3-ca8e720893ca");
    }

    #[test]
    fn own_keys_are_safe_in_a_header() {
        assert_eq!(IdempotencyKey::parse("order_42").unwrap().as_str(), "order_42");
        for text in ["", "a b", "a\r\nb", "é"] {
            assert!(IdempotencyKey::parse(text).is_err());
            assert!(RequestId::parse(text).is_err());
        }
        assert!(IdempotencyKey::parse(&"k".repeat(65)).is_err());
    }
}
