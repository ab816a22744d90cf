//! Cards: from a file, standard input or a prompt, never from arguments.

use core::fmt;
use std::path::Path;

use anyhow::{anyhow, bail};
use pay_core::model::method::{
    BillingAddress, Card, CardExpiry, CardNumber, CardSource, Cryptogram, Cvv, PlainCard, SavedCard, TokenCard,
    TokenType,
};
use pay_core::model::{InstrumentId, InvalidValue};
use serde::de::{Deserialize, Deserializer, Visitor};
use zeroize::Zeroizing;

use super::entropy::unix_now;
use super::input;

/// A card as it is given.
#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CardInput {
    number: Option<Digits>,
    expiry_month: Option<Digits>,
    expiry_year: Option<Digits>,
    cvv: Option<Digits>,
    holder: Option<String>,
    instrument_id: Option<String>,
    cryptogram: Option<Digits>,
    token_requestor_id: Option<String>,
    token_reference_id: Option<String>,
    token_type: Option<String>,
    card_display: Option<String>,
    par: Option<String>,
    card_alias: Option<String>,
    address_line_one: Option<String>,
    address_line_two: Option<String>,
    city: Option<String>,
    zip_code: Option<String>,
    country: Option<String>,
    country_code: Option<String>,
    state: Option<String>,
    state_code: Option<String>,
    /// Where no money is, cards of the past are as good as others.
    #[serde(skip)]
    pub(super) may_be_expired: bool,
}

/// Text or a number, wiped when dropped.
struct Digits(Zeroizing<String>);

impl CardInput {
    /// One of the test cards that the gateway publishes.
    pub(super) fn test(number: &str) -> Self {
        let digits = |text: &str| Some(Digits(Zeroizing::new(text.to_owned())));
        Self {
            number: digits(number),
            expiry_month: digits("03"),
            expiry_year: digits("28"),
            cvv: digits("123"),
            holder: Some("Test".to_owned()),
            ..Self::default()
        }
    }

    /// From a file, or the next JSON object on standard input.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = if input::is_stdin(path) {
            from_stdin()?
        } else {
            // Not its name: somebody may have put the card itself in its place.
            input::text(path).map_err(|_| anyhow!("the file with the card cannot be read as text"))?
        };
        parse(&text)
    }

    pub(super) fn prompt() -> anyhow::Result<Self> {
        let ask = |question| input::prompt(question).map(|text| Some(Digits(text)));
        let number = ask("Card number")?;
        let expiry = input::prompt("Expiry (MM/YY)")?;
        let (month, year) = expiry.split_once('/').ok_or_else(|| anyhow!("the expiry does not have the form MM/YY"))?;
        let digits = |text: &str| Some(Digits(Zeroizing::new(text.trim().to_owned())));
        Ok(Self {
            number,
            expiry_month: digits(month),
            expiry_year: digits(year),
            cvv: ask("CVV")?,
            holder: Some(input::prompt("Name on the card")?.to_string()).filter(|name| !name.is_empty()),
            ..Self::default()
        })
    }

    /// The last four digits, for receipts.
    pub(super) fn last_four(&self) -> Option<String> {
        let number = plain_digits(self.number.as_ref()?);
        CardNumber::parse(&number).ok().map(|number| number.last_four().to_owned())
    }

    /// For `card` and `card-otp`.
    pub(super) fn to_card(&self, native_otp: bool) -> anyhow::Result<Card> {
        let source: CardSource = if let Some(id) = &self.instrument_id {
            SavedCard::new(InstrumentId::parse(id)?, self.cvv.as_ref().map(|cvv| Cvv::parse(&cvv.0)).transpose()?)
                .into()
        } else if let Some(cryptogram) = &self.cryptogram {
            self.to_token(cryptogram)?.into()
        } else {
            self.to_plain()?.into()
        };
        let mut card = if native_otp { Card::native_otp(source) } else { Card::link(source) };
        if let Some(par) = &self.par {
            card = card.with_par(par)?;
        }
        if let Some(alias) = &self.card_alias {
            card = card.with_alias(alias)?;
        }
        if let Some(address) = self.address()? {
            card = card.with_address(address);
        }
        Ok(card)
    }

    /// For `emi`, and within [`CardInput::to_card`].
    pub(super) fn to_plain(&self) -> anyhow::Result<PlainCard> {
        let card = PlainCard::new(self.card_number()?, self.expiry()?, Cvv::parse(&need(self.cvv.as_ref(), "cvv")?.0)?);
        Ok(match &self.holder {
            Some(name) => card.with_holder(name)?,
            None => card,
        })
    }

    fn to_token(&self, cryptogram: &Digits) -> anyhow::Result<TokenCard> {
        let mut token = TokenCard::new(self.card_number()?, self.expiry()?, Cryptogram::parse(&cryptogram.0)?);
        if let Some(cvv) = &self.cvv {
            token = token.with_cvv(Cvv::parse(&cvv.0)?);
        }
        if let Some(name) = &self.holder {
            token = token.with_holder(name)?;
        }
        if let Some(id) = &self.token_requestor_id {
            token = token.with_requestor_id(id)?;
        }
        if let Some(id) = &self.token_reference_id {
            token = token.with_reference_id(id)?;
        }
        if let Some(word) = &self.token_type {
            let known = [TokenType::Issuer, TokenType::NetworkGc, TokenType::IssuerGc];
            let found = known.into_iter().find(|kind| kind.as_str() == word);
            token = token.with_type(found.ok_or_else(|| anyhow!("token_type is not one that the gateway documents"))?);
        }
        if let Some(digits) = &self.card_display {
            token = token.with_display(digits)?;
        }
        Ok(token)
    }

    fn card_number(&self) -> anyhow::Result<CardNumber> {
        Ok(CardNumber::parse(&plain_digits(need(self.number.as_ref(), "number")?))?)
    }

    fn expiry(&self) -> anyhow::Result<CardExpiry> {
        let month = &need(self.expiry_month.as_ref(), "expiry_month")?.0;
        let year = &need(self.expiry_year.as_ref(), "expiry_year")?.0;
        let month = Zeroizing::new(format!("{:0>2}", month.as_str()));
        let expiry = CardExpiry::parse(&month, year.strip_prefix("20").filter(|_| year.len() == 4).unwrap_or(year))?;
        if !self.may_be_expired && expiry.is_over(unix_now()) {
            bail!("the card has expired");
        }
        Ok(expiry)
    }

    fn address(&self) -> Result<Option<BillingAddress>, InvalidValue> {
        type With = fn(BillingAddress, &str) -> Result<BillingAddress, InvalidValue>;
        let parts: [(&Option<String>, With); 8] = [
            (&self.address_line_one, BillingAddress::with_line_one),
            (&self.address_line_two, BillingAddress::with_line_two),
            (&self.city, BillingAddress::with_city),
            (&self.zip_code, BillingAddress::with_zip_code),
            (&self.country, BillingAddress::with_country),
            (&self.country_code, BillingAddress::with_country_code),
            (&self.state, BillingAddress::with_state),
            (&self.state_code, BillingAddress::with_state_code),
        ];
        let mut address = None;
        for (part, with) in parts {
            if let Some(text) = part {
                address = Some(with(address.unwrap_or_default(), text)?);
            }
        }
        Ok(address)
    }
}

