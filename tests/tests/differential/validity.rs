//! What is JSON, and what is not.

use pay_core::wire::DecodeError;
use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde_json::Value;
use tests::choices::Choices;
use tests::describe::{Reply, prefix, read};
use tests::spell::{anything, spell};

/// `value` as a member that nobody reads.
fn beside(value: &[u8]) -> Vec<u8> {
    [br#"{"cf_payment_id":1,"x":"#, value, b"}"].concat()
}

fn ours(text: &[u8]) -> Result<(), DecodeError> {
    read(Reply::OrderPay, text).map(|_| ())
}

/// Whether RFC 8259 allows it, as `serde_json` sees it when it builds nothing.
fn is_json(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

/// The deepest nesting of a valid text.
fn depth(text: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth -= 1,
            _ => {}
        }
    }
    deepest
}

/// Bytes that are JSON more often than chance would have it.
fn near_json(choices: &mut Choices<'_>) -> Vec<u8> {
    const PIECES: [&[u8]; 41] = [
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"\"a\"",
        b"\"\"",
        b"\"\\u0041\"",
        b"\"\\ud83d\\ude00\"",
        b"\"\\ud83d\"",
        b"\"\\u12g4\"",
        b"\"\\x\"",
        b"\"\\",
        b"\"",
        b"\"\t\"",
        b"\"\x1f, the last that is refused\"",
        b"\"\xc3\xa9\"",
        b"\"\xff\"",
        b"0",
        b"-0",
        b"01",
        b"-",
        b"1.5",
        b"1.",
        b".5",
        b"1e5",
        b"1E+",
        b"1e-7",
        b"1e+999999",
        b"+1",
        b"true",
        b"tru",
        b"false",
        b"null",
        b"nul",
        b" ",
        b"\n",
        b"\x0b",
        b"NaN",
        b"//",
    ];
    let mut text = match choices.below(2) {
        0 => Vec::new(),
        _ => spell(&anything(choices, 4), choices).into_bytes(),
    };
    for _ in 0..choices.below(if text.is_empty() { 12 } else { 3 }) {
        let at = choices.below(text.len() + 1);
        let piece = choices.pick(&PIECES);
        text.splice(at..at, piece.iter().copied());
        if choices.rarely(4) && !text.is_empty() {
            text.remove(choices.below(text.len()));
        }
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    // Mutants seen to fail here: `1.` taken as a number; a control character taken in a string (0x1f too); the end not checked.
    #[test]
    fn the_same_texts_are_json(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        let text = near_json(&mut Choices::new(&bytes));
        let whole = beside(&text);
        // A piece like `1},{` changes what stands beside it: then the whole is something else, and need not be JSON.
        let ours = ours(&whole);
        let theirs = is_json(&whole);
        match ours {
            Ok(()) => prop_assert!(theirs, "{:?}", String::from_utf8_lossy(&whole)),
            Err(DecodeError::TooDeep) => prop_assert!(depth(&whole) > 32),
            Err(DecodeError::NotJson { .. } | DecodeError::Truncated) => {
                prop_assert!(!theirs, "{:?}", String::from_utf8_lossy(&whole));
            }
            Err(_) => prop_assert!(theirs),
        }
        let text = String::from_utf8_lossy(&whole);
        if ours.is_ok() && serde_json::from_str::<Value>(&text).is_err() {
            prop_assert!(text.contains("\\ud") || text.contains("\\uD"), "only half pairs may differ: {}", text);
        }
    }

    // White space, and cuts: where the text can go on, we say so; elsewhere it is wrong at a byte inside it.
    #[test]
    fn errors_point_into_the_text(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let whole = beside(&near_json(&mut Choices::new(&bytes)));
        if let Err(DecodeError::NotJson { at }) = ours(&whole) {
            prop_assert!(at < whole.len(), "{} of {}", at, whole.len());
        }
    }
}

#[test]
fn half_a_surrogate_pair_is_taken_and_theirs_is_not() {
    for text in [r#""\ud83d""#, r#""\ude00""#, r#""\ud83dx""#, r#""\ud83d\u0041""#, r#""\ud83d\ud83d""#] {
        let whole = beside(text.as_bytes());
        assert_eq!(ours(&whole), Ok(()), "{text}");
        assert!(is_json(&whole), "{text}");
        assert!(serde_json::from_slice::<Value>(&whole).is_err(), "{text}");
    }
}

// Mutants: members of the outermost object, or elements of a list, counted one level too high.
#[test]
fn the_bound_of_depth_is_32_whoever_reads() {
    let nested = |levels: usize| [vec![b'['; levels], vec![b']'; levels]].concat();
    for (levels, taken) in [(31, true), (32, false), (126, false)] {
        let whole = beside(&nested(levels));
        assert_eq!(depth(&whole), levels + 1);
        assert_eq!(ours(&whole), if taken { Ok(()) } else { Err(DecodeError::TooDeep) }, "{levels}");
        assert!(serde_json::from_slice::<Value>(&whole).is_ok(), "{levels}");

        let one = [br#"{"cf_payment_id":1,"payment_status":"SUCCESS","x":"#, &*nested(levels), b"}"].concat();
        assert_eq!(read(Reply::Payment, &one).is_ok(), taken, "{levels}");
        // In a list everything is one level further down.
        let list = [b"[", &*one, b"]"].concat();
        assert_eq!(prefix(&list).1.is_ok(), taken && levels < 31, "{levels}");
    }
    let list = [br#"[{"cf_payment_id":1,"payment_status":"SUCCESS","x":"#, &*nested(30), b"}]"].concat();
    assert_eq!(prefix(&list).1, Ok(()));
    assert_eq!(ours(&[b'['; 100_000]), Err(DecodeError::TooDeep));
}

#[test]
fn a_second_occurrence_is_refused_where_they_keep_the_last() {
    let whole = br#"{"cf_payment_id":1,"cf_payment_id":2}"#;
    assert_eq!(ours(whole), Err(DecodeError::Duplicate("cf_payment_id")));
    assert_eq!(serde_json::from_slice::<Value>(whole).unwrap()["cf_payment_id"], 2);
}
