//! The methods `card` and `emi`. Only the published test cards are taken, and no card number, CVV or cryptogram is kept.

use crate::calls::check::{Kind, Member, Others, check, member};
use crate::calls::method::{Method, Next};
use crate::ground::error::Refusal;
use crate::ground::json::{Object, text};
use crate::ground::test_data::{TestCard, find_card};
use crate::ground::version::ApiVersion;
use crate::ground::version::ApiVersion::{V2023_08_01, V2025_01_01, V2026_01_01};
use serde_json::{Value, json};

const CHANNEL: Member = member("channel", Kind::Word(&["link", "post"])).required();
const NUMBER: Member = member("card_number", Kind::Text(1, 64));
const HOLDER: Member = member("card_holder_name", Kind::Text(1, 100));
const MONTH: Member = member("card_expiry_mm", Kind::Digits(2, 2));
const YEAR: Member = member("card_expiry_yy", Kind::Digits(2, 2));
const CVV: Member = member("card_cvv", Kind::Digits(3, 4));
const ALIAS: Member = member("card_alias", Kind::Text(1, 100));

const CARD: &[Member] = &[
    CHANNEL,
    NUMBER,
    HOLDER,
    MONTH,
    YEAR,
    member("card_cvv", Kind::Text(0, 4)),
    member("instrument_id", Kind::Id(36, 36)),
    member("cryptogram", Kind::Text(1, 100)),
    member("token_requestor_id", Kind::Text(1, 64)),
    member("token_reference_id", Kind::Text(1, 64)).since(V2023_08_01),
    member("token_type", Kind::Word(&["ISSUER_TOKEN", "NETWORK_GC_TOKEN", "ISSUER_GC_TOKEN"])),
    member("card_display", Kind::Digits(4, 4)),
    ALIAS.until(V2025_01_01),
    member("card_bank_name", Kind::Word(&["Kotak", "ICICI", "RBL", "BOB", "Standard Chartered"])),
    member("emi_tenure", Kind::Integer(1, 60)),
    member("address_line_one", Kind::Text(1, 256)).since(V2025_01_01),
    member("address_line_two", Kind::Text(1, 256)).since(V2025_01_01),
    member("city", Kind::Text(1, 100)).since(V2025_01_01),
    member("zip_code", Kind::Text(1, 20)).since(V2025_01_01),
    member("country", Kind::Text(1, 100)).since(V2025_01_01),
    member("country_code", Kind::Text(2, 2)).since(V2025_01_01),
    member("state", Kind::Text(1, 100)).since(V2025_01_01),
    member("state_code", Kind::Text(2, 3)).since(V2025_01_01),
    member("par", Kind::Text(1, 64)).since(V2026_01_01),
];

const EMI: &[Member] = &[
    member("channel", Kind::Word(&["link"])).required(),
    NUMBER.required(),
    HOLDER,
    MONTH.required(),
    YEAR.required(),
    CVV.required(),
    ALIAS,
    member(
        "card_bank_name",
        Kind::AnyCase(&[
            "hdfc",
            "kotak",
            "icici",
            "rbl",
            "bob",
            "standard chartered",
            "axis",
            "au",
            "yes",
            "sbi",
            "fed",
            "hsbc",
            "citi",
            "amex",
            "onecard",
            "idfc",
        ]),
    )
    .required(),
    member("emi_tenure", Kind::Integer(1, 60)).required(),
];

/// A saved card stands for this test card.
const SAVED: &str = "4111111111111111";

