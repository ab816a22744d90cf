//! Who signed, when, and over what.

use pay_core::model::{Reason, UnixSeconds};
use pay_core::wire::webhook::{About, Age, Key, Keys, SignedWith, WebhookError, Window};

use crate::vectors::{SECRET, VECTORS, Vector, key, keys, sign};

/// What comes of a vector with these parts in place of its own.
fn verify(vector: &Vector, timestamp: &[u8], signature: &[u8], body: &[u8]) -> Result<(), WebhookError> {
    let headers = [("x-webhook-timestamp", timestamp), ("x-webhook-signature", signature)];
    keys().verify(headers, &mut body.to_vec(), vector.sent()).map(|_| ())
}

#[test]
fn every_webhook_is_taken_as_it_was_signed() {
    for vector in VECTORS {
        let mut body = vector.body.to_vec();
        let signed = keys().verify(vector.headers(), &mut body, vector.sent());
        let signed = signed.unwrap_or_else(|error| panic!("{} {}: {error}", vector.version, vector.name));
        assert_eq!(signed.body(), vector.body);
        assert_eq!((signed.sent(), signed.age(), signed.with()), (vector.sent(), Age::Fresh, SignedWith::Current));
        assert_eq!((signed.version(), signed.attempt()), (Some(vector.version), None));
    }
}

// Meant to notice: a part of the body that is not signed.
#[test]
fn one_bit_of_anything_that_is_signed_counts() {
    for vector in VECTORS.iter().step_by(6) {
        for bit in 0..vector.body.len() * 8 {
            let mut body = vector.body.to_vec();
            body[bit / 8] ^= 1 << (bit % 8);
            let result = verify(vector, vector.timestamp.as_bytes(), vector.signature.as_bytes(), &body);
            assert_eq!(result, Err(WebhookError::WrongSignature), "bit {bit}");
        }
        for at in 0..vector.timestamp.len() {
            let mut timestamp = vector.timestamp.as_bytes().to_vec();
            timestamp[at] ^= 1;
            let result = verify(vector, &timestamp, vector.signature.as_bytes(), vector.body);
            assert_eq!(result, Err(WebhookError::WrongSignature), "digit {at}");
        }
    }
}

// Mutant: the last digit's spare bits not looked at takes three other texts for the same signature.
#[test]
fn one_bit_of_the_signature_counts() {
    for vector in VECTORS {
        for bit in 0..vector.signature.len() * 8 {
            let mut signature = vector.signature.as_bytes().to_vec();
            signature[bit / 8] ^= 1 << (bit % 8);
            let error = verify(vector, vector.timestamp.as_bytes(), &signature, vector.body).unwrap_err();
            let malformed = WebhookError::MalformedHeader("x-webhook-signature");
            assert!([WebhookError::WrongSignature, malformed].contains(&error), "bit {bit}: {error}");
        }
    }
}

// Meant to notice: a prefix of the body taken for the body.
#[test]
fn a_body_cut_at_any_byte_is_refused() {
    for vector in VECTORS {
        for have in 0..vector.body.len() {
            let cut = &vector.body[..have];
            let result = verify(vector, vector.timestamp.as_bytes(), vector.signature.as_bytes(), cut);
            assert_eq!(result, Err(WebhookError::WrongSignature));
            let want = vector.body.len();
            let length = want.to_string();
            let headers = vector.headers().into_iter().chain([("Content-Length", length.as_bytes())]);
            let mut cut = cut.to_vec();
            let result = keys().verify(headers, &mut cut, vector.sent());
            assert_eq!(result.unwrap_err(), WebhookError::Cut { have, want });
        }
    }
}

#[test]
fn what_content_length_says_refuses_nothing_that_is_signed() {
    let vector = &VECTORS[0];
    for length in ["0", "999999", "99999999999999999999999", "-1", "x", ""] {
        let headers = vector.headers().into_iter().chain([("content-length", length.as_bytes())]);
        assert!(keys().verify(headers, &mut vector.body.to_vec(), vector.sent()).is_ok(), "{length}");
    }
    // One that is shorter than what came says nothing of a cut.
    let headers = vector.headers().into_iter().chain([("content-length", &b"3"[..])]);
    let mut body = *b"other";
    let result = keys().verify(headers, &mut body, vector.sent());
    assert_eq!(result.unwrap_err(), WebhookError::WrongSignature);
}

#[test]
fn a_body_that_was_parsed_and_written_again_is_refused() {
    let body = br#"{"payment_amount":170.00}"#;
    let signature = sign(SECRET, "1795364400250", body);
    let vector = &VECTORS[0];
    assert_eq!(verify(vector, b"1795364400250", signature.as_bytes(), body), Ok(()));
    let again = br#"{"payment_amount":170}"#;
    let result = verify(vector, b"1795364400250", signature.as_bytes(), again);
    assert_eq!(result, Err(WebhookError::WrongSignature));
}

