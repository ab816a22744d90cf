//! Changes to the gateway's answers.

use serde_json::{Value, json};

/// `cf_payment_id` as a number, as in `2022-09-01`.
pub(crate) fn number_ids(answer: &mut Value) {
    each_object(answer, |object| {
        if let Some(number) = object["cf_payment_id"].as_str().and_then(|id| id.parse::<u64>().ok()) {
            object["cf_payment_id"] = number.into();
        }
    });
}

/// Members that no version has, deep ones among them.
pub(crate) fn unknown_members(answer: &mut Value) {
    each_object(answer, |object| {
        object["aa_new"] = json!({"deep": [[[{"cf_payment_id": "1", "order_status": "PAID"}]], 1.5e3, null]});
        object["zz_new"] = json!("\u{1F600} \\\" } ]");
        if object["data"].is_object() {
            object["data"]["qr_v2"] = json!([true, {"url": "https://elsewhere.example/"}]);
        }
    });
}

/// Everything that a client can do without is null.
pub(crate) fn nulls(answer: &mut Value) {
    const DISPENSABLE: [&str; 12] = [
        "payment_amount",
        "payment_method",
        "cf_order_id",
        "order_expiry_time",
        "order_note",
        "order_meta",
        "customer_details",
        "payment_group",
        "payment_time",
        "payment_message",
        "bank_reference",
        "payment_gateway_details",
    ];
    each_object(answer, |object| {
        if let Value::Object(members) = object {
            for (_, value) in members.iter_mut().filter(|(name, _)| DISPENSABLE.contains(&name.as_str())) {
                *value = Value::Null;
            }
        }
        if object["data"].is_object() {
            object["data"]["content_type"] = Value::Null;
            object["data"]["method"] = Value::Null;
        }
    });
}

/// More is paid than the order costs.
pub(crate) fn surcharge(answer: &mut Value) {
    each_object(answer, |object| {
        if !object["payment_amount"].is_null() {
            object["payment_amount"] = json!(10.353);
        }
    });
}

/// Everything is said to have happened in 1971.
pub(crate) fn old_times(answer: &mut Value) {
    each_object(answer, |object| {
        for name in ["payment_time", "payment_completion_time", "created_at", "order_expiry_time"] {
            if object[name].is_string() {
                object[name] = "1971-01-01T05:30:00+05:30".into();
            }
        }
    });
}

/// The answer is about somebody else's order, which is paid.
pub(crate) fn other_order(answer: &mut Value) {
    each_object(answer, |object| {
        object["order_id"] = "somebody_elses_order".into();
        object["order_status"] = "PAID".into();
        object["payment_status"] = "SUCCESS".into();
        object["is_captured"] = true.into();
    });
}

/// A refund of another amount.
pub(crate) fn other_refund_amount(refund: &mut Value) {
    refund["refund_amount"] = json!(1.00);
}

/// A refund of another order.
pub(crate) fn other_refund_order(refund: &mut Value) {
    refund["order_id"] = "somebody_elses_order".into();
}

/// Every payment in the list is without its number.
pub(crate) fn unnumbered(list: &mut Value) {
    each_object(list, |payment| payment["cf_payment_id"] = Value::Null);
}

/// An order of another amount, which is paid.
pub(crate) fn other_amount(order: &mut Value) {
    order["order_amount"] = json!(1.00);
    order["order_status"] = "PAID".into();
}

/// Another payment, which succeeded.
pub(crate) fn other_payment(answer: &mut Value) {
    answer["cf_payment_id"] = "1457655315005187000".into();
    answer["payment_status"] = "SUCCESS".into();
    answer["is_captured"] = true.into();
}

