//! What a decoded body says, as plain JSON: to be compared with what was expected or with what another reader says.

use pay_core::model::{
    Amount, AuthenticateReply, FormFields, NextAction, Order, OrderPayReply, Payment, Refund, Refusal,
};
use pay_core::wire::{DecodeError, decode};
use serde_json::{Map, Value, json};

/// The kinds of bodies that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// To Order Pay.
    OrderPay,
    /// To an OTP call.
    Authenticate,
    /// An order.
    Order,
    /// One payment.
    Payment,
    /// A list of payments.
    Payments,
    /// A refund.
    Refund,
}

impl Reply {
    /// All.
    pub const ALL: [Self; 6] =
        [Self::OrderPay, Self::Authenticate, Self::Order, Self::Payment, Self::Payments, Self::Refund];

    /// From the name of its decode function.
    ///
    /// # Panics
    /// If there is none of this name.
    pub fn named(name: &str) -> Self {
        match name {
            "order_pay" => Self::OrderPay,
            "authenticate" => Self::Authenticate,
            "order" => Self::Order,
            "payment" => Self::Payment,
            "payments" => Self::Payments,
            "refund" => Self::Refund,
            other => panic!("nothing reads {other}"),
        }
    }
}

/// Reads a copy of `body` and describes it.
///
/// # Errors
/// What the decoder refuses.
pub fn read(reply: Reply, body: &[u8]) -> Result<Value, DecodeError> {
    let mut rx = body.to_vec();
    Ok(match reply {
        Reply::OrderPay => order_pay(&decode::order_pay(&mut rx)?),
        Reply::Authenticate => authenticate(&decode::authenticate(&mut rx)?),
        Reply::Order => order(&decode::order(&mut rx)?),
        Reply::Payment => payment(&decode::payment(&mut rx)?),
        Reply::Payments => {
            let (elements, end) = prefix(body);
            end?;
            Value::Array(elements)
        }
        Reply::Refund => refund(&decode::refund(&mut rx)?),
    })
}

/// The payments of a list that may be cut, and how it ended: the first error, or the end of the list.
pub fn prefix(body: &[u8]) -> (Vec<Value>, Result<(), DecodeError>) {
    let mut rx = body.to_vec();
    let mut payments = decode::payments(&mut rx);
    let mut elements = Vec::new();
    loop {
        match payments.next() {
            Ok(Some(element)) => elements.push(payment(&element)),
            Ok(None) => return (elements, Ok(())),
            Err(error) => return (elements, Err(error)),
        }
    }
}

/// The same of an error body, which is always readable.
pub fn refused(status: u16, body: &[u8]) -> Value {
    let mut rx = body.to_vec();
    refusal(&decode::refusal(status, &mut rx))
}

/// Describes an answer to Order Pay.
pub fn order_pay(reply: &OrderPayReply<'_>) -> Value {
    json!({
        "cf_payment_id": reply.cf_payment_id.to_string(),
        "amount_minor": reply.payment_amount.map(Amount::minor),
        "payment_method": reply.payment_method.map(|word| word.as_str()),
        "channel": reply.channel.map(|word| word.as_str()),
        "action": reply.action.map(|word| word.as_str()),
        "next_action": next_action(&reply.next_action),
    })
}

fn next_action(action: &NextAction<'_>) -> Value {
    let mut members = Map::new();
    let mut add = |name: &str, value: Value| {
        members.insert(name.to_owned(), value);
    };
    add("kind", action.kind().into());
    match action {
        NextAction::OpenUrl(url) => add("url", url.as_str().into()),
        NextAction::PostForm { url, fields } => {
            add("url", url.as_str().into());
            add("fields", form(fields));
        }
        NextAction::ShowQr(image) => {
            add("image_len", image.png_len().into());
            let mut png = vec![0; image.png_len()];
            assert_eq!(image.decode(&mut png), Some(png.len()));
            add("checksum", checksum(&png).into());
        }
        NextAction::UpiLinks(links) => {
            let links: Map<_, _> = links.iter().map(|(name, link)| (name.to_owned(), link.as_str().into())).collect();
            add("links", links.into());
        }
        NextAction::EnterOtp { redirect_to_bank, was_wrong } => {
            add("redirect_to_bank", redirect_to_bank.map(|url| url.as_str()).into());
            assert!(!was_wrong, "a reply cannot know that");
        }
        NextAction::BankTransfer(details) => {
            add("account_number", details.account_number.into());
            add("ifsc", details.ifsc.into());
            add("virtual_vpa", details.virtual_vpa.into());
        }
        NextAction::Unknown { action } => add("word", (*action).into()),
        _ => {}
    }
    members.into()
}

fn form(fields: &FormFields<'_>) -> Value {
    let mut object = Map::new();
    fields.for_each(|field| {
        object.insert(field.name.to_string(), field.value.to_string().into());
    });
    let mut body = String::new();
    fields.write_urlencoded(&mut body).expect("a String takes everything");
    assert!(body.split('&').filter(|pair| pair.contains('=')).count() >= object.len());
    object.into()
}

/// FNV-1a: to tell two images apart.
pub fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

fn authenticate(reply: &AuthenticateReply<'_>) -> Value {
    json!({
        "cf_payment_id": reply.cf_payment_id.to_string(),
        "action": reply.action,
        "status": reply.status.as_str(),
        "message": reply.message,
    })
}

fn order(order: &Order<'_>) -> Value {
    json!({
        "order_id": order.order_id,
        "status": order.status.as_str(),
        "amount_minor": order.amount.minor(),
        "currency": order.currency,
        "payment_session_id": order.payment_session_id,
        "cf_order_id": order.cf_order_id,
        "expiry_time": order.expiry_time,
    })
}

fn payment(payment: &Payment<'_>) -> Value {
    json!({
        "cf_payment_id": payment.cf_payment_id.to_string(),
        "order_id": payment.order_id,
        "status": payment.status.as_str(),
        "amount_minor": payment.amount.map(Amount::minor),
        "is_captured": payment.is_captured,
        "group": payment.group,
        "bank_reference": payment.bank_reference,
        "message": payment.message,
        "error_code": payment.error_code,
        "final": payment.status.is_final(),
        "paid": payment.is_paid(),
    })
}

fn refund(refund: &Refund<'_>) -> Value {
    json!({
        "refund_id": refund.refund_id,
        "cf_refund_id": refund.cf_refund_id,
        "order_id": refund.order_id,
        "amount_minor": refund.amount.minor(),
        "status": refund.status.as_str(),
    })
}

fn refusal(refusal: &Refusal<'_>) -> Value {
    json!({
        "status": refusal.status,
        "code": refusal.code,
        "type": refusal.kind,
        "message": refusal.message,
        "help": refusal.help,
    })
}
