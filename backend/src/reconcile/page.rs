//! One page of the gateway's reconciliation, as version 2025-01-01 writes it.
//!
//! The documents leave open, and this assumes: the last page has no cursor, an empty one, or the one it was asked with; a page
//! may repeat an event; an event of a type or a status that is unknown here says nothing of money; the number of a refund that
//! the gateway made by itself is its `event_id`.

use pay_core::model::{Amount, OrderId, PaymentStatus};
use pay_core::sale::Standing;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Number, json};

use crate::book::SeenRefund;

/// So many events are asked for at once: the most that the gateway gives.
pub(crate) const EVENTS: u32 = 1000;

/// A page.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// Where the next one begins, if there is one.
    pub(crate) cursor: Option<String>,
    pub(crate) events: Vec<Booked>,
    /// Events about an order that could be ours, and whose numbers cannot be read.
    pub(crate) unreadable: usize,
}

/// What the gateway has booked about an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Booked {
    pub(crate) order: OrderId,
    /// In minor units; none where it is absent, or finer than those.
    pub(crate) order_amount: Option<u64>,
    pub(crate) what: What,
}

/// What it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Payment {
        id: u64,
        standing: Standing,
        amount: Option<u64>,
    },
    /// By the id that the book has it under.
    Refund {
        id: String,
        status: String,
        amount: Option<u64>,
    },
    /// A refund did not arrive: the merchant has the money again.
    Reversal {
        id: String,
    },
    /// A shopper or a bank wants money back, or has given up.
    Dispute {
        id: String,
        is_over: bool,
    },
}

#[derive(Deserialize)]
struct Written<'a> {
    cursor: Option<String>,
    /// Each is read by itself: one that cannot be read does not cost the others.
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

/// Numbers in 2022-09-01, strings since.
#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Number(Number),
    Text(String),
}

impl Page {
    /// What an answer has. `None`: it is no page.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let written: Written = serde_json::from_slice(body).ok()?;
        let mut page = Self { cursor: written.cursor.filter(|cursor| !cursor.is_empty()), ..Self::default() };
        for event in written.data {
            let Ok(event) = serde_json::from_str::<Event>(event.get()) else {
                page.unreadable += 1;
                continue;
            };
            // Settlements have no order, and what has another form is no order of ours.
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
    /// What it is about; `None`: nothing that a book has. An error: it is, and it cannot be read.
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

/// The request for a page: of events from and to these times, as ISO 8601 has them.
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

    // Meant to notice: ids that are read in one form alone; a word that is unknown here taken for a success.
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

    // Meant to notice: a page that ends because of one event; a settlement taken for something unreadable, or a payment without a
    // number passed over.
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