// What others were seen to sign. Values from Python.
#[test]
fn other_ways_to_sign_are_refused() {
    let body = br#"{"a":170.00}"#;
    for message in ["1795364400250\n{\"a\":170.00}", "1795364400250.{\"a\":170.00}", "{\"a\":170.00}1795364400250"] {
        let signature = sign(SECRET, "", message.as_bytes());
        let result = verify(&VECTORS[0], b"1795364400250", signature.as_bytes(), body);
        assert_eq!(result, Err(WebhookError::WrongSignature), "{message}");
    }
    let empty = sign(SECRET, "1795364400250", b"");
    assert_eq!(verify(&VECTORS[0], b"1795364400250", empty.as_bytes(), b""), Ok(()));
}

// Mutant: only the secret in use is tried.
#[test]
fn the_secret_before_is_good_while_keys_are_changed() {
    let vector = &VECTORS[0];
    let with = |keys: Keys| keys.verify(vector.headers(), &mut vector.body.to_vec(), vector.sent()).map(|s| s.with());
    assert_eq!(with(Keys::new(key("new"))), Err(WebhookError::WrongSignature));
    assert_eq!(with(Keys::new(key("new")).with_previous(key(SECRET))), Ok(SignedWith::Previous));
    assert_eq!(with(Keys::new(key(SECRET)).with_previous(key("old"))), Ok(SignedWith::Current));
    assert_eq!(with(Keys::new(key(SECRET)).with_previous(key(SECRET))), Ok(SignedWith::Current));
    assert_eq!(with(Keys::new(key("new")).with_previous(key("old"))), Err(WebhookError::WrongSignature));
}

// Mutants: `>=` for either end; the one ahead taken for both.
#[test]
fn the_window_has_its_ends_and_what_lies_outside_is_still_read() {
    for vector in VECTORS {
        let sent = vector.sent().0;
        for (now, age) in [
            (0, Age::Early),
            (sent - 301, Age::Early),
            (sent - 300, Age::Fresh),
            (sent + 3600, Age::Fresh),
            (sent + 3601, Age::Old),
            (u64::MAX, Age::Old),
        ] {
            let now = UnixSeconds(now);
            let mut body = vector.body.to_vec();
            let signed = keys().verify(vector.headers(), &mut body, now).unwrap();
            assert_eq!(signed.age(), age, "{}", now.0);
            assert_ne!(signed.event().unwrap().about, About::Other);

            let mut body = vector.body.to_vec();
            let fresh = keys().verify(vector.headers(), &mut body, now).unwrap().fresh();
            let stale = WebhookError::Stale { sent: vector.sent(), now };
            assert_eq!(fresh.map(|_| ()), if age == Age::Fresh { Ok(()) } else { Err(stale) });
        }
    }
    let narrow = keys().with_window(Window { back: 10, ahead: 0 });
    let age = |now| narrow.verify(VECTORS[0].headers(), &mut VECTORS[0].body.to_vec(), now).unwrap().age();
    let sent = VECTORS[0].sent().0;
    assert_eq!([sent - 1, sent, sent + 10, sent + 11].map(|now| age(UnixSeconds(now))), {
        [Age::Early, Age::Fresh, Age::Fresh, Age::Old]
    });
    assert_eq!(Window::default(), Window { back: 3600, ahead: 300 });
}

// Meant to notice: the age judged before the signature, which tells a stranger the receiver's clock.
#[test]
fn an_old_one_with_a_wrong_signature_is_a_wrong_one() {
    let vector = &VECTORS[0];
    let mut body = vector.body.to_vec();
    let result = Keys::new(key("other")).verify(vector.headers(), &mut body, UnixSeconds(u64::MAX));
    assert_eq!(result.unwrap_err(), WebhookError::WrongSignature);
}

#[test]
fn secrets_have_bounds_and_are_not_printed() {
    let reason = |text: &str| Key::parse(text).map(|_| ()).map_err(|error| (error.field, error.reason));
    assert_eq!(reason(""), Err(("x-client-secret", Reason::TooShort { min: 1 })));
    assert_eq!(reason(&"s".repeat(129)), Err(("x-client-secret", Reason::TooLong { max: 128 })));
    // Longer than a block of the hash, which makes HMAC hash it first.
    for len in [1, 63, 64, 65, 128] {
        let secret = "s".repeat(len);
        let signature = sign(&secret, "1795364400", b"{}");
        let headers = [("x-webhook-timestamp", &b"1795364400"[..]), ("x-webhook-signature", signature.as_bytes())];
        let mut body = *b"{}";
        let result = Keys::new(key(&secret)).verify(headers, &mut body, UnixSeconds(1_795_364_400));
        assert!(result.is_ok(), "{len}");
    }
    let printed = format!("{:?} {:?}", key(SECRET), keys().with_previous(key("the one before")));
    assert!(!printed.contains("shop") && !printed.contains("before"), "{printed}");
    let mut body = VECTORS[0].body.to_vec();
    let printed = format!("{:?}", keys().verify(VECTORS[0].headers(), &mut body, VECTORS[0].sent()).unwrap());
    assert!(printed.contains("body_len") && !printed.contains("example") && !printed.contains("123"), "{printed}");
}
