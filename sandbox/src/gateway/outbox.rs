//! Webhooks: what is to be told to the merchant, and when again.

use crate::books::ledger::Books;
use crate::books::payment::PaymentStatus;
use crate::books::refund::RefundStatus;
use crate::calls::notice;
use crate::ground::json;
use crate::ground::time::UnixMillis;
use crate::ground::version::ApiVersion;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use core::fmt;
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Minutes after which a webhook that was not answered with 200 comes again, each counted from the call before.
const AGAIN_MINUTES: [u64; 3] = [2, 10, 30];

/// How webhooks are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hook {
    /// The version of their bodies.
    pub version: ApiVersion,
    /// How their headers are called.
    pub family: HookFamily,
}

/// How the headers of webhooks are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookFamily {
    /// `x-webhook-*`, as in the documents.
    Webhook,
    /// `x-cashfree-*`, as was seen.
    Cashfree,
}

/// A call to the merchant.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The same for each attempt at it.
    pub number: u64,
    /// 1 for the first.
    pub attempt: usize,
    /// Header names and values.
    pub headers: Vec<(String, String)>,
    /// The body's bytes, the same each time.
    pub body: Vec<u8>,
}

/// What was told, and what waits to be.
#[derive(Clone, Default)]
pub(crate) struct Outbox {
    hook: Option<Hook>,
    /// What is known of each payment and refund, by its place in the books.
    payments: Vec<PaymentStatus>,
    refunds: Vec<RefundStatus>,
    waiting: BTreeMap<u64, Waiting>,
    last: u64,
}

#[derive(Clone)]
struct Waiting {
    body: Vec<u8>,
    /// When it was signed: before the first attempt. Whether the gateway signs again for a repeat is not published.
    signed: UnixMillis,
    attempts: usize,
    /// When it is to be sent.
    at: UnixMillis,
}

impl Outbox {
    /// Tells what happens from now on; `None` nothing, and forgets what waits.
    pub(crate) fn switch(&mut self, hook: Option<Hook>, books: &Books) {
        self.hook = hook;
        self.waiting.clear();
        self.payments = books.payments.iter().map(|payment| payment.status).collect();
        self.refunds = books.refunds.iter().map(|refund| refund.status).collect();
    }

    /// Finds what has changed, and gives what is due by now.
    pub(crate) fn due(&mut self, books: &Books, secret: &str, now: UnixMillis) -> Vec<Webhook> {
        let Some(hook) = self.hook else { return Vec::new() };
        self.look(books, hook.version, now);
        let mut due = Vec::new();
        for (number, waiting) in &mut self.waiting {
            if waiting.at <= now {
                waiting.attempts += 1;
                let next = AGAIN_MINUTES.get(waiting.attempts - 1);
                waiting.at = next.map_or(UnixMillis::MAX, |minutes| now + minutes * 60_000);
                due.push(webhook(*number, waiting, hook, secret));
            }
        }
        self.waiting.retain(|_, waiting| waiting.at < UnixMillis::MAX);
        due
    }

    /// It was answered with 200.
    pub(crate) fn taken(&mut self, number: u64) {
        self.waiting.remove(&number);
    }

    fn look(&mut self, books: &Books, version: ApiVersion, now: UnixMillis) {
        for (place, payment) in books.payments.iter().enumerate() {
            if changed(&mut self.payments, place, payment.status) {
                let at = payment.completed.unwrap_or(now);
                let order = books.orders.get(&payment.order_id);
                self.note(order.and_then(|order| notice::of_payment(payment, order, version, at)), now);
            }
        }
        for (place, refund) in books.refunds.iter().enumerate() {
            if changed(&mut self.refunds, place, refund.status) {
                self.note(notice::of_refund(refund, version, now), now);
            }
        }
    }

    fn note(&mut self, body: Option<Value>, now: UnixMillis) {
        let Some(body) = body else { return };
        self.last += 1;
        self.waiting.insert(self.last, Waiting { body: json::write(&body), signed: now, attempts: 0, at: now });
    }
}

/// Whether this is news of what stands at this place.
fn changed<S: Copy + PartialEq>(known: &mut Vec<S>, place: usize, status: S) -> bool {
    match known.get_mut(place) {
        Some(known) => core::mem::replace(known, status) != status,
        None => {
            known.push(status);
            true
        }
    }
}

fn webhook(number: u64, waiting: &Waiting, hook: Hook, secret: &str) -> Webhook {
    let family = match hook.family {
        HookFamily::Webhook => "x-webhook",
        HookFamily::Cashfree => "x-cashfree",
    };
    let timestamp = waiting.signed.to_string();
    let mut headers = vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        (format!("{family}-signature"), sign(secret, &timestamp, &waiting.body)),
        (format!("{family}-timestamp"), timestamp),
        (format!("{family}-version"), hook.version.as_str().to_owned()),
        (format!("{family}-attempt"), waiting.attempts.to_string()),
    ];
    if hook.version >= ApiVersion::V2025_01_01 {
        let key = BASE64_STANDARD.encode(Sha256::digest(&waiting.body));
        headers.push(("x-idempotency-key".to_owned(), key));
    }
    Webhook { number, attempt: waiting.attempts, headers, body: waiting.body.clone() }
}

/// In base64, over the timestamp and the body, with nothing between them.
fn sign(secret: &str, timestamp: &str, body: &[u8]) -> String {
    // A key may have any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(timestamp.as_bytes());
    mac.update(body);
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}

/// Without the body, which has a customer's phone number.
impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Webhook({}, attempt {}, {} bytes)", self.number, self.attempt, self.body.len())
    }
}
