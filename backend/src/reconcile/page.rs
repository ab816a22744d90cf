//! One page of the gateway's reconciliation, as version 2025-01-01 writes it.
//!
//! The documents leave these open, and this code assumes: the last page has no cursor, an empty one, or the one of its request; a page may
//! repeat an event; an event of an unknown type or status says nothing about money; a refund that the gateway made by itself has its
//! `event_id` as its number.

use pay_core::model::{Amount, OrderId, PaymentStatus};
use pay_core::sale::Standing;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Number, json};

use crate::book::SeenRefund;

/// Events per page: the gateway's maximum.
pub(crate) const EVENTS: u32 = 1000;

/// A page.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// The cursor of the next page, if there is one.
    pub(crate) cursor: Option<String>,
    pub(crate) events: Vec<Booked>,
    /// How many events about possible orders of ours cannot be read.
    pub(crate) unreadable: usize,
}

/// One booking of the gateway about an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Booked {
    pub(crate) order: OrderId,
    /// In minor units; `None` if it is absent, or finer than minor units.
    pub(crate) order_amount: Option<u64>,
    pub(crate) what: What,
}

/// What the booking is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Payment {
        id: u64,
        standing: Standing,
        amount: Option<u64>,
    },
    /// By the refund id that the book uses.
    Refund {
        id: String,
        status: String,
        amount: Option<u64>,
    },
    /// A refund did not reach the shopper: the merchant has the money again.
    Reversal {
        id: String,
    },
    /// A dispute: a shopper or a bank wants money back, or no longer does.
    Dispute {
        id: String,
        is_over: bool,
    },
}

#[derive(Deserialize)]
struct Written<'a> {
    cursor: Option<String>,
    /// Each event is parsed alone: one that cannot be read does not lose the others.
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Event {
    event_type: Option<String>,
    event_id: Option<Id>,
    event_status: Option<String>,
    event_amount: Option<Number>,
    order_id: Option<String>,
    order_amount: Option<Number>,
    cf_payment_id: Option<Id>,
    refund_id: Option<String>,
}

/// Numbers in version 2022-09-01, strings since then.
#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Number(Number),
    Text(String),
}

impl Page {
    /// Parses an answer. `None`: it is not a page.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let written: Written = serde_json::from_slice(body).ok()?;
        let mut page = Self { cursor: written.cursor.filter(|cursor| !cursor.is_empty()), ..Self::default() };
        for event in written.data {
            let Ok(event) = serde_json::from_str::<Event>(event.get()) else {
                page.unreadable += 1;
                continue;
            };
            // Settlements have no order, and an id of another form is not one of our orders.
            let Some(order) = event.order_id.as_deref().and_then(|id| OrderId::parse(id).ok()) else { continue };
            match event.what() {
                Ok(Some(what)) => {
                    let order_amount = event.order_amount.as_ref().and_then(minor);
                    page.events.push(Booked { order, order_amount, what });
                }
                Ok(None) => {}
                Err(()) => page.unreadable += 1,
            }
        }
        Some(page)
    }
}

impl Event {
    /// What the event is about. `None`: nothing that a book holds. An error: something that it holds, but unreadable.
    fn what(&self) -> Result<Option<What>, ()> {
        let amount = self.event_amount.as_ref().and_then(minor);
        let status = self.event_status.as_deref().unwrap_or_default();
        let event_id = self.event_id.as_ref().map(Id::text);
        Ok(Some(match self.event_type.as_deref().unwrap_or_default() {
            "PAYMENT" => {
                let id = self.cf_payment_id.as_ref().or(self.event_id.as_ref()).map(Id::text);
                let id = id.and_then(|id| id.parse().ok()).ok_or(())?;
                What::Payment { id, standing: Standing::of(PaymentStatus::parse(status), None), amount }
            }
            "REFUND" => What::Refund { id: self.refund().ok_or(())?, status: status.to_owned(), amount },
            "REFUND_REVERSAL" => What::Reversal { id: self.refund().ok_or(())? },
            "DISPUTE" | "CHARGEBACK" => What::Dispute { id: event_id.ok_or(())?, is_over: false },
            "DISPUTE_REVERSAL" | "CHARGEBACK_REVERSAL" => What::Dispute { id: event_id.ok_or(())?, is_over: true },
            _ => return Ok(None),
        }))
    }

