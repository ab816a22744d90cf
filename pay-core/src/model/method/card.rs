//! `card`: plain number, saved instrument, or token with cryptogram.

use core::fmt;

use super::super::error::{InvalidValue, Reason};
use super::super::id::InstrumentId;
use super::super::secret::Secret;
use super::super::text::{self, Text};
use super::super::time::UnixSeconds;
use super::super::version::ApiVersion;

/// A card payment.
#[derive(Clone, Debug)]
pub struct Card {
    channel: CardChannel,
    pub(crate) source: CardSource,
    pub(crate) address: Option<BillingAddress>,
    pub(crate) par: Option<Text<32>>,
    pub(crate) alias: Option<Text<64>>,
}

/// Who asks the shopper for the OTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardChannel {
    /// `link`: the bank's page.
    Link,
    /// `post`: this terminal, where the bank allows it.
    Post,
}

/// Where the card comes from.
#[allow(clippy::large_enum_variant)] // no heap to box the larger one
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CardSource {
    /// A number read or typed.
    Plain(PlainCard),
    /// A card saved at the gateway.
    Saved(SavedCard),
    /// A network or issuer token, or an alternate id.
    Token(TokenCard),
}

/// A card as printed.
#[derive(Clone, Debug)]
pub struct PlainCard {
    pub(crate) number: CardNumber,
    pub(crate) expiry: CardExpiry,
    pub(crate) cvv: Cvv,
    pub(crate) holder: Option<Text<100>>,
}

/// A card that the gateway keeps.
#[derive(Clone, Debug)]
pub struct SavedCard {
    pub(crate) instrument_id: InstrumentId,
    pub(crate) cvv: Option<Cvv>,
}

/// A token in place of a card number.
#[derive(Clone, Debug)]
pub struct TokenCard {
    pub(crate) number: CardNumber,
    pub(crate) expiry: CardExpiry,
    pub(crate) cryptogram: Cryptogram,
    pub(crate) cvv: Option<Cvv>,
    pub(crate) holder: Option<Text<100>>,
    pub(crate) requestor_id: Option<Text<16>>,
    pub(crate) reference_id: Option<Text<64>>,
    pub(crate) token_type: Option<TokenType>,
    pub(crate) display: Option<Text<4>>,
}

/// `token_type`. `2026-01-01` knows only [`TokenType::NetworkGc`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenType {
    /// `ISSUER_TOKEN`
    Issuer,
    /// `NETWORK_GC_TOKEN`
    NetworkGc,
    /// `ISSUER_GC_TOKEN`
    IssuerGc,
}

/// A card or token number: 12 to 19 digits with a right check digit (ISO/IEC 7812-1). Prints its last four digits only
/// (PCI DSS 4.0.1, requirement 3.4.1 allows more; a kiosk needs no more).
#[derive(Clone)]
pub struct CardNumber(Secret<19>);

/// Month and year on a card.
#[derive(Clone, Debug)]
pub struct CardExpiry {
    month: Secret<2>,
    year: Secret<2>,
}

/// The card verification value: 3 or 4 digits.
#[derive(Clone, Debug)]
pub struct Cvv(Secret<4>);

/// The one-time value of a token: base64, 1 to 64 characters (28 in every sample).
#[derive(Clone, Debug)]
pub struct Cryptogram(Secret<64>);

/// A billing address, for cards from abroad. Since `2025-01-01`; every part is optional there.
#[derive(Clone, Debug, Default)]
pub struct BillingAddress {
    pub(crate) line_one: Option<Text<128>>,
    pub(crate) line_two: Option<Text<128>>,
    pub(crate) city: Option<Text<64>>,
    pub(crate) zip_code: Option<Text<16>>,
    pub(crate) country: Option<Text<64>>,
    pub(crate) country_code: Option<Text<2>>,
    pub(crate) state: Option<Text<64>>,
    pub(crate) state_code: Option<Text<8>>,
}

impl Card {
    /// A payment on the bank's page.
    pub fn link(source: impl Into<CardSource>) -> Self {
        Self { channel: CardChannel::Link, source: source.into(), address: None, par: None, alias: None }
    }

    /// A payment whose OTP is entered here (the merchant needs the gateway's native-OTP flag).
    pub fn native_otp(source: impl Into<CardSource>) -> Self {
        Self { channel: CardChannel::Post, ..Self::link(source) }
    }

    /// Adds a billing address.
    #[must_use]
    pub fn with_address(mut self, address: BillingAddress) -> Self {
        self.address = Some(address);
        self
    }

    /// Adds the payment account reference (`par`, since `2026-01-01`), 1 to 32 letters and digits.
    ///
    /// # Errors
    /// [`InvalidValue`] naming `par`.
    pub fn with_par(mut self, par: &str) -> Result<Self, InvalidValue> {
        text::check("par", par, 1..=32, |b| b.is_ascii_alphanumeric())?;
        self.par = Some(Text::parse("par", par)?);
        Ok(self)
    }

