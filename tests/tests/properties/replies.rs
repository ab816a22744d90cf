//! No bytes make the reader panic, and what does not matter changes nothing.

use pay_core::wire::{DecodeError, decode};
use proptest::prelude::*;
use serde_json::Value;
use tests::bodies::reply;
use tests::choices::Choices;
use tests::describe::{Reply, prefix, read, refused};
use tests::spell::{quoted, spell, with_strangers};

fn kinds() -> impl Strategy<Value = Reply> {
    prop::sample::select(Reply::ALL.to_vec())
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..400)
}

/// All that can be called on bytes of a peer.
fn read_as_everything(body: &[u8]) {
    for kind in Reply::ALL {
        let _ = read(kind, body);
    }
    for status in [200, 400, 409, 422, 429, 500] {
        let _ = refused(status, body);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    // Mutant: `byte` indexing instead of asking (`Ok(input[at])`).
    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        read_as_everything(&body);
    }

    // Mutant: `unwrap` on the UTF-8 of a member's name.
    #[test]
    fn no_damage_to_a_valid_body_makes_it_panic(
        kind in kinds(),
        bytes in bytes(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..4),
    ) {
        let mut choices = Choices::new(&bytes);
        let mut body = spell(&reply(kind, &mut choices), &mut choices).into_bytes();
        for (place, byte, how) in damage {
            let place = place.index(body.len().max(1)).min(body.len().saturating_sub(1));
            match how {
                0 if !body.is_empty() => body[place] = byte,
                1 if !body.is_empty() => drop(body.remove(place)),
                2 => body.insert(place, byte),
                _ => body.splice(place..place, *br#"\u"#).for_each(drop),
            }
        }
        read_as_everything(&body);
    }

    // Mutants: names compared as they are written; strings not unescaped; `null` not the same as absent.
    #[test]
    fn spelling_order_and_strangers_change_nothing(kind in kinds(), bytes in bytes(), how in bytes()) {
        let value = reply(kind, &mut Choices::new(&bytes));
        let plain = read(kind, value.to_string().as_bytes());
        prop_assert!(plain.is_ok(), "{:?}: {}", plain, value);
        let mut how = Choices::new(&how);
        let other = spell(&with_strangers(&value, &mut how), &mut how);
        prop_assert_eq!(plain, read(kind, other.as_bytes()), "{}", other);
    }

    // Mutant: `digits` answering `At` at the end of the text calls a cut number bad instead of cut.
    #[test]
    fn a_cut_body_is_called_cut(kind in kinds(), bytes in bytes(), how in bytes(), cut in any::<prop::sample::Index>()) {
        let value = reply(kind, &mut Choices::new(&bytes));
        let text = spell(&value, &mut Choices::new(&how));
        let text = text.trim_end().as_bytes();
        let cut = &text[..cut.index(text.len())];
        if kind == Reply::Payments {
            let whole = value.as_array().unwrap();
            let (elements, end) = prefix(cut);
            prop_assert_eq!(end, Err(DecodeError::Truncated));
            prop_assert!(elements.len() <= whole.len());
            for (element, whole) in elements.iter().zip(whole) {
                prop_assert_eq!(element, &read(Reply::Payment, whole.to_string().as_bytes()).unwrap());
            }
            let mut cut = cut.to_vec();
            let mut list = decode::statuses(&mut cut);
            while !matches!(list.next(), Ok(None)) {}
            prop_assert!(!list.is_whole());
        } else {
            prop_assert_eq!(read(kind, cut), Err(DecodeError::Truncated), "{}", String::from_utf8_lossy(cut));
        }
    }

    // Mutant: `null` taken for a value makes an element with a null amount unreadable.
    #[test]
    fn a_list_gives_all_its_whole_elements(bytes in bytes(), how in bytes(), keep in 0..5_usize) {
        let value = reply(Reply::Payments, &mut Choices::new(&bytes));
        let mut how = Choices::new(&how);
        let mut text = String::from("[");
        for element in value.as_array().unwrap().iter().take(keep) {
            text += &spell(element, &mut how);
            text.push(',');
        }
        let (elements, end) = prefix(text.as_bytes());
        prop_assert_eq!(end, Err(DecodeError::Truncated));
        prop_assert_eq!(elements.len(), keep.min(value.as_array().unwrap().len()));
    }

    // Mutant: comparing the written name instead of the plain one lets the escaped duplicate through.
    #[test]
    fn a_second_occurrence_is_refused_however_it_is_spelt(
        which in prop::sample::select(READ.to_vec()),
        how in bytes(),
        null in any::<bool>(),
    ) {
        let (kind, body, inside, name) = which;
        let value = if null { "null" } else { "\"1\"" };
        let again = format!(",{}:{value}", quoted(name, &mut Choices::new(&how)));
        let at = body.find(inside).expect("the place") + inside.len();
        let body = format!("{}{again}{}", &body[..at], &body[at..]);
        let refused = match kind {
            Reply::Payments => prefix(body.as_bytes()).1.unwrap_err(),
            kind => read(kind, body.as_bytes()).unwrap_err(),
        };
        prop_assert_eq!(refused, DecodeError::Duplicate(name), "{}", body);
    }
}

/// Members that are read: in which body, behind what to repeat them, and their name.
const READ: [(Reply, &str, &str, &str); 44] = {
    const PAY: &str = r#"{"cf_payment_id":1,"payment_amount":1,"payment_method":"upi","channel":"c","action":null,"data":{"url":"u","payload":{"bhim":"b","default":"b","gpay":"b","paytm":"b","phonepe":"b","web":"b","qrcode":"b"},"method":"post","redirect_to_bank":"b","account_number":"b","ifsc":"b","virtual_vpa":"b"}}"#;
    const OTP: &str = r#"{"cf_payment_id":1,"action":"a","authenticate_status":"SUCCESS","payment_message":"m"}"#;
    const ORDER: &str = r#"{"order_id":"abc","order_status":"PAID","order_amount":1,"order_currency":"INR","payment_session_id":"s","cf_order_id":1,"order_expiry_time":"t"}"#;
    const ONE: &str = r#"{"cf_payment_id":1,"payment_status":"SUCCESS","order_id":"abc","payment_amount":1,"is_captured":true,"payment_group":"g","bank_reference":"b","payment_message":"m","error_details":{"error_code":"c"}}"#;
    const LIST: &str =
        r#"[{"cf_payment_id":1,"payment_status":"SUCCESS"},{"cf_payment_id":1,"payment_status":"SUCCESS"}]"#;
    const REFUND: &str =
        r#"{"refund_id":"r","cf_refund_id":"c","order_id":"o","refund_amount":1,"refund_status":"SUCCESS"}"#;
    const FIRST: &str = r#""cf_payment_id":1"#;
    const DATA: &str = r#""url":"u""#;
    const LINKS: &str = r#""bhim":"b""#;
    [
        (Reply::OrderPay, PAY, FIRST, "cf_payment_id"),
        (Reply::OrderPay, PAY, FIRST, "payment_amount"),
        (Reply::OrderPay, PAY, FIRST, "payment_method"),
        (Reply::OrderPay, PAY, FIRST, "channel"),
        (Reply::OrderPay, PAY, FIRST, "action"),
        (Reply::OrderPay, PAY, FIRST, "data"),
        (Reply::OrderPay, PAY, DATA, "url"),
        (Reply::OrderPay, PAY, DATA, "payload"),
        (Reply::OrderPay, PAY, DATA, "method"),
        (Reply::OrderPay, PAY, DATA, "redirect_to_bank"),
        (Reply::OrderPay, PAY, DATA, "account_number"),
        (Reply::OrderPay, PAY, DATA, "ifsc"),
        (Reply::OrderPay, PAY, DATA, "virtual_vpa"),
        (Reply::OrderPay, PAY, LINKS, "bhim"),
        (Reply::OrderPay, PAY, LINKS, "default"),
        (Reply::OrderPay, PAY, LINKS, "gpay"),
        (Reply::OrderPay, PAY, LINKS, "paytm"),
        (Reply::OrderPay, PAY, LINKS, "phonepe"),
        (Reply::OrderPay, PAY, LINKS, "web"),
        (Reply::OrderPay, PAY, LINKS, "qrcode"),
        (Reply::Authenticate, OTP, FIRST, "cf_payment_id"),
        (Reply::Authenticate, OTP, FIRST, "action"),
        (Reply::Authenticate, OTP, FIRST, "authenticate_status"),
        (Reply::Authenticate, OTP, FIRST, "payment_message"),
        (Reply::Order, ORDER, r#""order_id":"abc""#, "order_id"),
        (Reply::Order, ORDER, r#""order_id":"abc""#, "order_status"),
        (Reply::Order, ORDER, r#""order_id":"abc""#, "order_amount"),
        (Reply::Order, ORDER, r#""order_id":"abc""#, "order_currency"),
        (Reply::Order, ORDER, r#""order_id":"abc""#, "payment_session_id"),
        (Reply::Order, ORDER, r#""order_id":"abc""#, "cf_order_id"),
        (Reply::Order, ORDER, r#""order_id":"abc""#, "order_expiry_time"),
        (Reply::Payment, ONE, FIRST, "cf_payment_id"),
        (Reply::Payment, ONE, FIRST, "payment_status"),
        (Reply::Payment, ONE, FIRST, "order_id"),
        (Reply::Payment, ONE, FIRST, "payment_amount"),
        (Reply::Payment, ONE, FIRST, "is_captured"),
        (Reply::Payment, ONE, FIRST, "payment_group"),
        (Reply::Payment, ONE, FIRST, "bank_reference"),
        (Reply::Payment, ONE, FIRST, "payment_message"),
        (Reply::Payment, ONE, FIRST, "error_details"),
        (Reply::Payment, ONE, r#""error_code":"c""#, "error_code"),
        (Reply::Payments, LIST, FIRST, "payment_status"),
        (Reply::Refund, REFUND, r#""refund_id":"r""#, "refund_amount"),
        (Reply::Refund, REFUND, r#""refund_id":"r""#, "refund_status"),
    ]
};

/// Mutant: `over` set behind an element that cannot be read.
/// After an element that cannot be read come the others, and the list is known to be incomplete.
#[test]
fn a_list_goes_on_behind_a_bad_element() {
    let one: Value = serde_json::json!({"cf_payment_id": 1, "payment_status": "SUCCESS"});
    let mut rx = format!(r#"[{one},{{"cf_payment_id":1}},{one}]"#).into_bytes();
    let mut payments = decode::payments(&mut rx);
    assert!(payments.next().unwrap().is_some());
    assert_eq!(payments.next().unwrap_err(), DecodeError::Missing("payment_status"));
    assert!(payments.next().unwrap().unwrap().is_paid());
    assert_eq!(payments.next().unwrap(), None);
    assert_eq!(payments.next().unwrap(), None);
}
