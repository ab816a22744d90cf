//! A call from anybody, head and body: nothing panics; what is taken was signed with the secret, byte for byte; what is read is JSON for
//! `serde_json` and says the same there; what is signed for these very bytes is taken, and one bit more or less is not.
//!
//! Lines up to an empty one are header fields, the rest is the body.
#![no_main]

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, Mac};
use libfuzzer_sys::fuzz_target;
use pay_core::model::UnixSeconds;
use pay_core::wire::webhook::{About, Event, EventKind, Key, Keys, SignedWith, WebhookError, read};
use serde_json::Value;
use sha2::Sha256;

const SECRET: &str = "a secret of the shop";
const BEFORE: &str = "the one before";
const NOW: UnixSeconds = UnixSeconds(1_795_364_400);

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = end.map_or((bytes, &[][..]), |end| (&bytes[..end], &bytes[end + 2..]));
    let keys = Keys::new(Key::parse(SECRET).unwrap()).with_previous(Key::parse(BEFORE).unwrap());
    let fields = || head.split(|byte| *byte == b'\n').filter_map(field);

    let mut buffer = body.to_vec();
    match keys.verify(fields(), &mut buffer, NOW) {
        Ok(signed) => {
            assert_eq!(signed.body(), body);
            let secret = if signed.with() == SignedWith::Current { SECRET } else { BEFORE };
            let value =
                |name: &str| fields().find(|(called, _)| called.to_ascii_lowercase().ends_with(name)).unwrap().1;
            assert_eq!(
                value("-signature").trim_ascii(),
                sign(secret, value("-timestamp").trim_ascii(), body).as_bytes()
            );
            match signed.event() {
                Ok(event) => agrees(&event, body),
                Err(error) => assert!(matches!(error, WebhookError::Body(_))),
            }
        }
        Err(error) => assert!(!matches!(error, WebhookError::Body(_) | WebhookError::Stale { .. })),
    }

    for secret in [SECRET, BEFORE] {
        let timestamp = b"1795364400250";
        let signature = sign(secret, timestamp, body);
        let headers = [("x-webhook-timestamp", &timestamp[..]), ("X-Cashfree-Signature", signature.as_bytes())];
        let mut buffer = body.to_vec();
        assert!(keys.verify(headers, &mut buffer, NOW).unwrap().fresh().is_ok());
        let bit = head.len() % (body.len() * 8 + 1);
        match buffer.get_mut(bit / 8) {
            Some(byte) => *byte ^= 1 << (bit % 8),
            None => buffer.push(0),
        }
        assert_eq!(keys.verify(headers, &mut buffer, NOW).unwrap_err(), WebhookError::WrongSignature);
    }

    let mut buffer = body.to_vec();
    if let Ok(event) = read(&mut buffer) {
        agrees(&event, body);
    }
});

fn field(line: &[u8]) -> Option<(&str, &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    Some((std::str::from_utf8(&line[..colon]).ok()?, &line[colon + 1..]))
}

fn sign(secret: &str, timestamp: &[u8], body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(timestamp);
    mac.update(body);
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

/// Half a surrogate pair is the one thing that `serde_json` alone refuses as a value; it checks the grammar all the same.
fn agrees(event: &Event<'_>, body: &[u8]) {
    let text = std::str::from_utf8(body).expect("UTF-8 was checked");
    assert!(serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok(), "taken: {text}");
    let Ok(theirs) = serde_json::from_str::<Value>(text) else { return };
    same(event.kind.as_str(), &theirs["type"]);
    same(event.time, &theirs["event_time"]);
    let data = &theirs["data"];
    match event.about {
        About::Payment(payment) => {
            same(payment.order_id, &data["order"]["order_id"]);
            same(&payment.cf_payment_id.to_string(), &data["payment"]["cf_payment_id"]);
            same(payment.status.as_str(), &data["payment"]["payment_status"]);
            same(payment.error_code, &data["error_details"]["error_code"]);
            same(payment.mark, &data["order"]["order_tags"]["till_mark"]);
            assert!(payment.amount.is_none() || data["payment"]["payment_amount"].is_number());
            let methods = data["payment"]["payment_method"].as_object();
            assert!(payment.method.is_none_or(|method| methods.unwrap().contains_key(method.as_str())));
        }
        About::Refund(refund) => {
            let theirs = &data[if event.kind == EventKind::AutoRefundStatus { "auto_refund" } else { "refund" }];
            same(refund.order_id, &theirs["order_id"]);
            same(refund.refund_id, &theirs["refund_id"]);
            same(refund.status.as_str(), &theirs["refund_status"]);
            assert_eq!(refund.cf_payment_id.is_some(), !theirs["cf_payment_id"].is_null());
            assert!(theirs["refund_amount"].is_number());
        }
        _ => assert!(matches!(event.kind, EventKind::Unknown(_))),
    }
}

/// A string's text; any other value as it is written, which may have white space inside.
fn same(ours: &str, theirs: &Value) {
    match theirs {
        Value::Null => assert_eq!(ours, ""),
        Value::String(text) => assert_eq!(ours, text),
        Value::Object(_) | Value::Array(_) => {}
        other => assert_eq!(ours, other.to_string()),
    }
}