    /// Adds an alias (`card_alias`, before `2026-01-01`), 1 to 64 of `[A-Za-z0-9_-]`.
    ///
    /// # Errors
    /// [`InvalidValue`] naming `card_alias`.
    pub fn with_alias(mut self, alias: &str) -> Result<Self, InvalidValue> {
        text::check("card_alias", alias, 1..=64, text::is_id)?;
        self.alias = Some(Text::parse("card_alias", alias)?);
        Ok(self)
    }

    /// Who asks for the OTP.
    pub const fn channel(&self) -> CardChannel {
        self.channel
    }

    /// Where the card comes from.
    pub const fn source(&self) -> &CardSource {
        &self.source
    }

    pub(super) fn check(&self, version: ApiVersion) -> Result<(), InvalidValue> {
        if self.address.is_some() {
            version.needs(ApiVersion::V2025_01_01, "address_line_one")?;
        }
        if self.par.is_some() {
            version.needs(ApiVersion::V2026_01_01, "par")?;
        }
        if self.alias.is_some() && version >= ApiVersion::V2026_01_01 {
            return Err(InvalidValue::new("card_alias", Reason::NotInVersion(version)));
        }
        if let CardSource::Token(token) = &self.source {
            if token.reference_id.is_some() {
                version.needs(ApiVersion::V2023_08_01, "token_reference_id")?;
            }
            let lost = matches!(token.token_type, Some(TokenType::Issuer | TokenType::IssuerGc));
            if lost && version >= ApiVersion::V2026_01_01 {
                return Err(InvalidValue::new("token_type", Reason::NotInVersion(version)));
            }
        }
        Ok(())
    }
}

impl PlainCard {
    /// A card as printed.
    pub fn new(number: CardNumber, expiry: CardExpiry, cvv: Cvv) -> Self {
        Self { number, expiry, cvv, holder: None }
    }

    /// Adds the holder's name, 1 to 100 bytes.
    ///
    /// # Errors
    /// [`InvalidValue`] naming `card_holder_name`.
    pub fn with_holder(mut self, name: &str) -> Result<Self, InvalidValue> {
        self.holder = Some(holder(name)?);
        Ok(self)
    }

    /// The number.
    pub const fn number(&self) -> &CardNumber {
        &self.number
    }
}

impl SavedCard {
    /// A saved card. Some need the CVV, some do not.
    pub fn new(instrument_id: InstrumentId, cvv: Option<Cvv>) -> Self {
        Self { instrument_id, cvv }
    }
}

impl TokenCard {
    /// A token and the cryptogram that goes with this one payment.
    pub fn new(number: CardNumber, expiry: CardExpiry, cryptogram: Cryptogram) -> Self {
        Self {
            number,
            expiry,
            cryptogram,
            cvv: None,
            holder: None,
            requestor_id: None,
            reference_id: None,
            token_type: None,
            display: None,
        }
    }

    /// Adds the CVV (needed for an alternate id).
    #[must_use]
    pub fn with_cvv(mut self, cvv: Cvv) -> Self {
        self.cvv = Some(cvv);
        self
    }

    /// Adds the holder's name, 1 to 100 bytes.
    ///
    /// # Errors
    /// [`InvalidValue`] naming `card_holder_name`.
    pub fn with_holder(mut self, name: &str) -> Result<Self, InvalidValue> {
        self.holder = Some(holder(name)?);
        Ok(self)
    }

    /// Adds `token_requestor_id`, 1 to 16 digits (11 in every sample).
    ///
    /// # Errors
    /// [`InvalidValue`] naming the field.
    pub fn with_requestor_id(mut self, id: &str) -> Result<Self, InvalidValue> {
        text::check("token_requestor_id", id, 1..=16, text::is_digit)?;
        self.requestor_id = Some(Text::parse("token_requestor_id", id)?);
        Ok(self)
    }

    /// Adds `token_reference_id` (since `2023-08-01`), 1 to 64 of `[A-Za-z0-9_-]`.
    ///
    /// # Errors
    /// [`InvalidValue`] naming the field.
    pub fn with_reference_id(mut self, id: &str) -> Result<Self, InvalidValue> {
        text::check("token_reference_id", id, 1..=64, text::is_id)?;
        self.reference_id = Some(Text::parse("token_reference_id", id)?);
        Ok(self)
    }

    /// Adds `token_type`.
    #[must_use]
    pub fn with_type(mut self, token_type: TokenType) -> Self {
        self.token_type = Some(token_type);
        self
    }

