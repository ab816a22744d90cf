//! The gateway's webhooks, for a backend: checks the signature, then parses the event.
//!
//! A webhook is a hint. Ask the gateway how the order stands, and use that answer. Then a webhook that comes late,
//! twice or not at all costs no money.
//!
//! The gateway signs with HMAC-SHA256 under the merchant's client secret, over the timestamp as it stands in its
//! header, followed by the body byte for byte, and sends the signature in base64 ([payment webhooks][page]). There is
//! no separator between the two, and the body must not be parsed and written again before it is checked: `170.00` would
//! become `170`. The headers are called `x-webhook-*` in the documents, and were seen as `x-cashfree-*`: both are
//! accepted. The gateway repeats a webhook that is not answered with 200 after 2, 10 and 30 minutes.
//!
//! No heap, no panic: the body is read where it lies.
//!
//! ```
//! use pay_core::model::{PaymentStatus, UnixSeconds};
//! use pay_core::wire::webhook::{About, Key, Keys};
//!
//! // While the merchant's secret is changed, both are good.
//! let keys = Keys::new(Key::parse("a secret of the merchant")?).with_previous(Key::parse("the one before")?);
//!
//! // What an HTTP server hands over: header fields, and the body as it came.
//! let headers: [(&str, &[u8]); 3] = [
//!     ("X-Webhook-Timestamp", b"1795364413250"),
//!     ("X-Webhook-Signature", b"adQX6DdxX5Y/qmF0GjAfzLn64fFqvRnx6u+NZMFshXk="),
//!     ("X-Webhook-Version", b"2025-01-01"),
//! ];
//! let mut body = *br#"{"type":"PAYMENT_SUCCESS_WEBHOOK","event_time":"2026-11-22T21:50:12+05:30","data":{"order":{"order_id":"kiosk-7-00000000000000a1","order_amount":10.15},"payment":{"cf_payment_id":"1457655315005187584","payment_status":"SUCCESS","payment_amount":10.15}}}"#;
//!
//! // An error is answered with 401, and nothing is kept.
//! let signed = keys.verify(headers, &mut body, UnixSeconds(1_795_364_420))?;
//! // Keep `signed.body()`, answer 200, then look at it. An old one is a hint as well; `signed.fresh()?` would refuse it.
//! let event = signed.event()?;
//! let About::Payment(payment) = event.about else { panic!("no payment") };
//! assert_eq!((payment.order_id, payment.status), ("kiosk-7-00000000000000a1", PaymentStatus::Success));
//! assert_eq!(payment.amount.map(|amount| amount.minor()), Some(1015));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [page]: https://www.cashfree.com/docs/api-reference/payments/latest/payments/webhooks

mod error;
mod event;
mod headers;
mod keys;
mod read;
mod signature;
mod signed;

pub use error::WebhookError;
pub use event::{About, Event, EventKind, PaymentEvent, RefundEvent};
pub use keys::{Key, Keys, Window};
pub use read::read;
pub use signed::{Age, Signed, SignedWith};
