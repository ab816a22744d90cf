//! Any bytes, read as everything: no panic, and nothing read that `serde_json` says is not JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pay_core::model::{Amount, ApiVersion, CfPaymentId, OrderId, QrImage, Timestamp, UpiLink, Url, Vpa};
use pay_core::wire::{Auth, Endpoint, ResponseHead};
use serde_json::Value;
use tests::describe::{Reply, prefix, read, refused};

fuzz_target!(|body: &[u8]| {
    for reply in Reply::ALL {
        if let Ok(meaning) = read(reply, body) {
            let text = std::str::from_utf8(body).expect("UTF-8 was checked");
            assert!(serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok(), "{reply:?} took {text}");
            // Half a surrogate pair is the one thing they refuse; a second member that is not read is none of ours.
            if let Ok(theirs) = serde_json::from_str::<Value>(text) {
                agrees(reply, &meaning, &theirs);
            }
        }
    }
    for status in [200, 302, 400, 401, 409, 422, 429, 500, 503] {
        let _ = refused(status, body);
    }
    let (elements, _) = prefix(body);
    for element in &elements {
        assert!(element["paid"] != true || element["status"] == "SUCCESS");
    }
    let Ok(text) = std::str::from_utf8(body) else { return };
    if let Ok(amount) = Amount::parse(text) {
        assert_eq!(Amount::parse(&amount.to_string()), Ok(amount));
        assert!(serde_json::from_str::<serde_json::Number>(text).is_ok(), "{text}");
    }
    if let Ok(id) = CfPaymentId::parse(text) {
        assert_eq!(id.to_string(), text);
    }
    let _ = (OrderId::parse(text), Vpa::parse(text), Timestamp::parse("t", text), ApiVersion::parse(text));
    let _ = (Url::parse(text).map(|url| url.host().len()), UpiLink::parse(text).map(|link| link.parameter("am")));
    let _ = Endpoint::parse(text, Auth::Session);
    if let Some(image) = QrImage::parse(text) {
        assert_eq!(image.decode(&mut vec![0; image.png_len()]), Some(image.png_len()));
    }
    if let Some((name, value)) = text.split_once(':') {
        ResponseHead::new(200).note_header(name, value);
    }
});

/// An id is the same digits, and money is only where they see a number.
fn agrees(reply: Reply, meaning: &Value, theirs: &Value) {
    let id = match (reply, &theirs["cf_payment_id"]) {
        (Reply::Payments | Reply::Order | Reply::Refund, _) => return,
        (_, Value::String(id)) => id.clone(),
        (_, other) => other.to_string(),
    };
    assert_eq!(meaning["cf_payment_id"], id);
    assert!(meaning["amount_minor"].is_null() || theirs["payment_amount"].is_number());
}