    /// Adds `card_display`, the last four digits of the card behind the token.
    ///
    /// # Errors
    /// [`InvalidValue`] naming the field.
    pub fn with_display(mut self, last_four: &str) -> Result<Self, InvalidValue> {
        text::check("card_display", last_four, 4..=4, text::is_digit)?;
        self.display = Some(Text::parse("card_display", last_four)?);
        Ok(self)
    }
}

impl TokenType {
    /// The gateway's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Issuer => "ISSUER_TOKEN",
            Self::NetworkGc => "NETWORK_GC_TOKEN",
            Self::IssuerGc => "ISSUER_GC_TOKEN",
        }
    }
}

impl CardNumber {
    /// Checks length, digits and check digit. Spaces are not taken: strip them where people type them.
    ///
    /// # Errors
    /// [`InvalidValue`] naming `card_number`, never showing it.
    pub fn parse(digits: &str) -> Result<Self, InvalidValue> {
        text::check("card_number", digits, 12..=19, text::is_digit)?;
        let sum: u32 = digits
            .bytes()
            .rev()
            .enumerate()
            .map(|(index, digit)| {
                let digit = u32::from(digit - b'0');
                match (index % 2, digit) {
                    (0, digit) => digit,
                    (_, digit @ 5..) => digit * 2 - 9,
                    (_, digit) => digit * 2,
                }
            })
            .sum();
        if !sum.is_multiple_of(10) {
            return Err(InvalidValue::new("card_number", Reason::CheckDigit));
        }
        Secret::parse("card_number", digits).map(Self)
    }

    /// The last four digits, which a receipt may show.
    pub fn last_four(&self) -> &str {
        let digits = self.0.expose();
        digits.get(digits.len().saturating_sub(4)..).unwrap_or("")
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl fmt::Debug for CardNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "****{}", self.last_four())
    }
}

impl CardExpiry {
    /// From `MM` (01 to 12) and `YY`.
    ///
    /// # Errors
    /// [`InvalidValue`] naming `card_expiry_mm` or `card_expiry_yy`.
    pub fn parse(month: &str, year: &str) -> Result<Self, InvalidValue> {
        text::check("card_expiry_mm", month, 2..=2, text::is_digit)?;
        text::check("card_expiry_yy", year, 2..=2, text::is_digit)?;
        if !("01"..="12").contains(&month) {
            return Err(InvalidValue::new("card_expiry_mm", Reason::OutOfRange { min: 1, max: 12 }));
        }
        Ok(Self { month: Secret::parse("card_expiry_mm", month)?, year: Secret::parse("card_expiry_yy", year)? })
    }

    /// Whether the card's last month is over at `now`, read as UTC (a card is valid through its month where it was
    /// issued; up to 14 hours of difference are left to the bank). Years are 2000 to 2099. The caller asks, because
    /// nothing in this crate reads a clock.
    pub fn is_over(&self, now: UnixSeconds) -> bool {
        let number = |text: &Secret<2>| text.expose().bytes().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        let end_month = (2000 + number(&self.year)) * 12 + number(&self.month);
        let text = super::super::time::Timestamp::from_unix(now);
        let part = |range| text.as_str().get(range).and_then(|digits: &str| digits.parse::<u64>().ok()).unwrap_or(0);
        part(0..4) * 12 + part(5..7) > end_month
    }

    pub(crate) fn month(&self) -> &str {
        self.month.expose()
    }

    pub(crate) fn year(&self) -> &str {
        self.year.expose()
    }
}

