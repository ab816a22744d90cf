//! Finds the gateway's session in an answer and replaces it: a relayed device never gets it.

use pay_core::model::{OrderId, PaymentSessionId};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The members of an order that are needed here.
#[derive(Deserialize)]
struct Shown {
    order_id: Option<String>,
    payment_session_id: Option<String>,
}

/// The order and its session, if the answer has both.
pub(super) fn shown(body: &[u8]) -> Option<(OrderId, PaymentSessionId)> {
    let Shown { order_id, payment_session_id } = serde_json::from_slice(body).ok()?;
    Some((OrderId::parse(&order_id?).ok()?, PaymentSessionId::parse(&payment_session_id?).ok()?))
}

/// The prefix of every documented session, and the least length of a word that counts as one. The gateway's have 116 characters.
const BEGINNING: &[u8] = b"session_";
const SHORTEST: usize = 24;

/// The body with `alias` in place of every session, except in `data.url`: the shopper opens that page, and it needs the session. A replayed
/// answer may have the session of another reading in it than the one that was sent.
pub(super) fn hidden(body: &[u8], session: &PaymentSessionId, alias: &str) -> Vec<u8> {
    let replaced =
        |part: &[u8]| without_sessions(&replaced(part, session.expose().as_bytes(), alias.as_bytes()), alias);
    match page(body) {
        Some((before, url, after)) => [replaced(before), url.to_vec(), replaced(after)].concat(),
        None => replaced(body),
    }
}

/// The parts of the body before, in and behind `data.url`.
fn page(body: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    #[derive(Deserialize)]
    struct Reply<'a> {
        #[serde(borrow)]
        data: Option<Data<'a>>,
    }
    #[derive(Deserialize)]
    struct Data<'a> {
        #[serde(borrow)]
        url: Option<&'a RawValue>,
    }
    let reply: Reply<'_> = serde_json::from_slice(body).ok()?;
    let url = reply.data?.url?.get().as_bytes();
    // Its position in `body`.
    let at = (url.as_ptr() as usize).checked_sub(body.as_ptr() as usize)?;
    let (before, rest) = body.split_at_checked(at)?;
    let (url, after) = rest.split_at_checked(url.len())?;
    Some((before, url, after))
}

fn replaced(text: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.windows(old.len().max(1)).position(|window| window == old) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(new);
        rest = &rest[at + old.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// The text with `alias` in place of each word that looks like a session.
fn without_sessions(text: &[u8], alias: &str) -> Vec<u8> {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
    let words = text.chunk_by(|one, two| is_word(one) == is_word(two));
    let shown = |word| if is_session(word) { alias.as_bytes() } else { word };
    words.flat_map(shown).copied().collect()
}

fn is_session(word: &[u8]) -> bool {
    word.len() >= SHORTEST && word.starts_with(BEGINNING)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Meant to notice: `data.url` changed (the bank's page does not open); the links not searched.
    #[test]
    fn a_session_is_replaced_but_in_the_page() {
        let session = PaymentSessionId::parse("session_x").unwrap();
        let hide = |body: &str| String::from_utf8(hidden(body.as_bytes(), &session, "alias_y")).unwrap();
        for (body, want) in [
            ("", ""),
            ("no JSON session_x", "no JSON alias_y"),
            (r#"{"payment_session_id": "session_x" }"#, r#"{"payment_session_id": "alias_y" }"#),
            (
                r#"{"data":{"payload":{"web":"https://g/a.session_x.b"},"url":null},"x":"session_xsession_x"}"#,
                r#"{"data":{"payload":{"web":"https://g/a.alias_y.b"},"url":null},"x":"alias_yalias_y"}"#,
            ),
            (
                r#"{"data":{"url":"https://g/session_x"},"x":"session_x"}"#,
                r#"{"data":{"url":"https://g/session_x"},"x":"alias_y"}"#,
            ),
            // The session of an earlier reading in a replayed answer; the other words are too short for a session.
            (
                r#"{"payment_session_id":"session_x","web":"https://g/a.session_0123456789abcdef.b","code":"session_invalid"}"#,
                r#"{"payment_session_id":"alias_y","web":"https://g/a.alias_y.b","code":"session_invalid"}"#,
            ),
            (r#"{"my_session_0123456789abcdef":"x"}"#, r#"{"my_session_0123456789abcdef":"x"}"#),
        ] {
            assert_eq!(hide(body), want);
        }
    }
}
