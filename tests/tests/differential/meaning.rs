//! What a whole reply says, read a second time: over `serde_json`'s tree, by the rules of docs/payment-flow.md.

use pay_core::model::{QrImage, UpiLink, Url};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tests::bodies::reply;
use tests::choices::Choices;
use tests::describe::{Reply, checksum, read};
use tests::spell::{spell, with_strangers};

/// A word, or the text of what stands in its place; `None` where absent or null.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn next_action(reply: &Value) -> Value {
    let data = &reply["data"];
    let action = word(&reply["action"]);
    let unknown = json!({"kind": "unknown", "word": action.clone().unwrap_or_default()});
    let url = data["url"].as_str();
    let safe = url.and_then(Url::parse).map(|url| url.as_str().to_owned());
    let open = |url: Option<String>| url.map_or(unknown.clone(), |url| json!({"kind": "open_url", "url": url}));
    match action.as_deref() {
        Some("link") => open(safe),
        Some("form") => {
            let posts = data["method"].as_str().is_none_or(|method| method.eq_ignore_ascii_case("post"));
            let Some(url) = safe.filter(|_| posts) else { return unknown };
            let fields: Map<_, _> = data["payload"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, value)| (name.clone(), word(value).unwrap_or_default().into()))
                .collect();
            json!({"kind": "post_form", "url": url, "fields": fields})
        }
        Some("post") => {
            let page = data["redirect_to_bank"].as_str().and_then(Url::parse).map(|url| url.as_str().to_owned());
            json!({"kind": "enter_otp", "redirect_to_bank": page})
        }
        Some("custom" | "collect") | None => {
            let payload = &data["payload"];
            let names = ["bhim", "default", "gpay", "paytm", "phonepe", "web"];
            if let Some(image) = payload["qrcode"].as_str() {
                let Some(image) = QrImage::parse(image) else { return unknown };
                let mut png = vec![0; image.png_len()];
                image.decode(&mut png).unwrap();
                return json!({"kind": "show_qr", "image_len": png.len(), "checksum": checksum(&png)});
            }
            if names.iter().any(|name| payload[*name].is_string()) {
                let safe = |name: &&str| payload[*name].as_str().is_some_and(|link| UpiLink::parse(link).is_some());
                let links: Map<_, _> =
                    names.into_iter().filter(safe).map(|name| (name.to_owned(), payload[name].clone())).collect();
                return if links.is_empty() { unknown } else { json!({"kind": "upi_links", "links": links}) };
            }
            let details = ["account_number", "ifsc", "virtual_vpa"].map(|name| word(&data[name]));
            if details.iter().any(Option::is_some) {
                let [account_number, ifsc, virtual_vpa] = details;
                return json!({"kind": "bank_transfer", "account_number": account_number, "ifsc": ifsc, "virtual_vpa": virtual_vpa});
            }
            match url {
                Some(_) => open(safe),
                None if word(&reply["channel"]).as_deref() == Some("collect") => json!({"kind": "wait"}),
                None => unknown,
            }
        }
        Some(_) => unknown,
    }
}

fn payment(value: &Value) -> Value {
    let text = |value: &Value| word(value).unwrap_or_default();
    let status = text(&value["payment_status"]);
    let captured = value["is_captured"].as_bool();
    let is_final = ["SUCCESS", "FAILED", "USER_DROPPED", "VOID", "CANCELLED"].contains(&status.as_str());
    json!({
        "cf_payment_id": word(&value["cf_payment_id"]),
        "order_id": text(&value["order_id"]),
        "status": status,
        "is_captured": captured,
        "group": text(&value["payment_group"]),
        "bank_reference": text(&value["bank_reference"]),
        "message": text(&value["payment_message"]),
        "error_code": text(&value["error_details"]["error_code"]),
        "final": is_final,
        "paid": status == "SUCCESS" && captured != Some(false),
    })
}

fn meaning(kind: Reply, value: &Value) -> Value {
    let text = |name: &str| word(&value[name]).unwrap_or_default();
    match kind {
        Reply::OrderPay => json!({
            "cf_payment_id": text("cf_payment_id"),
            "payment_method": word(&value["payment_method"]),
            "channel": word(&value["channel"]),
            "action": word(&value["action"]),
            "next_action": next_action(value),
        }),
        Reply::Authenticate => json!({
            "cf_payment_id": text("cf_payment_id"),
            "action": text("action"),
            "status": text("authenticate_status"),
            "message": text("payment_message"),
        }),
        Reply::Order => json!({
            "order_id": text("order_id"),
            "status": text("order_status"),
            "currency": text("order_currency"),
            "payment_session_id": text("payment_session_id"),
            "cf_order_id": text("cf_order_id"),
            "expiry_time": text("order_expiry_time"),
        }),
        Reply::Payment => payment(value),
        Reply::Payments => value.as_array().unwrap().iter().map(payment).collect(),
        Reply::Refund => json!({
            "refund_id": text("refund_id"),
            "cf_refund_id": text("cf_refund_id"),
            "order_id": text("order_id"),
            "status": text("refund_status"),
        }),
    }
}

/// Amounts have their own tests.
fn without_amounts(mut value: Value) -> Value {
    for object in match &mut value {
        Value::Array(elements) => elements.iter_mut().collect::<Vec<_>>(),
        one => vec![one],
    } {
        object.as_object_mut().unwrap().remove("amount_minor");
    }
    value
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6_000, ..ProptestConfig::default() })]

    // Mutants seen to fail here: bank-transfer details before the QR; no `url` under `custom`; FLAGGED final; an id read through
    // a float; an in-place string written one byte too short.
    #[test]
    fn both_readers_say_the_same(
        kind in prop::sample::select(Reply::ALL.to_vec()),
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        how in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let mut how = Choices::new(&how);
        let body = spell(&with_strangers(&reply(kind, &mut Choices::new(&bytes)), &mut how), &mut how);
        let theirs: Value = serde_json::from_str(&body).expect("JSON");
        let ours = read(kind, body.as_bytes()).unwrap_or_else(|error| panic!("{error}: {body}"));
        prop_assert_eq!(without_amounts(ours), meaning(kind, &theirs), "{}", body);
    }
}
