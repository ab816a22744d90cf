//! The method `upi`: app links, collect requests and QR codes.

use crate::calls::check::{Kind, Member, Others, check, member};
use crate::calls::method::{Method, Next};
use crate::ground::error::Refusal;
use crate::ground::json::{Object, text};
use crate::ground::test_data::vpa_outcome;
use crate::ground::version::ApiVersion;
use crate::ground::version::ApiVersion::V2026_01_01;
use serde_json::{Value, json};

const UPI: &[Member] = &[
    member("channel", Kind::Word(&["link", "collect", "qrcode", "podQrCode"])).required(),
    member("upi_id", Kind::Text(3, 255)),
    member("upi_redirect_url", Kind::Flag),
    member("upi_expiry_minutes", Kind::Integer(5, 15)),
    member("authorize_only", Kind::Flag),
    member("authorization", Kind::Object),
];
const AUTHORIZATION: &[Member] =
    &[member("approve_by", Kind::Time), member("start_time", Kind::Time), member("end_time", Kind::Time)];

/// Reads the members of `upi`.
pub(crate) fn read(members: &Object, version: ApiVersion) -> Result<Method, Refusal> {
    check(members, UPI, "", version, Others::Refused)?;
    if let Some(Value::Object(authorization)) = members.get("authorization") {
        check(authorization, AUTHORIZATION, "authorization.", version, Others::Refused)?;
    }
    let channel = text(members, "channel").unwrap_or_default().to_owned();
    let collect = channel == "collect";
    if channel == "podQrCode" && version < V2026_01_01 {
        return Err(Refusal::wrong("channel", "podQrCode came with version 2026-01-01"));
    }
    for name in ["upi_redirect_url", "upi_expiry_minutes", "authorize_only", "authorization"] {
        if !collect && members.get(name).is_some_and(|value| !value.is_null()) {
            return Err(Refusal::wrong(name, "goes with the channel collect only"));
        }
    }
    let vpa = text(members, "upi_id");
    if vpa.is_some_and(|vpa| !is_vpa(vpa)) {
        return Err(Refusal::wrong("upi_id", "must be a name, @ and a bank's handle"));
    }
    let flag = |name| members.get(name).and_then(Value::as_bool).unwrap_or(false);
    let mut shown = json!({"channel": channel, "upi_id": vpa});
    let next = match channel.as_str() {
        "collect" => Next::Collect {
            vpa: vpa.ok_or_else(|| Refusal::missing("upi_id"))?.to_owned(),
            minutes: members.get("upi_expiry_minutes").and_then(Value::as_u64).unwrap_or(5),
            redirect: flag("upi_redirect_url"),
        },
        "link" => Next::UpiLinks,
        _ => Next::Qr,
    };
    if !collect {
        shown["upi_id"] = Value::Null;
    }
    Ok(Method {
        key: "upi",
        word: "upi",
        group: "upi",
        shown,
        next,
        outcome: vpa.filter(|_| collect).and_then(vpa_outcome),
        authorize_only: collect && flag("authorize_only"),
        channel,
    })
}

fn is_vpa(text: &str) -> bool {
    let Some((name, handle)) = text.split_once('@') else {
        return false;
    };
    let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !name.is_empty()
        && handle.len() >= 2
        && name.chars().all(named)
        && handle.chars().all(|c| c.is_ascii_alphanumeric())
}
