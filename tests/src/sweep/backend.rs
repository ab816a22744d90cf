//! A kiosk's backend: passes the gateway's own calls through, and is told what became of the goods.

use std::collections::BTreeMap;

use sandbox::{Gateway, Request, Response};

use super::outside::merchant;

/// What the backend was told, by order.
#[derive(Clone, Default)]
pub(super) struct Backend {
    reports: BTreeMap<String, bool>,
}

impl Backend {
    /// Answers a report; every other call is the gateway's. A report that contradicts an earlier one is refused.
    pub(super) fn answer(&mut self, request: &Request, gateway: &mut Gateway, now: u64) -> Option<Response> {
        let order = request.path.strip_prefix("/pg/orders/")?.strip_suffix("/release")?;
        let released = String::from_utf8_lossy(&request.body).contains("true");
        let known = *self.reports.entry(order.to_owned()).or_insert(released);
        let status = if known == released { 200 } else { 409 };
        if known == released {
            refund(gateway, order, released, now);
        }
        Some(Response {
            status,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: b"{}".to_vec(),
            fault: None,
        })
    }

    /// Looks at its orders again: money that came since goes back too.
    pub(super) fn look_again(&self, gateway: &mut Gateway, now: u64) {
        for (order, released) in &self.reports {
            refund(gateway, order, *released, now);
        }
    }
}

/// Sends back what the merchant may not keep: all of it, or all but one payment.
fn refund(gateway: &mut Gateway, order: &str, released: bool, now: u64) {
    gateway.advance(now);
    let charges: Vec<u64> = gateway.charges(order).map(|payment| payment.amount.0).collect();
    for (number, paise) in charges.iter().enumerate().skip(usize::from(released)) {
        let body = format!(r#"{{"refund_amount":{}.{:02},"refund_id":"back-{number}"}}"#, paise / 100, paise % 100);
        gateway.handle(&merchant("POST", &format!("/pg/orders/{order}/refunds")).with_json(body), now);
    }
}
