//! Reads `payment_method` of an Order Pay request: exactly one method, its members, and what the gateway asks next.

use crate::calls::check::{Kind, Member, Others, check, member};
use crate::calls::method::{Method, Next};
use crate::calls::{card, upi};
use crate::ground::error::Refusal;
use crate::ground::json::{Object, text};
use crate::ground::test_data::TEST_BANK;
use crate::ground::version::ApiVersion;
use serde_json::{Value, json};

use ApiVersion::V2023_08_01;

const LINK: Kind = Kind::Word(&["link"]);
const PHONE: Kind = Kind::Digits(10, 10);

/// Bank codes run from 3003 to this one; the test bank stands apart.
const LAST_BANK: u64 = 3126;
const NETBANKING: &[Member] = &[
    member("channel", LINK).required(),
    member("netbanking_bank_code", Kind::Integer(3003, 3333)),
    member("netbanking_bank_name", Kind::Text(5, 5)),
];
const APP: &[Member] = &[
    member("channel", LINK).required(),
    member(
        "provider",
        Kind::Word(&["gpay", "phonepe", "ola", "paytm", "amazon", "airtel", "freecharge", "mobikwik", "jio"]),
    )
    .required(),
    member("phone", PHONE).required(),
];
const CARDLESS_EMI: &[Member] = &[
    member("channel", LINK).required(),
    member(
        "provider",
        Kind::Word(&["flexmoney", "zestmoney", "hdfc", "icici", "cashe", "idfc", "kotak", "snapmint", "bharatx"]),
    )
    .required(),
    member("phone", PHONE).required(),
    member("emi_tenure", Kind::Integer(1, 60)),
];
const PAY_LATER: &[Member] = &[
    member("channel", LINK).required(),
    member(
        "provider",
        Kind::Word(&[
            "kotak",
            "flexipay",
            "zestmoney",
            "lazypay",
            "olapostpaid",
            "simpl",
            "freechargepaylater",
            "mobikwik",
        ]),
    )
    .required(),
    member("phone", PHONE).required(),
];
const BANK_TRANSFER: &[Member] = &[member("channel", LINK).required()];

/// Reads the one method in `methods`.
pub(crate) fn read(methods: &Object, version: ApiVersion) -> Result<Method, Refusal> {
    let mut entries = methods.iter();
    let (Some((key, value)), None) = (entries.next(), entries.next()) else {
        return Err(Refusal::wrong("payment_method", "must hold exactly one method"));
    };
    let Value::Object(members) = value else {
        return Err(Refusal::wrong("payment_method", "its method must be an object"));
    };
    match key.as_str() {
        "card" => card::read(members, version),
        "emi" => card::read_emi(members, version),
        "upi" => upi::read(members, version),
        "netbanking" => net_banking(members, version),
        "app" => provider(members, APP, "app", "wallet", version),
        "cardless_emi" => cardless_emi(members, version),
        "paylater" => provider(members, PAY_LATER, "paylater", "pay_later", version),
        "banktransfer" if version >= V2023_08_01 => bank_transfer(members, version),
        _ => Err(Refusal::invalid(
            "payment_method_unsupported",
            &format!("payment_method : is not a method of version {}", version.as_str()),
        )),
    }
}

fn net_banking(members: &Object, version: ApiVersion) -> Result<Method, Refusal> {
    check(members, NETBANKING, "", version, Others::Refused)?;
    let code = members.get("netbanking_bank_code").and_then(Value::as_u64);
    if code.is_some_and(|code| code > LAST_BANK && code != TEST_BANK.0) {
        return Err(Refusal::wrong("netbanking_bank_code", "is not the code of a bank"));
    }
    let name = text(members, "netbanking_bank_name");
    let (code, name) = match (code, name) {
        (Some(code), None) => (code, if code == TEST_BANK.0 { TEST_BANK.1 } else { "OTHER" }),
        (None, Some(name)) if name.bytes().all(|b| b.is_ascii_uppercase()) => (TEST_BANK.0, name),
        (None, Some(_)) => return Err(Refusal::wrong("netbanking_bank_name", "must be five capital letters")),
        (None, None) => return Err(Refusal::missing("netbanking_bank_code")),
        (Some(_), Some(_)) => {
            return Err(Refusal::wrong("netbanking_bank_code", "must not stand beside netbanking_bank_name"));
        }
    };
    let extra = json!({"bank": {"code": name, "name": "Test Bank"}});
    Ok(page(
        "netbanking",
        "net_banking",
        json!({"channel": "link", "netbanking_bank_code": code, "netbanking_bank_name": name}),
        extra,
    ))
}

fn cardless_emi(members: &Object, version: ApiVersion) -> Result<Method, Refusal> {
    let method = provider(members, CARDLESS_EMI, "cardless_emi", "cardless_emi", version)?;
    let provider = text(members, "provider").unwrap_or_default();
    if version < V2023_08_01 && matches!(provider, "snapmint" | "bharatx") {
        return Err(Refusal::wrong("provider", "this provider is not in version 2022-09-01"));
    }
    let needs_tenure = matches!(provider, "hdfc" | "icici" | "cashe" | "idfc" | "kotak");
    if needs_tenure && !members.contains_key("emi_tenure") {
        return Err(Refusal::missing("emi_tenure"));
    }
    Ok(method)
}

fn provider(
    members: &Object,
    table: &[Member],
    key: &'static str,
    group: &'static str,
    version: ApiVersion,
) -> Result<Method, Refusal> {
    check(members, table, "", version, Others::Refused)?;
    let provider = text(members, "provider").unwrap_or_default();
    let phone = text(members, "phone").unwrap_or_default();
    let shown = json!({"channel": "link", "provider": provider, "phone": phone});
    Ok(page(key, group, shown, json!({"provider": provider})))
}

fn bank_transfer(members: &Object, version: ApiVersion) -> Result<Method, Refusal> {
    check(members, BANK_TRANSFER, "", version, Others::Refused)?;
    let shown = json!({"channel": "link", "banktransfer_bank_name": null, "banktransfer_ifsc": null, "banktransfer_account_number": null});
    Ok(Method { next: Next::Transfer, ..page("banktransfer", "bank_transfer", shown, json!({})) })
}

/// A method whose customer pays on the gateway's page.
fn page(key: &'static str, group: &'static str, shown: Value, extra: Value) -> Method {
    let extra = if let Value::Object(extra) = extra { extra } else { Object::new() };
    Method {
        key,
        word: key,
        channel: "link".to_owned(),
        group,
        shown,
        next: Next::Page(extra),
        outcome: None,
        authorize_only: false,
    }
}

/// Whether `order_meta.payment_methods` (a list such as `cc,dc,upi`) lets this method in.
pub(crate) fn allowed(list: &str, method: &Method) -> bool {
    let words: &[&str] = match method.key {
        "card" if method.group == "debit_card" => &["dc"],
        "card" => &["cc", "ccc"],
        "emi" => &["emi", "ccemi"],
        "netbanking" => &["nb"],
        "cardless_emi" => &["cardlessemi", "cardless_emi"],
        "banktransfer" => &["banktransfer"],
        "upi" => &["upi"],
        "app" => &["app", "wallet"],
        _ => &["paylater"],
    };
    list.split(',').any(|asked| words.contains(&asked.trim()))
}
