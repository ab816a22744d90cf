//! Bodies as production writes them.

use serde_json::{Map, Value};

/// Members of an object, by name.
pub(crate) type Object = Map<String, Value>;

/// Writes compact JSON in which `&`, `<` and `>` are `\u0026`, `\u003c` and `\u003e`, as in the gateway's production answers.
pub(crate) fn write(value: &Value) -> Vec<u8> {
    // Outside strings none of the three occurs in JSON, and inside a string none of them follows a backslash.
    value.to_string().replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e").into_bytes()
}

/// Reads a body that must be a JSON object.
pub(crate) fn read_object(body: &[u8]) -> Option<Object> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}

/// The text member `name`, if it is a string.
pub(crate) fn text<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::write;
    use serde_json::{Value, json};

    // Mutant: without the first `replace` the ampersand stays.
    #[test]
    fn ampersands_are_escaped_and_come_back() {
        let value = json!({"url": "upi://pay?pa=a@b&am=1.00", "t": "\\& <b>\"&\u{1F600}"});
        let written = write(&value);
        let text = String::from_utf8(written.clone()).expect("UTF-8");
        assert!(text.contains(r"a@b\u0026am=1.00"), "{text}");
        assert!(!text.contains(['&', '<', '>']), "{text}");
        assert_eq!(serde_json::from_slice::<Value>(&written).expect("JSON"), value);
    }
}
