//! The gateway's sessions: never in what a relayed device gets.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pay_core::model::{OrderId, PaymentSessionId};
use serde::Deserialize;
use serde_json::value::RawValue;

/// So many are kept; then all are let go, and read again where they are needed.
const KEEP: usize = 8_192;

/// By order.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<OrderId, PaymentSessionId>>);

/// An order as the gateway shows it.
#[derive(Deserialize)]
struct Shown {
    order_id: Option<String>,
    payment_session_id: Option<String>,
}

impl Sessions {
    /// The last that was seen of this order.
    pub(super) fn of(&self, order: &OrderId) -> Option<PaymentSessionId> {
        self.lock().get(order).cloned()
    }

    pub(super) fn keep(&self, order: OrderId, session: PaymentSessionId) {
        let mut sessions = self.lock();
        if sessions.len() >= KEEP {
            sessions.clear();
        }
        sessions.insert(order, session);
    }

    /// The gateway does not know it any more.
    pub(super) fn forget(&self, order: &OrderId) {
        self.lock().remove(order);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OrderId, PaymentSessionId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The order and its session in an answer of the gateway, if it shows both.
pub(super) fn shown(body: &[u8]) -> Option<(OrderId, PaymentSessionId)> {
    let Shown { order_id, payment_session_id } = serde_json::from_slice(body).ok()?;
    Some((OrderId::parse(&order_id?).ok()?, PaymentSessionId::parse(&payment_session_id?).ok()?))
}

/// The body with `alias` wherever the session stood, but for the page in `data.url`: the shopper opens it, and it does not work without.
pub(super) fn hidden(body: &[u8], session: &PaymentSessionId, alias: &str) -> Vec<u8> {
    let replaced = |part: &[u8]| replaced(part, session.expose().as_bytes(), alias.as_bytes());
    match page(body) {
        Some((before, url, after)) => [replaced(before), url.to_vec(), replaced(after)].concat(),
        None => replaced(body),
    }
}

/// What stands before, in and behind `data.url`.
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
    // It is a part of `body`: this is where.
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

#[cfg(test)]
mod tests {
    use super::*;

    // Meant to notice: `data.url` not left alone (a bank's page that does not open); the links not looked at.
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
        ] {
            assert_eq!(hide(body), want);
        }
    }
}
