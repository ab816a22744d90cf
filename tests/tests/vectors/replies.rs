//! Replies: each body of `replies.json` and `errors.json`, to the letter, and what it means.

use pay_core::model::CallKind;
use pay_core::wire::decode;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tests::describe::{Reply, read, refused};

#[derive(Deserialize)]
struct Vector<'a> {
    name: String,
    /// The body as it stands in the file, with its escapes and spaces.
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    /// The same for what is not JSON.
    text: Option<String>,
    reads: Option<String>,
    means: Option<Value>,
    error: Option<String>,
    status: Option<u16>,
    class: Option<String>,
}

impl Vector<'_> {
    fn bytes(&self) -> Vec<u8> {
        match (self.body, &self.text) {
            (Some(body), None) => body.get().as_bytes().to_vec(),
            (None, Some(text)) => text.as_bytes().to_vec(),
            _ => panic!("{}: either body or text", self.name),
        }
    }
}

// Mutants seen to fail here: strings not unescaped; `null` not taken for absent; FLAGGED final; no `url` under `custom`; the end of
// the text not checked; amounts of 16 digits.
#[test]
fn every_reply_means_what_it_should() {
    let vectors: Vec<Vector<'_>> = serde_json::from_str(include_str!("../../vectors/replies.json")).unwrap();
    assert!(vectors.len() > 100);
    for vector in vectors {
        let result = read(Reply::named(vector.reads.as_deref().unwrap()), &vector.bytes());
        match (&vector.means, &vector.error) {
            (Some(means), None) => assert_eq!(result.as_ref(), Ok(means), "{}", vector.name),
            (None, Some(error)) => {
                assert_eq!(format!("{:?}", result.unwrap_err()), *error, "{}", vector.name);
            }
            _ => panic!("{}: either means or error", vector.name),
        }
    }
}

#[test]
fn every_error_body_is_read_and_classed() {
    let vectors: Vec<Vector<'_>> = serde_json::from_str(include_str!("../../vectors/errors.json")).unwrap();
    for vector in vectors {
        let (status, mut body) = (vector.status.unwrap(), vector.bytes());
        assert_eq!(refused(status, &body), vector.means.clone().unwrap(), "{}", vector.name);
        let refusal = decode::refusal(status, &mut body);
        let class = format!("{:?}", refusal.class(CallKind::OrderPay, false));
        assert_eq!(Some(class), vector.class, "{}", vector.name);
        // The message may echo what was sent.
        assert!(refusal.message.is_empty() || !format!("{refusal:?}").contains(refusal.message), "{}", vector.name);
    }
}
