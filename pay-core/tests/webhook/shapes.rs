//! Bodies that are cut, spelt otherwise, or not of the gateway's shape.

use pay_core::model::{MethodWord, PaymentStatus, RefundStatus, UnixSeconds};
use pay_core::wire::DecodeError;
use pay_core::wire::webhook::{About, Event, EventKind, PaymentEvent, RefundEvent, WebhookError, read};

use crate::vectors::{SECRET, VECTORS, keys, sign};

const PAYMENT: &str = r#"{"type":"PAYMENT_SUCCESS_WEBHOOK","data":{"order":{"order_id":"abc","order_amount":1},"payment":{"cf_payment_id":7,"payment_status":"SUCCESS","payment_amount":2}}}"#;
const REFUND: &str = r#"{"type":"REFUND_STATUS_WEBHOOK","data":{"refund":{"refund_id":"r-1","order_id":"abc","cf_payment_id":7,"refund_amount":2,"refund_status":"SUCCESS"}}}"#;
const AUTO: &str =
    r#"{"type":"AUTO_REFUND_STATUS_WEBHOOK","data":{"auto_refund":{"refund_amount":2,"refund_status":"SUCCESS"}}}"#;

/// What is read of `text` with `from` in it replaced.
fn with(text: &str, from: &str, to: &str, judge: impl FnOnce(Result<Event<'_>, DecodeError>)) {
    assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
    judge(read(text.replace(from, to).into_bytes().as_mut_slice()));
}

fn refused(text: &str, from: &str, to: &str) -> DecodeError {
    let mut error = None;
    with(text, from, to, |result| error = result.err());
    error.unwrap_or_else(|| panic!("{to} was read"))
}

fn payment(text: &str, from: &str, to: &str, judge: impl FnOnce(PaymentEvent<'_>)) {
    with(text, from, to, |result| match result.map(|event| event.about) {
        Ok(About::Payment(payment)) => judge(payment),
        other => panic!("{to}: {other:?}"),
    });
}

fn refund(text: &str, from: &str, to: &str, judge: impl FnOnce(RefundEvent<'_>)) {
    with(text, from, to, |result| match result.map(|event| event.about) {
        Ok(About::Refund(refund)) => judge(refund),
        other => panic!("{to}: {other:?}"),
    });
}

// A part that the gateway signed as a whole. Meant to notice: what was found before the end taken for all.
#[test]
fn a_part_that_was_signed_is_called_cut_at_any_byte() {
    for vector in VECTORS {
        for have in 0..vector.body.len() {
            let mut body = vector.body[..have].to_vec();
            assert_eq!(read(&mut body), Err(DecodeError::Truncated), "{} {}: {have}", vector.version, vector.name);
        }
    }
    let mut body = VECTORS[0].body[..100].to_vec();
    let signature = sign(SECRET, "1795364400250", &body);
    let headers = [("x-webhook-timestamp", &b"1795364400250"[..]), ("x-webhook-signature", signature.as_bytes())];
    let signed = keys().verify(headers, &mut body, UnixSeconds(1_795_364_400)).unwrap();
    assert_eq!(signed.event().unwrap_err(), WebhookError::Body(DecodeError::Truncated));
}

#[test]
fn one_bit_anywhere_never_panics_nor_makes_json_of_what_is_none() {
    for vector in VECTORS.iter().step_by(5) {
        for bit in 0..vector.body.len() * 8 {
            let mut body = vector.body.to_vec();
            body[bit / 8] ^= 1 << (bit % 8);
            let text = body.clone();
            if read(&mut body).is_ok() {
                let theirs = serde_json::from_slice::<serde_json::Value>(&text);
                assert!(theirs.is_ok(), "{}", String::from_utf8_lossy(&text));
            }
        }
    }
}

// Mutant: an event that is not known is an error.
#[test]
fn other_events_are_kept_as_their_word_whatever_they_have() {
    for (body, word) in [
        (r#"{"data":{"test_object":{"test_key":"test_value"}},"type":"WEBHOOK","event_time":"x"}"#, "WEBHOOK"),
        (r#"{"type":"SETTLEMENT_SUCCESS","data":{"settlement":{"amount_settled":97.94}}}"#, "SETTLEMENT_SUCCESS"),
        (r#"{"type":"DISPUTE_CREATED","data":{"dispute":1,"dispute":2}}"#, "DISPUTE_CREATED"),
        (r#"{"type":"TERMINAL_STATUS_UPDATE"}"#, "TERMINAL_STATUS_UPDATE"),
        (r#"{"type":"payment_success_webhook","data":[]}"#, "payment_success_webhook"),
        (r#"{"type":"NEW\u005fONE","data":null}"#, "NEW_ONE"),
        (r#"{"type":17}"#, "17"),
    ] {
        let mut body = body.as_bytes().to_vec();
        let event = read(&mut body).unwrap_or_else(|error| panic!("{word}: {error}"));
        assert_eq!((event.kind, event.about, event.order_id()), (EventKind::Unknown(word), About::Other, None));
    }
}

// Mutant: an order that is missing read as an empty one.
#[test]
fn what_is_needed_is_missing_by_name() {
    for (text, from, field) in [
        (PAYMENT, r#""type":"PAYMENT_SUCCESS_WEBHOOK","#, "type"),
        (PAYMENT, r#""order":{"order_id":"abc","order_amount":1},"#, "order"),
        (PAYMENT, r#""order_id":"abc","#, "order_id"),
        (PAYMENT, r#""cf_payment_id":7,"#, "cf_payment_id"),
        (PAYMENT, r#""payment_status":"SUCCESS","#, "payment_status"),
        (PAYMENT, r#","payment":{"cf_payment_id":7,"payment_status":"SUCCESS","payment_amount":2}"#, "payment"),
        (REFUND, r#""refund_id":"r-1","#, "refund_id"),
        (REFUND, r#""order_id":"abc","#, "order_id"),
        (REFUND, r#""refund_amount":2,"#, "refund_amount"),
        (REFUND, r#","refund_status":"SUCCESS""#, "refund_status"),
        (AUTO, r#""refund_amount":2,"#, "refund_amount"),
        (AUTO, r#","refund_status":"SUCCESS""#, "refund_status"),
        (AUTO, r#""auto_refund":{"refund_amount":2,"refund_status":"SUCCESS"}"#, "auto_refund"),
    ] {
        assert_eq!(refused(text, from, ""), DecodeError::Missing(field));
    }
    // The gateway's own refund is not where the merchant's stands, and the other way round.
    assert_eq!(refused(REFUND, r#""refund":"#, r#""auto_refund":"#), DecodeError::Missing("refund"));
    assert_eq!(refused(AUTO, r#""auto_refund":"#, r#""refund":"#), DecodeError::Missing("auto_refund"));
    for text in [r#"{"type":"PAYMENT_FAILED_WEBHOOK"}"#, r#"{"type":"REFUND_STATUS_WEBHOOK","data":null}"#] {
        assert_eq!(read(&mut text.as_bytes().to_vec()), Err(DecodeError::Missing("data")));
    }
}

#[test]
fn what_is_not_needed_may_be_absent_or_null() {
    payment(PAYMENT, r#","order_amount":1"#, "", |payment| {
        assert_eq!((payment.order_amount, payment.amount.map(|amount| amount.minor())), (None, Some(200)));
        assert_eq!((payment.method, payment.mark, payment.group, payment.message), (None, "", "", ""));
    });
    let null = r#""payment_amount":null,"payment_group":null,"payment_method":null,"bank_reference":null"#;
    payment(PAYMENT, r#""payment_amount":2"#, null, |payment| {
        assert_eq!((payment.amount, payment.method, payment.bank_reference), (None, None, ""));
    });
    payment(PAYMENT, r#""order_amount":1}"#, r#""order_tags":null},"error_details":null"#, |payment| {
        assert_eq!((payment.mark, payment.error_code), ("", ""));
    });
    refund(REFUND, r#""cf_payment_id":7,"#, "", |refund| assert_eq!(refund.cf_payment_id, None));
    refund(AUTO, r#""refund_amount":2"#, r#""refund_amount":2,"order_id":null"#, |refund| {
        assert_eq!((refund.order_id, refund.refund_id), ("", ""));
    });
}

#[test]
fn amounts_and_ids_are_exact_or_refused() {
    for amount in ["-1", "1.005", r#""2.00""#, "99999999999999999999", "true", "{}"] {
        let member = |name: &str| format!(r#""{name}":{amount}"#);
        for (text, field, from) in [
            (PAYMENT, "order_amount", r#""order_amount":1"#),
            (PAYMENT, "payment_amount", r#""payment_amount":2"#),
            (REFUND, "refund_amount", r#""refund_amount":2"#),
        ] {
            assert_eq!(refused(text, from, &member(field)), DecodeError::Malformed(field), "{amount}");
        }
    }
    for id in [r#""""#, "1.5", "-7", "1e3", r#""seven""#, "18446744073709551616", "[]"] {
        for text in [PAYMENT, REFUND] {
            let error = refused(text, r#""cf_payment_id":7"#, &format!(r#""cf_payment_id":{id}"#));
            assert_eq!(error, DecodeError::Malformed("cf_payment_id"), "{id}");
        }
    }
    for id in ["1457655315005187584", r#""1457655315005187584""#] {
        payment(PAYMENT, r#":7"#, &format!(":{id}"), |payment| {
            assert_eq!(payment.cf_payment_id.get(), 1_457_655_315_005_187_584);
        });
    }
    payment(PAYMENT, r#""payment_amount":2"#, r#""payment_amount":1.7000e2"#, |payment| {
        assert_eq!(payment.amount.unwrap().minor(), 17_000);
    });
}

// Two readers, two meanings: what is read may not occur twice, however it is spelt.
#[test]
fn what_is_read_occurs_once() {
    for (text, from, to, field) in [
        (PAYMENT, r#"{"type":"#, r#"{"type":"X","type":"#, "type"),
        (PAYMENT, r#"{"type":"#, r#"{"data":{},"type":"#, "data"),
        (PAYMENT, r#"{"order":"#, r#"{"order":{},"order":"#, "order"),
        (PAYMENT, r#"{"order_id":"#, r#"{"order\u005fid":"x","order_id":"#, "order_id"),
        (PAYMENT, r#""cf_payment_id":7"#, r#""cf_payment_id":7,"cf_payment_id":8"#, "cf_payment_id"),
        (PAYMENT, r#""order_amount":1"#, r#""order_tags":{"till_mark":"a","till_mark":"b"}"#, "till_mark"),
        (REFUND, r#""refund_amount":2"#, r#""refund_amount":2,"refund_amount":3"#, "refund_amount"),
    ] {
        assert_eq!(refused(text, from, to), DecodeError::Duplicate(field));
    }
}

// Meant to notice: texts unescaped before all places are found.
#[test]
fn escapes_mean_what_they_spell() {
    let event = r#"{"ty\u0070e":"PAYMENT\u005fFAILED\u005fWEBHOOK","event_time":"\u0032026","d\u0061ta":{"order":{"order\u005fid":"a\u002db\"\\","order_tags":{"till\u005fmark":"\"\u007d\\"}},"payment":{"cf_payment_id":"\u0037","payment_status":"\u0046AILED","payment_message":"\ud83d\ude00 \u20b9","payment_method":{"net\u0062anking":{"a":"\"}"}}},"error_details":{"error_code":"\"{"}}}"#;
    let mut body = event.as_bytes().to_vec();
    let event = read(&mut body).unwrap();
    assert_eq!((event.kind, event.time), (EventKind::PaymentFailed, "2026"));
    let About::Payment(payment) = event.about else { panic!("{:?}", event.about) };
    assert_eq!((payment.order_id, payment.mark), ("a-b\"\\", "\"}\\"));
    assert_eq!((payment.cf_payment_id.get(), payment.status), (7, PaymentStatus::Failed));
    assert_eq!((payment.message, payment.error_code), ("😀 ₹", "\"{"));
    assert_eq!(payment.method, Some(MethodWord::NetBanking));
}

#[test]
fn words_are_an_open_set_and_a_kind_does_not_make_a_status() {
    payment(PAYMENT, r#""payment_status":"SUCCESS""#, r#""payment_status":"FAILED""#, |payment| {
        assert_eq!(payment.status, PaymentStatus::Failed);
    });
    payment(PAYMENT, r#""payment_status":"SUCCESS""#, r#""payment_status":"SETTLING""#, |payment| {
        assert_eq!(payment.status, PaymentStatus::Unknown("SETTLING"));
    });
    refund(REFUND, r#""refund_status":"SUCCESS""#, r#""refund_status":"REJECTED""#, |refund| {
        assert_eq!(refund.status, RefundStatus::Unknown("REJECTED"));
    });
    for (method, word) in [
        (r#"{"vba_transfer":{}}"#, Some(MethodWord::Unknown("vba_transfer"))),
        (r#"{"app":{"provider":"x"},"card":{}}"#, Some(MethodWord::App)),
        ("{}", None),
        (r#""card""#, None),
    ] {
        payment(PAYMENT, r#""payment_amount":2"#, &format!(r#""payment_method":{method}"#), |payment| {
            assert_eq!(payment.method, word);
        });
    }
}

#[test]
fn another_shape_is_said_to_be_one() {
    assert_eq!(refused(PAYMENT, r#"{"order_id":"abc","order_amount":1}"#, r#""{}""#), DecodeError::WrongShape);
    assert_eq!(refused(PAYMENT, r#"{"order_id":"abc","order_amount":1}"#, "[]"), DecodeError::WrongShape);
    let error = refused(PAYMENT, r#""order_amount":1}"#, r#""order_amount":1},"error_details":3"#);
    assert_eq!(error, DecodeError::WrongShape);
    for text in ["[]", "17", r#""PAYMENT_SUCCESS_WEBHOOK""#] {
        assert_eq!(read(&mut text.as_bytes().to_vec()), Err(DecodeError::WrongShape), "{text}");
    }
    for text in ["<html>", "type=PAYMENT_SUCCESS_WEBHOOK", "{} {}", "{\"type\":\"a\u{1}\"}"] {
        let mut body = text.as_bytes().to_vec();
        let result = read(&mut body);
        assert!(matches!(result, Err(DecodeError::NotJson { .. })), "{text}: {result:?}");
    }
    let mut text = PAYMENT.replace("abc", "a?c").into_bytes();
    let at = text.iter().position(|byte| *byte == b'?').unwrap();
    text[at] = 0xff;
    assert_eq!(read(&mut text), Err(DecodeError::NotJson { at }));
    let deep = format!(r#"{{"type":"X","data":{}1{}}}"#, "[".repeat(40), "]".repeat(40));
    assert_eq!(read(&mut deep.into_bytes()), Err(DecodeError::TooDeep));
}