/// Lines until they are one JSON value.
fn from_stdin() -> anyhow::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(4096));
    while let Some(line) = input::line()? {
        text.push_str(&line);
        text.push('\n');
        match serde_json::from_str::<serde::de::IgnoredAny>(&text) {
            Err(error) if error.is_eof() => {}
            _ => break,
        }
    }
    Ok(text)
}

fn parse(text: &str) -> anyhow::Result<CardInput> {
    if text.trim().is_empty() {
        bail!("no card was given: one JSON object is expected");
    }
    // What serde_json says may hold the card.
    serde_json::from_str(text).map_err(|error| {
        anyhow!(
            "the card is not one JSON object of the documented members (line {}, column {})",
            error.line(),
            error.column()
        )
    })
}

fn need<'a>(value: Option<&'a Digits>, name: &str) -> anyhow::Result<&'a Digits> {
    value.ok_or_else(|| anyhow!("the card has no {name}"))
}

/// As printed on the card, without the gaps.
fn plain_digits(number: &Digits) -> Zeroizing<String> {
    Zeroizing::new(number.0.chars().filter(|c| !matches!(c, ' ' | '-')).collect())
}

impl<'de> Deserialize<'de> for Digits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Digits;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_str<E>(self, text: &str) -> Result<Digits, E> {
                Ok(Digits(Zeroizing::new(text.to_owned())))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Digits, E> {
                Ok(Digits(Zeroizing::new(number.to_string())))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn cards_of_every_kind() {
        let plain =
            r#"{"number":"4111 1111 1111 1111","expiry_month":3,"expiry_year":"2048","cvv":"123","holder":"A B"}"#;
        let card = parse(plain).unwrap();
        assert_eq!(card.last_four().as_deref(), Some("1111"));
        assert!(card.to_card(true).is_ok() && card.to_plain().is_ok());
        let saved = r#"{"instrument_id":"4dfb9780-46fe-11ee-be56-0242ac120002"}"#;
        assert!(parse(saved).unwrap().to_card(false).is_ok());
        let token = r#"{"number":"4111111111111111","expiry_month":"03","expiry_year":"48","token_type":"NETWORK_GC_TOKEN",
            "cryptogram":"AQBBBBBBZatIlaIAmWKSghwBBBB=","token_requestor_id":"12345678901","par":"V001","city":"Pune"}"#;
        assert!(parse(token).unwrap().to_card(false).is_ok());
    }

    // Mutant: handing serde_json's own message on shows the number.
    #[test]
    fn errors_never_show_the_card() {
        for text in [
            r#"{"number":["4111111111111111"]}"#,
            r#"{"4111111111111111":1}"#,
            r#"{"number":4111111111111111.5}"#,
            r#"{"number":"4111111111111112","expiry_month":"03","expiry_year":"48","cvv":"737"}"#,
            r#"{"number":"4111111111111111","expiry_month":"13","expiry_year":"48","cvv":"737"}"#,
            r#"{"number":"4111111111111111","expiry_month":"03","expiry_year":"48","cvv":"73x"}"#,
            r#"{"number":"4111111111111111","expiry_month":"03","expiry_year":"20","cvv":"737"}"#,
            "4111111111111111",
            "",
        ] {
            let result = parse(text).and_then(|card| card.to_card(false).map(|_| ()));
            let error = format!("{:#}", result.unwrap_err());
            assert!(!error.contains("4111") && !error.contains("73"), "{error}");
        }
    }
}
