//! The headers of both families.

use pay_core::model::ApiVersion;
use pay_core::wire::webhook::WebhookError;

use crate::vectors::{SECRET, VECTORS, keys, sign};

const TIMESTAMP: &str = "1795364400250";
const MISSING: fn(&'static str) -> WebhookError = WebhookError::MissingHeader;
const MALFORMED: fn(&'static str) -> WebhookError = WebhookError::MalformedHeader;
const CONTRADICTION: fn(&'static str) -> WebhookError = WebhookError::Contradiction;

/// What comes of these headers over the first body: version and attempt, if it is taken.
fn verify(fields: &[(&str, &str)]) -> Result<(Option<ApiVersion>, Option<u32>), WebhookError> {
    let vector = &VECTORS[0];
    let fields = fields.iter().map(|(name, value)| (*name, value.as_bytes()));
    let mut body = vector.body.to_vec();
    let signed = keys().verify(fields, &mut body, vector.sent());
    signed.map(|signed| (signed.version(), signed.attempt()))
}

// Mutants: one of the two families only; names compared with their case.
#[test]
fn either_family_in_any_case_is_taken() {
    let signature = VECTORS[0].signature;
    for (timestamp_name, signature_name) in [
        ("x-webhook-timestamp", "x-webhook-signature"),
        ("x-cashfree-timestamp", "x-cashfree-signature"),
        ("X-Cashfree-Timestamp", "X-CASHFREE-SIGNATURE"),
        // Half of each: still one signature over one timestamp.
        ("x-webhook-timestamp", "X-Cashfree-Signature"),
    ] {
        let fields = [("Host", "shop"), (signature_name, signature), ("Accept", "*/*"), (timestamp_name, TIMESTAMP)];
        assert_eq!(verify(&fields), Ok((None, None)), "{timestamp_name} {signature_name}");
    }
    for other in ["x-webhook-signatures", "x-webhook-", "x-webhooksignature", "signature", "", "x-cashfreé-signature"]
    {
        let result = verify(&[("x-webhook-timestamp", TIMESTAMP), (other, signature)]);
        assert_eq!(result, Err(MISSING("x-webhook-signature")), "{other}");
    }
}

// Mutant: the last of two values taken.
#[test]
fn families_that_disagree_are_refused() {
    let good = VECTORS[0].signature;
    let other = VECTORS[1].signature;
    let all = |signatures: [&str; 2], timestamps: [&str; 2]| {
        verify(&[
            ("x-webhook-signature", signatures[0]),
            ("x-cashfree-signature", signatures[1]),
            ("x-webhook-timestamp", timestamps[0]),
            ("x-cashfree-timestamp", timestamps[1]),
        ])
    };
    assert_eq!(all([good, good], [TIMESTAMP, TIMESTAMP]), Ok((None, None)));
    for signatures in [[good, other], [other, good], [good, ""], ["", good]] {
        assert_eq!(all(signatures, [TIMESTAMP, TIMESTAMP]), Err(CONTRADICTION("x-webhook-signature")));
    }
    for timestamps in [[TIMESTAMP, "1795364400"], ["1795364400", TIMESTAMP]] {
        assert_eq!(all([good, good], timestamps), Err(CONTRADICTION("x-webhook-timestamp")));
    }
    // The same within one family.
    let twice = |second| verify(&[("x-webhook-timestamp", TIMESTAMP), ("X-Webhook-Signature", good), second]);
    assert_eq!(twice(("x-webhook-signature", good)), Ok((None, None)));
    assert_eq!(twice(("x-webhook-signature", other)), Err(CONTRADICTION("x-webhook-signature")));
    let versions = [("x-webhook-version", "2025-01-01"), ("x-cashfree-version", "2026-01-01")];
    let fields = [("x-webhook-timestamp", TIMESTAMP), ("x-webhook-signature", good), versions[0], versions[1]];
    assert_eq!(verify(&fields), Err(CONTRADICTION("x-webhook-version")));
}

#[test]
fn what_is_missing_or_malformed_is_named() {
    let signature = VECTORS[0].signature;
    assert_eq!(verify(&[]), Err(MISSING("x-webhook-signature")));
    assert_eq!(verify(&[("x-cashfree-timestamp", TIMESTAMP)]), Err(MISSING("x-webhook-signature")));
    assert_eq!(verify(&[("x-cashfree-signature", signature)]), Err(MISSING("x-webhook-timestamp")));

    for timestamp in
        ["", "179536440", "17953644002", "179536440025", "17953644002500", "+795364400", "1795364400.25", "2026-11-22"]
    {
        // Signed as it stands, so that nothing but its form is wrong.
        let signature = sign(SECRET, timestamp, VECTORS[0].body);
        let result = verify(&[("x-webhook-timestamp", timestamp), ("x-webhook-signature", &signature)]);
        assert_eq!(result, Err(MALFORMED("x-webhook-timestamp")), "{timestamp}");
    }

    let without_padding = signature.trim_end_matches('=');
    let hex = "4d8e02acd23df623bf569f4f109fe9da6d2ba531a5f77f8dfa25ae9a5ba12c3d";
    let for_urls = signature.replace('/', "_").replace('+', "-");
    assert_ne!(for_urls, signature);
    let two = format!("{signature}, {signature}");
    let prefixed = format!("sha256={signature}");
    for wrong in ["", without_padding, hex, &for_urls, &two, &prefixed, &signature[4..], "é"] {
        let result = verify(&[("x-webhook-timestamp", TIMESTAMP), ("x-webhook-signature", wrong)]);
        assert_eq!(result, Err(MALFORMED("x-webhook-signature")), "{wrong}");
    }
    // White space around a value is none of it (RFC 9110, section 5.5).
    let spaced = format!(" {signature}\t");
    assert_eq!(verify(&[("x-webhook-timestamp", TIMESTAMP), ("x-webhook-signature", &spaced)]), Ok((None, None)));
}

#[test]
fn version_and_attempt_are_told_where_they_are_known() {
    let with = |version, attempt| {
        let version = ("X-Webhook-Version", version);
        let attempt = ("x-cashfree-attempt", attempt);
        let signature = ("x-webhook-signature", VECTORS[0].signature);
        verify(&[version, ("x-webhook-timestamp", TIMESTAMP), signature, attempt])
    };
    assert_eq!(with("2026-01-01", "3"), Ok((Some(ApiVersion::V2026_01_01), Some(3))));
    assert_eq!(with("2031-01-01", "4294967296"), Ok((None, None)));
    assert_eq!(with("", "-1"), Ok((None, None)));
}

#[test]
fn errors_say_which_header_and_nothing_of_its_value() {
    let vector = &VECTORS[0];
    let signature = vector.signature.replace('=', "");
    let error = verify(&[("x-webhook-timestamp", TIMESTAMP), ("x-webhook-signature", &signature)]).unwrap_err();
    assert_eq!(error.to_string(), "x-webhook-signature: does not have the form of this header");
    assert_eq!(MISSING("x-webhook-timestamp").to_string(), "x-webhook-timestamp: is missing");
    assert_eq!(CONTRADICTION("x-webhook-timestamp").to_string(), "x-webhook-timestamp: occurs with two values");
}