impl Cvv {
    /// Checks for 3 or 4 digits.
    ///
    /// # Errors
    /// [`InvalidValue`] naming `card_cvv`, never showing it.
    pub fn parse(digits: &str) -> Result<Self, InvalidValue> {
        text::check("card_cvv", digits, 3..=4, text::is_digit)?;
        Secret::parse("card_cvv", digits).map(Self)
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl Cryptogram {
    /// Checks for 1 to 64 characters of base64.
    ///
    /// # Errors
    /// [`InvalidValue`] naming `cryptogram`.
    pub fn parse(base64: &str) -> Result<Self, InvalidValue> {
        text::check("cryptogram", base64, 1..=64, |b| b.is_ascii_alphanumeric() || b"+/=_-".contains(&b))?;
        Secret::parse("cryptogram", base64).map(Self)
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }
}

macro_rules! address_parts {
    ($($(#[$doc:meta])* $with:ident $part:ident $max:literal $field:literal)*) => {
        impl BillingAddress {
            /// An address with no part yet.
            pub fn new() -> Self {
                Self::default()
            }

            $($(#[$doc])*
            ///
            /// # Errors
            /// [`InvalidValue`] if it is empty, too long or has control characters.
            pub fn $with(mut self, text: &str) -> Result<Self, InvalidValue> {
                text::check($field, text, 1..=$max, text::is_prose)?;
                self.$part = Some(Text::parse($field, text)?);
                Ok(self)
            })*
        }
    };
}
address_parts!(
    /// Adds `address_line_one`, up to 128 bytes.
    with_line_one line_one 128 "address_line_one"
    /// Adds `address_line_two`, up to 128 bytes.
    with_line_two line_two 128 "address_line_two"
    /// Adds `city`, up to 64 bytes.
    with_city city 64 "city"
    /// Adds `zip_code`, up to 16 bytes.
    with_zip_code zip_code 16 "zip_code"
    /// Adds `country`, up to 64 bytes.
    with_country country 64 "country"
    /// Adds `country_code`, ISO 3166-1 alpha-2.
    with_country_code country_code 2 "country_code"
    /// Adds `state`, up to 64 bytes.
    with_state state 64 "state"
    /// Adds `state_code`, ISO 3166-2 without the country, up to 8 bytes.
    with_state_code state_code 8 "state_code"
);

impl From<PlainCard> for CardSource {
    fn from(card: PlainCard) -> Self {
        Self::Plain(card)
    }
}

impl From<SavedCard> for CardSource {
    fn from(card: SavedCard) -> Self {
        Self::Saved(card)
    }
}

impl From<TokenCard> for CardSource {
    fn from(card: TokenCard) -> Self {
        Self::Token(card)
    }
}

fn holder(name: &str) -> Result<Text<100>, InvalidValue> {
    text::check("card_holder_name", name, 1..=100, text::is_prose)?;
    Text::parse("card_holder_name", name)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::format;

    // Mutant: doubling the even positions instead of the odd ones refuses the first number and takes the second.
    #[test]
    fn check_digits() {
        assert!(CardNumber::parse("4111111111111111").is_ok());
        assert!(CardNumber::parse("6528591234543575").is_ok());
        assert_eq!(CardNumber::parse("4111111111111112").unwrap_err().reason, Reason::CheckDigit);
        assert_eq!(CardNumber::parse("1411111111111111").unwrap_err().reason, Reason::CheckDigit);
        assert!(CardNumber::parse("4111 1111 1111 1111").is_err());
        assert!(CardNumber::parse("00000000000").is_err());
    }

    #[test]
    fn expiry_is_checked() {
        assert!(CardExpiry::parse("00", "28").is_err());
        assert!(CardExpiry::parse("13", "28").is_err());
        assert!(CardExpiry::parse("3", "28").is_err());
        let expiry = CardExpiry::parse("03", "28").unwrap();
        // 2028-03-31T23:59:59Z and one second later.
        assert!(!expiry.is_over(UnixSeconds(1_838_159_999)));
        assert!(expiry.is_over(UnixSeconds(1_838_160_000)));
    }

    #[test]
    fn nothing_secret_is_printed() {
        let card = Card::link(PlainCard::new(
            CardNumber::parse("4111111111111111").unwrap(),
            CardExpiry::parse("03", "28").unwrap(),
            Cvv::parse("737").unwrap(),
        ));
        let shown = format!("{card:?}");
        assert!(!shown.contains("411111") && !shown.contains("737") && !shown.contains("28"), "{shown}");
        assert!(shown.contains("****1111"));
    }

    #[test]
    fn versions_know_their_members() {
        let token = || {
            TokenCard::new(
                CardNumber::parse("4111111111111111").unwrap(),
                CardExpiry::parse("03", "28").unwrap(),
                Cryptogram::parse("AQBBBBBBZatIlaIAmWKSghwBBBB=").unwrap(),
            )
        };
        let check = |card: Card, version| card.check(version).map_err(|error| (error.field, error.reason));
        let v22 = ApiVersion::V2022_09_01;
        let v26 = ApiVersion::V2026_01_01;
        assert_eq!(
            check(Card::link(token().with_reference_id("1").unwrap()), v22),
            Err(("token_reference_id", Reason::NotInVersion(v22)))
        );
        assert_eq!(
            check(Card::link(token().with_type(TokenType::Issuer)), v26),
            Err(("token_type", Reason::NotInVersion(v26)))
        );
        assert_eq!(check(Card::link(token().with_type(TokenType::NetworkGc)), v26), Ok(()));
        assert_eq!(check(Card::link(token()).with_par("V001").unwrap(), v22), Err(("par", Reason::NotInVersion(v22))));
        assert_eq!(
            check(Card::link(token()).with_alias("a").unwrap(), v26),
            Err(("card_alias", Reason::NotInVersion(v26)))
        );
        let address = BillingAddress::new().with_city("Minnehaha").unwrap();
        assert_eq!(
            check(Card::link(token()).with_address(address), v22),
            Err(("address_line_one", Reason::NotInVersion(v22)))
        );
    }
}
