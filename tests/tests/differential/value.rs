//! Amounts and payment ids, against arithmetic on the decimal text itself.

use pay_core::model::{Amount, CfPaymentId};
use proptest::prelude::*;
use serde_json::Value;
use tests::choices::Choices;
use tests::describe::{Reply, read};

/// Minor units of a JSON number, exactly, by moving its decimal point; `None` unless it is a whole number of 0 to 15
/// digits without a sign.
fn minor(number: &str) -> Option<u64> {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    if digits.starts_with('-') {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Some(0);
    }
    // Exponents of these tests that do not fit decide by their sign alone.
    let exponent: i128 =
        exponent.parse().unwrap_or(if exponent.starts_with('-') { i64::MIN.into() } else { i64::MAX.into() });
    let zeros = exponent + 2 - i128::try_from(fraction.len()).unwrap();
    let text = if zeros >= 0 {
        if zeros > 20 {
            return None;
        }
        format!("{digits}{}", "0".repeat(zeros.try_into().unwrap()))
    } else {
        let cut = usize::try_from(-zeros).unwrap_or(usize::MAX);
        let kept = digits.len().checked_sub(cut)?;
        if digits[kept..].bytes().any(|digit| digit != b'0') {
            return None;
        }
        digits[..kept].to_owned()
    };
    (text.len() <= 15).then(|| text.parse().unwrap())
}

fn number(choices: &mut Choices<'_>) -> String {
    let mut text = String::new();
    if choices.rarely(10) {
        text.push('-');
    }
    if choices.rarely(4) {
        text.push('0');
    } else {
        text += &choices.text("123456789", 1, 1);
        text += &choices.text("00001259", 0, 17);
    }
    if choices.rarely(2) {
        text.push('.');
        text += &choices.text("0000015", 1, 22);
    }
    if choices.rarely(3) {
        text += choices.pick(&["e", "E"]);
        text += choices.pick(&["", "+", "-"]);
        let longest = choices.pick(&[2, 2, 2, 2, 2, 30]);
        text += &choices.text("00000123", 1, longest);
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    // Mutant: 16 digits let through.
    #[test]
    fn amounts_are_exact(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let text = number(&mut Choices::new(&bytes));
        // Their number of any precision keeps the text, so this is the number they would hand on.
        let theirs: Value = serde_json::from_str(&text).expect("a JSON number");
        let want = minor(&theirs.to_string().replace("e+", "e"));
        let body = format!(r#"{{"cf_payment_id":1,"payment_amount":{text}}}"#);
        let read = read(Reply::OrderPay, body.as_bytes());
        prop_assert_eq!(read.as_ref().ok().and_then(|reply| reply["amount_minor"].as_u64()), want, "{}", text);
        prop_assert_eq!(Amount::parse(&text).ok().map(Amount::minor), want, "{}", text);
    }

    #[test]
    fn amounts_print_as_they_read(value in 0..=999_999_999_999_999_u64) {
        let amount = Amount::from_minor(value).unwrap();
        prop_assert_eq!(minor(&amount.to_string()), Some(value));
        prop_assert_eq!(Amount::parse(&amount.to_string()), Ok(amount));
    }

    // Mutant: an id read through a float loses the last digits of 1457655315005187584.
    #[test]
    fn ids_are_the_same_64_bits_as_number_and_as_string(id in any::<u64>(), shift in 0..64_u32) {
        let id = id >> shift;
        let theirs: Value = serde_json::from_str(&id.to_string()).unwrap();
        for body in [format!(r#"{{"cf_payment_id":{id}}}"#), format!(r#"{{"cf_payment_id":"{id}"}}"#)] {
            let read = read(Reply::OrderPay, body.as_bytes()).unwrap();
            prop_assert_eq!(read["cf_payment_id"].as_str().unwrap(), theirs.to_string());
        }
        prop_assert_eq!(CfPaymentId::parse(&id.to_string()).unwrap().get(), id);
        prop_assert_eq!(theirs.as_u64(), Some(id));
    }

    #[test]
    fn other_numbers_are_no_ids(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let text = number(&mut Choices::new(&bytes));
        let body = format!(r#"{{"cf_payment_id":{text}}}"#);
        let theirs: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(read(Reply::OrderPay, body.as_bytes()).is_ok(), theirs.is_u64(), "{}", text);
    }
}

#[test]
fn the_oracle_knows_its_numbers() {
    for (text, want) in [
        ("1.20", Some(120)),
        ("1.015e1", Some(1015)),
        ("10.155", None),
        ("1e13", None),
        ("1e12", Some(100_000_000_000_000)),
        ("0e999", Some(0)),
        ("120000e-6", Some(12)),
        ("-1", None),
    ] {
        assert_eq!(minor(text), want, "{text}");
    }
}
