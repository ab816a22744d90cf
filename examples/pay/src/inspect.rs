//! `pay inspect`: what a reply of the gateway means, as `pay-core` reads it.

use std::path::Path;

use anyhow::{anyhow, bail};
use pay_core::model::{CallKind, NextAction, Order, OrderPayReply, Payment, RefusalClass};
use pay_core::wire::{DecodeError, decode};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use super::cli::{InspectArgs, InspectKind};
use super::console::Console;
use super::exit::Ending;
use super::input;

pub(super) fn run(console: Console, args: &InspectArgs) -> anyhow::Result<Ending> {
    let mut body = input::whole(args.file.as_deref().unwrap_or(Path::new("-")))?;
    let refused = args.status.is_some_and(|status| !(200..300).contains(&status));
    let kind = if refused { InspectKind::Error } else { args.kind };
    let may_be_anything = kind == InspectKind::Error && args.status.is_some();
    if body.is_empty() && !may_be_anything {
        bail!("the body is empty");
    }
    if let Some(error) = core::str::from_utf8(&body).err().filter(|_| !may_be_anything) {
        bail!("the body is not UTF-8 at byte {}", error.valid_up_to());
    }
    let value = match kind {
        InspectKind::OrderPay => decode::order_pay(&mut body).map(|reply| order_pay(Some(&reply))),
        InspectKind::Order => decode::order(&mut body).map(|it| order(&it)),
        InspectKind::Payments => payments(&mut body),
        InspectKind::Authenticate => decode::authenticate(&mut body).map(|reply| {
            json!({
                "cf_payment_id": reply.cf_payment_id.to_string(),
                "action": word(reply.action),
                "status": reply.status.as_str(),
                "message": word(reply.message),
            })
        }),
        InspectKind::Refund => decode::refund(&mut body).map(|it| refund(&it)),
        InspectKind::Error => match args.status {
            // Whatever an intermediary sends is an answer, too.
            Some(status) if !is_object(&body) => Ok(intermediary(status, &mut body)),
            status => error(&mut body, status)?,
        },
    };
    let value = value.map_err(|error| anyhow!("the body cannot be read: {error}"))?;
    console.answer(&value);
    if !console.is_json() {
        print(console, "", &value);
    }
    Ok(Ending::Done)
}

/// A reply to Order Pay; without one everything is null.
pub(super) fn order_pay(reply: Option<&OrderPayReply<'_>>) -> Value {
    json!({
        "amount_minor": reply.and_then(|reply| reply.payment_amount).map(|amount| amount.minor()),
        "cf_payment_id": reply.map(|reply| reply.cf_payment_id.to_string()),
        "payment_method": reply.and_then(|reply| reply.payment_method).map(|word| word.as_str()),
        "channel": reply.and_then(|reply| reply.channel).map(|word| word.as_str()),
        "action": reply.and_then(|reply| reply.action).map(|word| word.as_str()),
        "next_action": reply.map(|reply| next_action(&reply.next_action)),
    })
}

/// What the shopper has to do: the kind, and the members that go with it.
pub(super) fn next_action(action: &NextAction<'_>) -> Value {
    let mut value = json!({"kind": action.kind()});
    match action {
        NextAction::OpenUrl(url) => value["url"] = url.as_str().into(),
        NextAction::PostForm { url, fields } => {
            let mut map = Map::new();
            fields.for_each(|field| {
                map.insert(field.name.to_string(), field.value.to_string().into());
            });
            value["url"] = url.as_str().into();
            value["fields"] = map.into();
        }
        NextAction::ShowQr(image) => value["image_len"] = image.png_len().into(),
        NextAction::UpiLinks(links) => {
            let links: Map<_, _> = links.iter().map(|(app, link)| (app.to_owned(), link.as_str().into())).collect();
            value["links"] = links.into();
        }
        NextAction::EnterOtp { redirect_to_bank, .. } => {
            value["redirect_to_bank"] = redirect_to_bank.map(|url| url.as_str()).into();
        }
        NextAction::BankTransfer(details) => {
            value["account_number"] = details.account_number.into();
            value["ifsc"] = details.ifsc.into();
            value["virtual_vpa"] = details.virtual_vpa.into();
        }
        _ => {}
    }
    value
}

pub(super) fn order(order: &Order<'_>) -> Value {
    json!({
        "order_id": order.order_id,
        "cf_order_id": word(order.cf_order_id),
        "status": order.status.as_str(),
        "amount_minor": order.amount.minor(),
        "currency": order.currency,
        "payment_session_id": word(order.payment_session_id),
        "expiry_time": word(order.expiry_time),
    })
}

