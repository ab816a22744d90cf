//! Builds `action` and `data` of an Order Pay answer.

use crate::calls::method::{Method, Next, has_extra_data};
use crate::calls::qr;
use crate::ground::amount::Paise;
use crate::ground::dice::Dice;
use crate::ground::json::Object;
use crate::ground::time::{UnixMillis, to_iso};
use crate::ground::version::ApiVersion;
use serde_json::{Value, json};

/// What the links of an answer are made of.
pub(crate) struct Attempt<'a> {
    /// `https://127.0.0.1:PORT/pg`
    pub(crate) base: &'a str,
    pub(crate) session: &'a str,
    pub(crate) id: u64,
    pub(crate) amount: Paise,
    pub(crate) version: ApiVersion,
    pub(crate) now: UnixMillis,
}

/// `action`, `channel` and `data` for this method.
pub(crate) fn build(attempt: &Attempt<'_>, method: &Method, dice: &mut Dice) -> (&'static str, String, Value) {
    let base = attempt.base;
    let page = |dice: &mut Dice| format!("{base}/view/gateway/{}{}", attempt.session, dice.uuid());
    let newest = has_extra_data(attempt.version);
    let channel = method.channel.clone();
    match &method.next {
        Next::Page(extra) => {
            let mut data = data(Some(page(dice)), Value::Null, None);
            if let (Value::Object(members), true) = (&mut data, newest) {
                members.extend(extra.clone());
            }
            ("link", channel, data)
        }
        Next::CardPage if newest => ("link", channel, data(Some(page(dice)), Value::Null, None)),
        Next::CardPage => {
            let payload = json!({"name": "card"});
            ("link", channel, data(Some(page(dice)), payload, Some("application/x-www-form-urlencoded")))
        }
        Next::CardForm => {
            let url = format!("{base}/view/acs/{}", dice.token(32));
            let payload =
                json!({"MD": dice.digits(11), "PaReq": format!("{}=", dice.token(43).replace(['_', '-'], "x"))});
            ("form", channel, data(Some(url), payload, Some("application/x-www-form-urlencoded")))
        }
        Next::Otp => {
            let url = format!("{base}/orders/pay/authenticate/{}", attempt.id);
            let mut data = data(Some(url), Value::Null, Some("application/json"));
            if attempt.version >= ApiVersion::V2025_01_01 {
                data["redirect_to_bank"] = format!("{base}/view/redirecttobank/{}", dice.token(80)).into();
            }
            ("post", channel, data)
        }
        Next::UpiLinks => ("custom", channel, data(None, upi_links(attempt, dice), None)),
        Next::Qr => {
            let code = qr::data_url(&upi_query("upi://pay", attempt)).unwrap_or_default();
            ("custom", channel, data(None, json!({"qrcode": code}), None))
        }
        Next::Collect { redirect: true, .. } => ("link", channel, data(Some(page(dice)), Value::Null, None)),
        Next::Collect { vpa, minutes, .. } => {
            let mut data = data(None, Value::Null, None);
            if newest {
                data["vpa"] = vpa.as_str().into();
                data["expiry"] = to_iso(attempt.now + minutes * 60_000).into();
            }
            ("custom", channel, data)
        }
        Next::Transfer => {
            let mut data = data(None, Value::Null, None);
            data["account_number"] = format!("9999{}", attempt.id).into();
            data["ifsc"] = "TEST0001234".into();
            data["virtual_vpa"] = format!("sandbox.{}@testbank", attempt.id).into();
            ("custom", "qrcode".to_owned(), data)
        }
    }
}

/// The members that every answer has. A content type comes with the method `post`.
fn data(url: Option<String>, payload: Value, content_type: Option<&str>) -> Value {
    let method = content_type.map(|_| "post");
    json!({"url": url, "payload": payload, "content_type": content_type, "method": method})
}

fn upi_links(attempt: &Attempt<'_>, dice: &mut Dice) -> Value {
    let web = format!("{}/view/upi/{}.{}.{}", attempt.base, dice.hex(9), attempt.session, dice.uuid());
    let mut payload = Object::new();
    for (app, start) in [
        ("bhim", "bhim://upi/pay"),
        ("default", "upi://pay"),
        ("gpay", "tez://upi/pay"),
        ("paytm", "paytmmp://pay"),
        ("phonepe", "phonepe://pay"),
    ] {
        payload.insert(app.to_owned(), upi_query(start, attempt).into());
    }
    payload.insert("web".to_owned(), web.into());
    Value::Object(payload)
}

/// The payment request of NPCI's linking specification, with the members that production sends, in its order.
fn upi_query(start: &str, attempt: &Attempt<'_>) -> String {
    format!(
        "{start}?pa=sandbox.pay@testbank&pn=Sandbox&tr=ATC{}&am={}&cu=INR&mode=00&purpose=00&mc=5399&tn=Order%20Payment",
        attempt.id,
        attempt.amount.two_decimals(),
    )
}
