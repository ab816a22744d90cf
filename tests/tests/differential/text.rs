//! What strings say.

use pay_core::wire::decode;
use proptest::prelude::*;
use tests::choices::Choices;
use tests::spell::quoted;

/// The message of an error body: handed on as it is, whatever is in it.
fn ours(quoted: &str) -> String {
    let mut body = format!(r#"{{"code":"c","message":{quoted}}}"#).into_bytes();
    let refusal = decode::refusal(400, &mut body);
    assert_eq!(refusal.code, "c", "{quoted}");
    refusal.message.to_owned()
}

/// The same from the field of a form, which is read without being rewritten in place.
fn ours_borrowed(quoted: &str) -> String {
    let mut body = format!(
        r#"{{"cf_payment_id":1,"action":"form","data":{{"url":"https://a.example/","payload":{{{quoted}:{quoted}}}}}}}"#
    )
    .into_bytes();
    let reply = decode::order_pay(&mut body).unwrap_or_else(|error| panic!("{error}: {quoted}"));
    let pay_core::model::NextAction::PostForm { fields, .. } = reply.next_action else { panic!("{reply:?}") };
    let mut text = None;
    fields.for_each(|field| {
        assert_eq!(field.name.to_string(), field.value.to_string());
        assert!(field.value.is(&field.value.to_string()));
        text = Some(field.value.to_string());
    });
    text.unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    // Mutant: `write` one too low after a run of plain bytes in `unescape`.
    #[test]
    fn strings_read_as_theirs_do(text in ".*|[\\PC\\p{Cc}\"\\\\/&<>]{0,40}", how in prop::collection::vec(any::<u8>(), 0..200)) {
        let quoted = quoted(&text, &mut Choices::new(&how));
        let theirs: String = serde_json::from_str(&quoted).expect("a JSON string");
        prop_assert_eq!(&theirs, &text);
        prop_assert_eq!(&ours(&quoted), &text);
        prop_assert_eq!(&ours_borrowed(&quoted), &text);
    }

    // Mutant: the second half of a pair not taken with the first.
    // Any code units at all: `serde_json` has no answer for half a pair, UTF-16's own rules have.
    #[test]
    fn code_units_read_as_utf16_does(units in prop::collection::vec(units(), 0..12)) {
        let quoted: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
        let quoted = format!("\"{quoted}\"");
        let want: String =
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        if let Ok(theirs) = serde_json::from_str::<String>(&quoted) {
            prop_assert_eq!(&theirs, &want);
        }
        prop_assert_eq!(&ours(&quoted), &want);
        prop_assert_eq!(&ours_borrowed(&quoted), &want);
    }
}

fn units() -> impl Strategy<Value = u16> {
    prop_oneof![0xd800..0xdc00_u16, 0xdc00..0xe000_u16, any::<u16>(), prop::sample::select(vec![0x22, 0x5c, 0, 0x26])]
}