/// Reads the members of `card`.
pub(crate) fn read(members: &Object, version: ApiVersion) -> Result<Method, Refusal> {
    check(members, CARD, "", version, Others::Refused)?;
    if version >= V2026_01_01 && text(members, "token_type").is_some_and(|kind| kind != "NETWORK_GC_TOKEN") {
        return Err(Refusal::wrong("token_type", "is NETWORK_GC_TOKEN only in version 2026-01-01"));
    }
    let saved = text(members, "instrument_id");
    let token = ["cryptogram", "token_requestor_id", "token_reference_id", "token_type"]
        .iter()
        .any(|name| text(members, name).is_some());
    let cvv = text(members, "card_cvv").unwrap_or_default();
    let number = if saved.is_some() {
        if members.contains_key("card_number") {
            return Err(Refusal::wrong("card_number", "must not stand beside instrument_id"));
        }
        SAVED
    } else {
        for name in ["card_number", "card_expiry_mm", "card_expiry_yy"] {
            if text(members, name).unwrap_or_default().is_empty() {
                return Err(Refusal::missing(name));
            }
        }
        if token && text(members, "cryptogram").is_none() {
            return Err(Refusal::missing("cryptogram"));
        }
        // Tokens of a full token vault need no CVV; plain cards and guest tokens (Alt ID) do.
        let plain = !token || text(members, "token_type") == Some("NETWORK_GC_TOKEN");
        if plain && cvv.is_empty() {
            return Err(Refusal::missing("card_cvv"));
        }
        text(members, "card_number").unwrap_or_default()
    };
    if !(cvv.is_empty() || cvv.len() >= 3 && cvv.bytes().all(|b| b.is_ascii_digit())) {
        return Err(Refusal::wrong("card_cvv", "must be a string of 3 or 4 digits"));
    }
    let card = accept(number)?;
    expiry(members)?;
    let channel = text(members, "channel").unwrap_or_default().to_owned();
    let next = match channel.as_str() {
        "post" if card.native_otp() => Next::Otp,
        "link" if card.by_form() => Next::CardForm,
        _ => Next::CardPage,
    };
    let mut shown = describe(card, &channel);
    if let Some(instrument) = saved {
        shown["instrument_id"] = instrument.into();
    }
    Ok(method("card", channel, card.group, shown, next))
}

/// Reads the members of `emi`.
pub(crate) fn read_emi(members: &Object, version: ApiVersion) -> Result<Method, Refusal> {
    check(members, EMI, "", version, Others::Refused)?;
    let card = accept(text(members, "card_number").unwrap_or_default())?;
    expiry(members)?;
    let tenure = members.get("emi_tenure").cloned().unwrap_or_default();
    let mut shown = describe(card, "link");
    if let Value::Object(members) = &mut shown {
        members.remove("card_sub_type");
        members.insert("emi_tenure".to_owned(), tenure.clone());
        members
            .insert("emi_details".to_owned(), json!({"emi_amount": null, "emi_tenure": tenure, "emi_interest": null}));
    }
    let group = if card.group == "debit_card" { "debit_card_emi" } else { "credit_card_emi" };
    // The answer's own list of methods has no word for card EMI but `card`.
    Ok(method("emi", "link".to_owned(), group, shown, Next::CardPage))
}

fn method(key: &'static str, channel: String, group: &'static str, shown: Value, next: Next) -> Method {
    Method { key, word: "card", channel, group, shown, next, outcome: None, authorize_only: false }
}

/// Takes the published test cards and nothing else, so that nobody types a real number here.
fn accept(number: &str) -> Result<&'static TestCard, Refusal> {
    find_card(number).ok_or_else(|| {
        Refusal::wrong(
            "card_number",
            "this sandbox takes only the test cards that the gateway's documents list, and this is none of them",
        )
    })
}

/// Month only: the documents give no rule for a card that has expired, and their own samples have.
fn expiry(members: &Object) -> Result<(), Refusal> {
    let month = text(members, "card_expiry_mm");
    if month.is_some_and(|month| !("01"..="12").contains(&month)) {
        return Err(Refusal::wrong("card_expiry_mm", "must be from 01 to 12"));
    }
    Ok(())
}

fn describe(card: &TestCard, channel: &str) -> Value {
    json!({
        "channel": channel,
        "card_number": format!("XXXXXXXXXXXX{}", &card.number[12..]),
        "card_network": card.network,
        "card_type": card.group,
        "card_sub_type": card.sub_type,
        "card_country": "IN",
        "card_bank_name": card.bank,
        "card_network_reference_id": null,
    })
}