/// A card's answer that is about net banking.
pub(crate) fn other_method(text: &str) -> String {
    text.replace(r#""payment_method":"card""#, r#""payment_method":"netbanking""#)
}

/// The payment has no number.
pub(crate) fn no_id(text: &str) -> String {
    edited(text, |answer| answer["cf_payment_id"] = Value::Null)
}

/// Something that no terminal can do.
pub(crate) fn unknown_action(answer: &mut Value) {
    answer["action"] = "biometric".into();
}

/// The UPI links ask for another amount.
pub(crate) fn link_over_more(answer: &mut Value) {
    each_link(answer, |name, value| Some((name, if name == "am" { "99.00" } else { value })));
}

/// The UPI links ask for another currency.
pub(crate) fn link_in_dollars(answer: &mut Value) {
    each_link(answer, |name, value| Some((name, if name == "cu" { "USD" } else { value })));
}

/// The UPI links have no amount.
pub(crate) fn link_without_amount(answer: &mut Value) {
    each_link(answer, |name, value| (name != "am").then_some((name, value)));
}

/// Another payment, whose OTP was wrong.
pub(crate) fn other_otp(answer: &mut Value) {
    answer["cf_payment_id"] = "1457655315005187000".into();
    answer["authenticate_status"] = "FAILED".into();
}

/// A word for a payment's status that no document has.
pub(crate) fn unknown_payment(answer: &mut Value) {
    each_object(answer, |object| object["payment_status"] = "SETTLED_PROVISIONALLY".into());
}

/// A word for an order's status that no document has.
pub(crate) fn unknown_order(order: &mut Value) {
    order["order_status"] = "PAID_PROVISIONALLY".into();
}

pub(crate) fn unknown_otp(answer: &mut Value) {
    answer["authenticate_status"] = "SUCCESSFUL".into();
}

pub(crate) fn unknown_refund(refund: &mut Value) {
    refund["refund_status"] = "PENDING_APPROVAL".into();
}

pub(crate) fn flagged(answer: &mut Value) {
    each_object(answer, |object| object["payment_status"] = "FLAGGED".into());
}

/// A success that the books do not have.
pub(crate) fn early_success(answer: &mut Value) {
    each_object(answer, |object| {
        object["payment_status"] = "SUCCESS".into();
        object["is_captured"] = true.into();
    });
}

/// A failure that the books do not have.
pub(crate) fn early_failure(answer: &mut Value) {
    each_object(answer, |object| object["payment_status"] = "FAILED".into());
}

/// The money is held, and not taken.
pub(crate) fn held(answer: &mut Value) {
    each_object(answer, |object| {
        object["payment_status"] = "SUCCESS".into();
        object["is_captured"] = false.into();
    });
}

/// What was held is let go.
pub(crate) fn void(answer: &mut Value) {
    each_object(answer, |object| object["payment_status"] = "VOID".into());
}

/// Each element of a list stands in it twice.
pub(crate) fn twice(list: &mut Value) {
    if let Value::Array(list) = list {
        let doubled = list.iter().flat_map(|entry| [entry.clone(), entry.clone()]).collect();
        *list = doubled;
    }
}

/// `cf_payment_id` and its like with one character as `\u0063`.
pub(crate) fn escaped_names(text: &str) -> String {
    text.replace("\"cf_payment_id\"", r#""\u0063f_payment_id""#)
        .replace("\"order_status\"", r#""order\u005fstatus""#)
        .replace("\"payment_status\"", r#""payment_statu\u0073""#)
        .replace("\"order_amount\"", r#""\u006frder_amount""#)
        .replace("\"data\"", r#""d\u0061ta""#)
}

/// 64 KiB more, before everything else.
pub(crate) fn oversized(text: &str) -> String {
    let padding = format!(r#"{{"aa_padding":"{}","#, "x".repeat(64 * 1024));
    text.replacen('{', &padding, 1)
}

/// 64 KiB of white space, before everything else.
pub(crate) fn far_away(text: &str) -> String {
    format!("{}{text}", " ".repeat(64 * 1024))
}

/// Cut in a member's name.
pub(crate) fn in_name(text: &str) -> String {
    up_to(text, "\"cf_pay")
}

/// Cut in the text of a member.
pub(crate) fn in_string(text: &str) -> String {
    up_to(text, "\"cf_payment_id\":\"1457")
}

/// Cut in the middle of `\u0026`.
pub(crate) fn in_escape(text: &str) -> String {
    up_to(text, "\\u00")
}

/// Cut in an amount, after everything that a client needs.
pub(crate) fn in_number(text: &str) -> String {
    up_to(text, "\"payment_amount\":10")
}

/// Without its last byte.
pub(crate) fn last_byte(text: &str) -> String {
    text[..text.len() - 1].to_owned()
}

/// Nothing is left.
pub(crate) fn empty(_: &str) -> String {
    String::new()
}

/// The member that matters stands in it twice, with different values.
pub(crate) fn two_ids(text: &str) -> String {
    text.replacen('{', r#"{"cf_payment_id":"1","#, 1)
}

fn edited(text: &str, edit: impl FnOnce(&mut Value)) -> String {
    let mut value = serde_json::from_str(text).unwrap_or_default();
    edit(&mut value);
    value.to_string()
}

fn up_to(text: &str, what: &str) -> String {
    let at = text.find(what).map_or(text.len() / 2, |at| at + what.len());
    text[..at].to_owned()
}

/// The object, or each object of the list.
/// `edit` says what becomes of each parameter of a payment link; `None`: it goes.
fn each_link(answer: &mut Value, edit: for<'t> fn(&'t str, &'t str) -> Option<(&'t str, &'t str)>) {
    let Some(links) = answer["data"]["payload"].as_object_mut() else { return };
    for link in links.values_mut() {
        let Some((start, query)) = link.as_str().and_then(|link| link.split_once('?')) else { continue };
        let kept =
            query.split('&').filter_map(|pair| pair.split_once('=')).filter_map(|(name, value)| edit(name, value));
        let query: Vec<String> = kept.map(|(name, value)| format!("{name}={value}")).collect();
        *link = format!("{start}?{}", query.join("&")).into();
    }
}

fn each_object(answer: &mut Value, edit: impl Fn(&mut Value)) {
    match answer {
        Value::Array(list) => list.iter_mut().for_each(edit),
        object => edit(object),
    }
}