/// A whole list; a part of one is refused.
pub(super) fn payments(body: &mut [u8]) -> Result<Value, DecodeError> {
    if body.trim_ascii_start().first() == Some(&b'{') {
        return Err(DecodeError::WrongShape);
    }
    let mut list = decode::payments(body);
    let mut found = Vec::new();
    while let Some(it) = list.next()? {
        found.push(payment(&it));
    }
    Ok(json!({"payments": found}))
}

fn payment(payment: &Payment<'_>) -> Value {
    json!({
        "cf_payment_id": payment.cf_payment_id.to_string(),
        "status": payment.status.as_str(),
        "amount_minor": payment.amount.map(|amount| amount.minor()),
        "final": payment.status.is_final(),
        "paid": payment.is_paid(),
        "group": word(payment.group),
        "bank_reference": word(payment.bank_reference),
        "message": word(payment.message),
        "error_code": word(payment.error_code),
    })
}

pub(super) fn refund(refund: &pay_core::model::Refund<'_>) -> Value {
    json!({
        "refund_id": refund.refund_id,
        "cf_refund_id": word(refund.cf_refund_id),
        "order_id": word(refund.order_id),
        "status": refund.status.as_str(),
        "amount_minor": refund.amount.minor(),
    })
}

/// The members of an error body that are read.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
struct ErrorMembers {
    #[serde(rename = "code")]
    _code: Option<IgnoredAny>,
    #[serde(rename = "type")]
    _type: Option<IgnoredAny>,
    #[serde(rename = "message")]
    _message: Option<IgnoredAny>,
    #[serde(rename = "help")]
    _help: Option<IgnoredAny>,
}

/// An answer without the gateway's error body: from a proxy, a firewall or a portal on the way.
fn intermediary(status: u16, body: &mut [u8]) -> Value {
    let class = decode::refusal(status, body).class(CallKind::OrderPay, false);
    let message = "no body of the gateway: something on the way answered";
    json!({"status": status, "code": null, "type": null, "message": message, "class": class_word(class)})
}

fn is_object(body: &[u8]) -> bool {
    serde_json::from_slice::<Map<String, Value>>(body).is_ok()
}

/// `decode::refusal` takes anything for an error body, as the flow needs it; here its text must be in order, too.
fn error(body: &mut [u8], status: Option<u16>) -> anyhow::Result<Result<Value, DecodeError>> {
    // Any strict reader does: what comes after the syntax is about members that are not meant.
    use DecodeError::{NotJson, TooDeep, Truncated, WrongShape};
    if let Err(error @ (Truncated | TooDeep | NotJson { .. } | WrongShape)) = decode::payment(&mut body.to_vec()) {
        return Ok(Err(error));
    }
    if let Err(error) = serde_json::from_slice::<ErrorMembers>(body) {
        let name = ["code", "type", "message", "help"]
            .into_iter()
            .find(|name| error.to_string().contains(&format!("`{name}`")));
        match name {
            Some(name) => return Ok(Err(DecodeError::Duplicate(name))),
            None => bail!("the body cannot be read: it is not one object"),
        }
    }
    let refusal = decode::refusal(status.unwrap_or(0), body);
    let assumed = status.unwrap_or(match refusal.kind {
        "authentication_error" => 401,
        "idempotency_error" => 422,
        "rate_limit_error" => 429,
        "api_error" => 500,
        _ => 400,
    });
    let class = pay_core::model::Refusal { status: assumed, ..refusal }.class(CallKind::OrderPay, false);
    Ok(Ok(json!({
        "status": status,
        "code": word(refusal.code),
        "type": word(refusal.kind),
        "message": word(refusal.message),
        "class": class_word(class),
    })))
}

const fn class_word(class: RefusalClass) -> &'static str {
    match class {
        RefusalClass::NotExecuted => "not_executed",
        RefusalClass::SaysNothing => "says_nothing",
        RefusalClass::InFlight => "in_flight",
        RefusalClass::KeyReused => "key_reused",
        RefusalClass::Throttled => "throttled",
        RefusalClass::ServerFailed => "server_failed",
        RefusalClass::Intermediary => "intermediary",
    }
}

/// `pay-core` gives empty for absent.
fn word(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// The same for people: a line for each member that is there.
pub(super) fn print(console: Console, path: &str, value: &Value) {
    let join = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Null => {}
        Value::Object(members) => members.iter().for_each(|(name, value)| print(console, &join(name), value)),
        Value::Array(items) if items.is_empty() => console.say(&format!("{path}: none")),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| print(console, &join(&index.to_string()), item));
        }
        Value::String(text) => console.say(&format!("{path}: {}", super::exit::one_line(text))),
        other => console.say(&format!("{path}: {other}")),
    }
}
