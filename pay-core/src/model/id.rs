//! Names of things at the gateway: right once made.

use core::fmt;

use super::error::{InvalidValue, Reason};
use super::secret::Secret;
use super::text::{self, Text};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $field:literal, $min:literal..=$max:literal, $alphabet:path) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        pub struct $name(Text<$max>);

        impl $name {
            /// The greatest length in bytes.
            pub const MAX: usize = $max;

            /// Checks length and alphabet.
            ///
            /// # Errors
            /// [`InvalidValue`] naming the field.
            pub fn parse(text: &str) -> Result<Self, InvalidValue> {
                text::check($field, text, $min..=$max, $alphabet)?;
                Text::parse($field, text).map(Self)
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

id!(
    /// The merchant's own name of an order: 3 to 45 of `[A-Za-z0-9_-]` (Create Order page).
    OrderId, "order_id", 3..=45, text::is_id
);
id!(
    /// An offer to apply, 1 to 40 of `[A-Za-z0-9_-]`; the page shows a UUID, no length is published.
    OfferId, "offer_id", 1..=40, text::is_id
);
id!(
    /// A saved card's name, 1 to 40 of `[A-Za-z0-9_-]`; the page shows a UUID, no length is published.
    InstrumentId, "instrument_id", 1..=40, text::is_id
);
id!(
    /// The merchant's name of a customer: 3 to 50 of `[A-Za-z0-9_-]` (Create Order page says alphanumeric; its samples have `_`).
    CustomerId, "customer_id", 3..=50, text::is_id
);
id!(
    /// The merchant's own name of a refund: 3 to 40 of `[A-Za-z0-9_-]` (Create Refund page says alphanumeric; its samples have `_` and `-`).
    RefundId, "refund_id", 3..=40, text::is_id
);
id!(
    /// A phone number of 10 to 15 digits (Create Order page: 10; ITU-T E.164 at most 15), without `+` or spaces.
    Phone, "phone", 10..=15, text::is_digit
);
id!(
    /// A lender's, wallet's or bank's word, 1 to 32 of letters, digits, `_`, `-` and space. Sent as given: the
    /// gateway's lists grow, and its own examples differ from them in case.
    Provider, "provider", 1..=32, is_provider
);
id!(
    /// The merchant's `x-client-id`, 1 to 64 visible ASCII characters; no length is published.
    ClientId, "x-client-id", 1..=64, text::is_visible
);

impl RefundId {
    /// `text` must be of the alphabet and length of a refund id.
    pub(super) const fn from_text(text: Text<40>) -> Self {
        Self(text)
    }
}

impl OrderId {
    /// Makes the id of a new order from a device's own part and 64 random bits: `<device>-<16 hex digits>`.
    ///
    /// Mint it once per intent and journal it before the order is created: the order is the fence behind which an
    /// intent can be paid only once.
    ///
    /// # Errors
    /// If `device` is longer than 28 bytes or has a character outside `[A-Za-z0-9_-]`.
    pub fn mint(device: &str, random: [u8; 8]) -> Result<Self, InvalidValue> {
        text::check("order_id", device, 1..=28, text::is_id)?;
        let mut id = Text::<45>::new();
        let written = fmt::Write::write_fmt(&mut id, format_args!("{device}-{:016x}", u64::from_be_bytes(random)));
        written.map_err(|_| InvalidValue::new("order_id", Reason::TooLong { max: 45 }))?;
        Ok(Self(id))
    }
}

/// The gateway's number of one payment attempt: up to 19 digits, a JSON number before `2023-08-01` and a string since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct CfPaymentId(u64);

impl CfPaymentId {
    /// From its value.
    pub const fn new(value: u64) -> Self {
        Self(value)
    }

    /// Its value.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Reads decimal digits.
    ///
    /// # Errors
    /// [`Reason::Form`] if there is anything but digits, a leading zero, or more than 64 bits.
    pub fn parse(digits: &str) -> Result<Self, InvalidValue> {
        const FORM: InvalidValue = InvalidValue::new("cf_payment_id", Reason::Form);
        let plain = digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
        if !plain {
            return Err(FORM);
        }
        digits.parse().map(Self).map_err(|_| FORM)
    }
}

impl fmt::Display for CfPaymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What allows paying one order: `session_…`, 116 characters in every sample; capacity 256, as no length is published.
/// Printed as `***`: whoever holds it can pay (and see) the order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct PaymentSessionId(Secret<256>);

impl PaymentSessionId {
    /// How a name begins that a merchant's backend gives in place of the gateway's session.
    pub const ALIAS: &'static str = "alias_";

    /// Checks length (1 to 256) and alphabet `[A-Za-z0-9_-]`.
    ///
    /// # Errors
    /// [`InvalidValue`] naming the field.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        text::check("payment_session_id", text, 1..=256, text::is_id)?;
        Secret::parse("payment_session_id", text).map(Self)
    }

    /// A merchant's backend gave it in place of the gateway's own: the order is paid through that backend, never with a card.
    pub fn is_alias(&self) -> bool {
        self.0.expose().starts_with(Self::ALIAS)
    }

    /// The text.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// A UPI address, `name@handle`, 3 to 100 characters (NPCI allows 255; the longest seen has 41).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Vpa(Text<100>);

impl Vpa {
    /// Checks the form: letters, digits, `.`, `_` and `-` around exactly one `@`.
    ///
    /// # Errors
    /// [`InvalidValue`] naming `upi_id`.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        text::check("upi_id", text, 3..=100, |b| text::is_id(b) || b == b'.' || b == b'@')?;
        match text.split_once('@') {
            Some((name, handle)) if !name.is_empty() && !handle.is_empty() && !handle.contains('@') => {
                Text::parse("upi_id", text).map(Self)
            }
            _ => Err(InvalidValue::new("upi_id", Reason::Form)),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

fn is_provider(byte: u8) -> bool {
    text::is_id(byte) || byte == b' '
}

#[cfg(test)]
mod tests {
    use super::*;

    // Mutant: `{:x}` without the width drops leading zeros, so ids of one device differ in length and can collide with
    // a device part that ends in a digit.
    #[test]
    fn minted_ids_have_a_fixed_form() {
        let id = OrderId::mint("kiosk-7", [0, 0, 0, 0, 0, 0, 0, 0xa1]).unwrap();
        assert_eq!(id.as_str(), "kiosk-7-00000000000000a1");
        assert_eq!(OrderId::mint(&"k".repeat(28), [255; 8]).unwrap().as_str().len(), 45);
        assert!(OrderId::mint(&"k".repeat(29), [0; 8]).is_err());
        assert!(OrderId::mint("a/b", [0; 8]).is_err());
    }

    #[test]
    fn ids_name_the_field_and_the_place() {
        let error = OrderId::parse("a b").unwrap_err();
        assert_eq!((error.field, error.reason), ("order_id", Reason::Character { at: 1 }));
        assert_eq!(OrderId::parse("ab").unwrap_err().reason, Reason::TooShort { min: 3 });
        assert_eq!(OrderId::parse(&"a".repeat(46)).unwrap_err().reason, Reason::TooLong { max: 45 });
        assert!(PaymentSessionId::parse("session_a\r\nx: y").is_err());
    }

    #[test]
    fn payment_ids_are_plain_64_bit_digits() {
        assert_eq!(CfPaymentId::parse("1457655315005187584").unwrap().get(), 1_457_655_315_005_187_584);
        for text in ["", "1.0", "-1", "+1", "01", "1e3", "99999999999999999999"] {
            assert!(CfPaymentId::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn vpas_have_one_at_sign() {
        for text in ["testsuccess@gocash", "john.d-1_2@okxyz"] {
            assert_eq!(Vpa::parse(text).unwrap().as_str(), text);
        }
        for text in ["@ok", "a@", "a@b@c", "abc", "a b@c", "a@b\n"] {
            assert!(Vpa::parse(text).is_err(), "{text}");
        }
    }
}