    fn refund(&self) -> Option<String> {
        match self.refund_id.as_deref().filter(|id| !id.is_empty()) {
            Some(id) => Some(id.to_owned()),
            None => Some(format!("{}{}", SeenRefund::BY_GATEWAY, self.event_id.as_ref()?.text())),
        }
    }
}

impl Id {
    fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

fn minor(number: &Number) -> Option<u64> {
    Amount::parse(&number.to_string()).ok().map(Amount::minor)
}

/// The request for a page of the events between these times (ISO 8601).
pub(crate) fn request(from: &str, to: &str, cursor: Option<&str>) -> Vec<u8> {
    let filters = json!({"start_date": from, "end_date": to});
    json!({"pagination": {"limit": EVENTS, "cursor": cursor}, "filters": filters}).to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(cursor: &str, data: &str) -> Page {
        Page::read(format!(r#"{{"cursor":{cursor},"limit":1000,"data":[{data}]}}"#).as_bytes()).expect("a page")
    }

    fn one(event: &str) -> Option<What> {
        let mut page = page("null", event);
        assert_eq!(page.unreadable, 0, "{event}");
        page.events.pop().map(|event| event.what)
    }

    // Meant to notice: ids read in one form only; an unknown word taken for a success.
    #[test]
    fn each_event_is_read_in_every_form_that_the_specifications_have() {
        for id in ["7", r#""7""#] {
            for (word, standing) in
                [("SUCCESS", Standing::Succeeded), ("FAILED", Standing::Over), ("SETTLED_SOMEHOW", Standing::Moving)]
            {
                let event = format!(
                    r#"{{"event_type":"PAYMENT","event_status":"{word}","event_amount":10.15,"order_id":"till-1",
                    "order_amount":10.15,"cf_payment_id":{id},"refund_id":null}}"#
                );
                assert_eq!(one(&event), Some(What::Payment { id: 7, standing, amount: Some(1015) }), "{event}");
            }
        }
        let refund = |more: &str| {
            one(&format!(
                r#"{{"event_type":"REFUND","event_status":"SUCCESS","event_amount":1,"order_id":"till-1","event_id":"9"{more}}}"#
            ))
        };
        let back = |id: &str| Some(What::Refund { id: id.into(), status: "SUCCESS".into(), amount: Some(100) });
        assert_eq!(refund(r#","refund_id":"r_1""#), back("r_1"));
        assert_eq!((refund(r#","refund_id":null"#), refund("")), (back("gateway:9"), back("gateway:9")));
        for (word, is_over) in
            [("DISPUTE", false), ("CHARGEBACK", false), ("DISPUTE_REVERSAL", true), ("CHARGEBACK_REVERSAL", true)]
        {
            let event = format!(r#"{{"event_type":"{word}","event_id":"272","order_id":"till-1"}}"#);
            assert_eq!(one(&event), Some(What::Dispute { id: "272".into(), is_over }));
        }
    }

    // Meant to notice: one bad event that ends the page; a settlement counted as unreadable; a payment without a number skipped.
    #[test]
    fn what_is_not_about_an_order_is_passed_over_and_what_cannot_be_read_is_counted() {
        let page = page(
            r#""next""#,
            r#"{"event_type":"SETTLEMENT","event_id":"4","event_amount":1},{"event_type":"OTHER_ADJUSTMENT"},
            {"event_type":"PAYMENT","order_id":"no order of ours!","cf_payment_id":"1"},
            {"event_type":"NEW_THING","order_id":"till-1"},
            {"event_type":"PAYMENT","order_id":"till-1"},{"event_type":7},
            {"event_type":"PAYMENT","order_id":"till-1","cf_payment_id":"5","event_status":"SUCCESS","event_amount":10.353}"#,
        );
        assert_eq!((page.cursor.as_deref(), page.events.len(), page.unreadable), (Some("next"), 1, 2));
        assert!(matches!(page.events[0].what, What::Payment { id: 5, amount: None, .. }));
        assert!(Page::read(b"[]").is_none() && Page::read(b"{}").is_none());
        assert_eq!(Page::read(br#"{"cursor":"","data":[]}"#).expect("a page").cursor, None);
        assert_eq!(Page::read(br#"{"data":[]}"#).expect("a page").cursor, None);
    }
}
