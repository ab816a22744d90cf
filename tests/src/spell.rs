//! One JSON value, many texts: order of members, white space and escapes as somebody else might write them.

use serde_json::{Map, Value};

use crate::choices::Choices;

/// A text of `value`. With no choices left it is the plain one.
pub fn spell(value: &Value, choices: &mut Choices<'_>) -> String {
    let mut out = String::new();
    write(value, choices, &mut out);
    out
}

/// A string in quotes, with some of its characters escaped.
pub fn quoted(text: &str, choices: &mut Choices<'_>) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        let short = match c {
            '"' => Some("\\\""),
            '\\' => Some("\\\\"),
            '/' => Some("\\/"),
            '\n' => Some("\\n"),
            '\r' => Some("\\r"),
            '\t' => Some("\\t"),
            '\u{8}' => Some("\\b"),
            '\u{c}' => Some("\\f"),
            _ => None,
        };
        let must = matches!(c, '"' | '\\') || c < ' ';
        match (choices.below(8), short) {
            (6, _) => units(c, false, &mut out),
            (7, _) => units(c, true, &mut out),
            (5, Some(short)) => out.push_str(short),
            (_, Some(short)) if must => out.push_str(short),
            _ if must => units(c, false, &mut out),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

/// `value` with members that nobody knows added to its objects, except in a form's fields, where every member counts.
pub fn with_strangers(value: &Value, choices: &mut Choices<'_>) -> Value {
    match value {
        Value::Object(members) => {
            let is_form = members.get("action").and_then(Value::as_str) == Some("form");
            let mut all: Map<String, Value> = members
                .iter()
                .map(|(name, value)| {
                    let value = if is_form && name == "data" { value.clone() } else { with_strangers(value, choices) };
                    (name.clone(), value)
                })
                .collect();
            for _ in 0..choices.below(3) {
                let name = format!("x_{}", choices.text("abc\"\\/é😀 \n", 0, 6));
                all.insert(name, anything(choices, 3));
            }
            all.into()
        }
        Value::Array(elements) => elements.iter().map(|element| with_strangers(element, choices)).collect(),
        other => other.clone(),
    }
}

/// Any JSON value, at most `depth` levels deep.
pub fn anything(choices: &mut Choices<'_>, depth: usize) -> Value {
    match choices.below(if depth == 0 { 5 } else { 7 }) {
        0 => Value::Null,
        1 => Value::Bool(choices.rarely(2)),
        2 => number(choices),
        3 => choices.text("a&\"\\/\u{1}\u{7f}é₹😀{}[],:", 0, 12).into(),
        4 => choices.text("cf_payment_id\"url:", 0, 20).into(),
        5 => (0..choices.below(4)).map(|_| anything(choices, depth - 1)).collect(),
        _ => {
            let names = ["cf_payment_id", "a", "", "url", "\u{1f600}", "action"];
            let member = |choices: &mut Choices<'_>| (choices.pick(&names).to_owned(), anything(choices, depth - 1));
            let members: Map<_, _> = (0..choices.below(4)).map(|_| member(choices)).collect();
            members.into()
        }
    }
}

fn number(choices: &mut Choices<'_>) -> Value {
    let mut text = if choices.rarely(4) { "-".to_owned() } else { String::new() };
    text += &choices.below(60_000).to_string();
    if choices.rarely(3) {
        text.push('.');
        text += &choices.text("0123456789", 1, 20);
    }
    if choices.rarely(4) {
        text += choices.pick(&["e", "E", "e+", "E-"]);
        text += &choices.text("0123456789", 1, 3);
    }
    serde_json::from_str(&text).expect("a JSON number")
}

fn write(value: &Value, choices: &mut Choices<'_>, out: &mut String) {
    space(choices, out);
    match value {
        Value::String(text) => out.push_str(&quoted(text, choices)),
        Value::Array(elements) => {
            out.push('[');
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(element, choices, out);
            }
            space(choices, out);
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            let mut left: Vec<_> = members.iter().collect();
            while !left.is_empty() {
                let (name, value) = left.remove(choices.below(left.len()));
                space(choices, out);
                out.push_str(&quoted(name, choices));
                space(choices, out);
                out.push(':');
                write(value, choices, out);
                if !left.is_empty() {
                    out.push(',');
                }
            }
            space(choices, out);
            out.push('}');
        }
        plain => out.push_str(&plain.to_string()),
    }
    space(choices, out);
}

fn space(choices: &mut Choices<'_>, out: &mut String) {
    out.push_str(choices.pick(&["", "", "", "", "", " ", "\n\t", "\r\n  "]));
}

fn units(c: char, upper: bool, out: &mut String) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        out.push_str(&if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") });
    }
}
