//! The merchant's backend behind kiosks: the book that ships ([`backend::book`]), and what stands around it in the service,
//! without sockets: it passes calls on, tells the book what happens, and does the duties that the book names.

use backend::book::{
    Book, Duty, Effect, Event, Matter, Moment, Owner, Reading, SeenPayment, SeenRefund, Terms, Unreported,
};
use pay_core::model::OrderId;
use pay_core::sale::Millis;
use pay_core::wire::decode;
use sandbox::{Gateway, Request, Response};
use serde_json::{Value, json};

use super::outside::{LIFE_S, merchant};

const TERMS: Terms = Terms { life_ms: LIFE_S * 1_000, first_look_ms: 5_000, unreported: Unreported::Tell };

/// The kiosk's token, as a hash.
const KIOSK: Owner = Owner::new([7; 32]);

/// Duties done one after the other before the world is said to turn in circles.
const AT_ONCE: usize = 64;

#[derive(Clone, Default)]
pub(super) struct Merchant {
    book: Book,
    /// Orders of whose goods a report was taken.
    reported: Vec<OrderId>,
    /// Not before then: the gateway did not answer.
    rest: u64,
}

impl Merchant {
    /// Answers what is the backend's to answer; every other call is the gateway's.
    pub(super) fn answer(&mut self, request: &Request, gateway: &mut Gateway, now: u64) -> Option<Response> {
        if request.method == "POST" && request.path == "/pg/orders" {
            return Some(self.create(request, gateway, now));
        }
        let path = request.path.strip_prefix("/pg/orders/")?;
        // The answer to its creation was lost: the gateway's shows that it was made, as `Desk::need` has it.
        if let Some(order) = path.split('/').next().and_then(|id| OrderId::parse(id).ok())
            && self.book.entry(&order).is_some_and(|entry| !entry.is_made())
        {
            let read = gateway.handle(&merchant("GET", &format!("/pg/orders/{order}")), now);
            if read.status == 200 && read.fault.is_none() {
                self.book.on(&order, &Event::Made { at: Moment(now) });
            }
        }
        if let Some(order) = path.strip_suffix("/release") {
            return Some(self.release(order, request, gateway, now));
        }
        if request.method == "PATCH" {
            let order = OrderId::parse(path).ok()?;
            let told = self.book.on(&order, &Event::Closing { at: Moment(now) });
            if told.is_some_and(Effect::is_conflict) {
                return Some(answer(409, json!({"code": "conflict", "type": "conflict"})));
            }
        }
        None
    }

    fn create(&mut self, request: &Request, gateway: &mut Gateway, now: u64) -> Response {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let order = body["order_id"].as_str().and_then(|id| OrderId::parse(id).ok());
        let paise = body["order_amount"].as_f64().map(|rupees| (rupees * 100.0).round() as u64);
        let (Some(order), Some(paise)) = (order, paise) else { return gateway.handle(request, now) };
        self.book.want(order.clone(), KIOSK, paise);
        if self.book.entry(&order).is_some_and(|entry| entry.is_made() && entry.amount() == paise) {
            return gateway.handle(&merchant("GET", &format!("/pg/orders/{order}")), now);
        }
        let answer = gateway.handle(request, now);
        if answer.status == 200 && answer.fault.is_none() {
            self.book.on(&order, &Event::Made { at: Moment(now) });
        }
        answer
    }

    fn release(&mut self, order: &str, request: &Request, gateway: &mut Gateway, now: u64) -> Response {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let payment = body["cf_payment_id"].as_str().and_then(|id| id.parse::<u64>().ok());
        let Ok(order) = OrderId::parse(order) else { return answer(404, json!({"code": "order_not_found"})) };
        let at = Moment(now);
        let event = match (body["released"].as_bool(), payment) {
            (Some(released), payment) => Event::Reported { at, released, payment },
            (None, Some(payment)) => Event::Claimed { at, payment },
            (None, None) => return answer(400, json!({"code": "request_invalid"})),
        };
        let mut told = self.book.on(&order, &event);
        if told == Some(Effect::ReadFirst) {
            self.read(&order, false, gateway, now);
            told = self.book.on(&order, &event);
        }
        match told {
            None => answer(404, json!({"code": "order_not_found"})),
            Some(Effect::ReadFirst) => answer(409, json!({"code": "not_seen_paid"})),
            Some(effect) if effect.is_conflict() => answer(409, json!({"code": "conflict"})),
            Some(_) => {
                if matches!(event, Event::Reported { .. }) {
                    self.reported.push(order.clone());
                }
                answer(200, json!({"order_id": order.as_str()}))
            }
        }
    }

    /// An order that reached the terminal another way is the backend's too.
    pub(super) fn knows(&mut self, order: &OrderId, paise: u64, now: u64) {
        self.book.want(order.clone(), KIOSK, paise);
        self.book.on(order, &Event::Made { at: Moment(now) });
    }

    /// When something is due next.
    pub(super) fn due(&self) -> Option<u64> {
        self.book.entries().filter_map(|entry| entry.due(TERMS)).map(|(at, _)| at.0.max(self.rest)).min()
    }

    /// Does what is due by now.
    pub(super) fn work(&mut self, gateway: &mut Gateway, now: u64) {
        for _ in 0..AT_ONCE {
            let due = self.book.entries().filter_map(|entry| Some((entry.due(TERMS)?, entry.order().clone())));
            let Some(((at, duty), order)) = due.min_by_key(|((at, _), _)| *at) else { return };
            if at.0.max(self.rest) > now {
                return;
            }
            if !self.fulfil(&order, duty, gateway, now) {
                self.rest = now + 600_000;
            }
        }
        self.rest = now + 600_000;
    }

    /// `false`: it could not be done.
    fn fulfil(&mut self, order: &OrderId, duty: Duty, gateway: &mut Gateway, now: u64) -> bool {
        match duty {
            Duty::Read { order: with_order } => self.read(order, with_order, gateway, now),
            Duty::Close => {
                let patch = merchant("PATCH", &format!("/pg/orders/{order}"));
                gateway.handle(&patch.with_json(r#"{"order_status":"TERMINATED"}"#.to_owned()), now);
                self.read(order, true, gateway, now)
            }
            Duty::ReadRefunds => {
                let Some(list) = ask(gateway, "GET", &format!("/pg/orders/{order}/refunds"), None, now) else {
                    return false;
                };
                let list = list.as_array().into_iter().flatten().filter_map(seen_refund).collect();
                self.book.on(order, &Event::Refunds { list });
                true
            }
            Duty::Refund { id, amount } => {
                let path = format!("/pg/orders/{order}/refunds");
                let body = format!(r#"{{"refund_amount":{}.{:02},"refund_id":"{id}"}}"#, amount / 100, amount % 100);
                let made = ask(gateway, "POST", &path, Some(body), now);
                let made = made.or_else(|| ask(gateway, "GET", &format!("{path}/{id}"), None, now));
                let event = match made.as_ref().and_then(seen_refund) {
                    Some(seen) => Event::Refund(seen),
                    None => Event::RefundFailed { at: Moment(now), id: id.to_string(), refused: false },
                };
                self.book.on(order, &event);
                true
            }
            Duty::SayOverdue => self.book.on(order, &Event::Overdue).is_some(),
        }
    }

    fn read(&mut self, order: &OrderId, with_order: bool, gateway: &mut Gateway, now: u64) -> bool {
        let mut status = None;
        if with_order {
            let Some(read) = ask(gateway, "GET", &format!("/pg/orders/{order}"), None, now) else { return false };
            let word = read["order_status"].as_str().unwrap_or_default().to_owned();
            let is_final = ["PAID", "EXPIRED", "TERMINATED"].contains(&word.as_str());
            status = Some(word);
            if !is_final {
                self.note(order, status, None, true, now);
                return true;
            }
        }
        let answer = gateway.handle(&merchant("GET", &format!("/pg/orders/{order}/payments")), now);
        if answer.status != 200 || answer.fault.is_some() {
            return false;
        }
        let mut body = answer.body;
        let (mut list, mut complete, mut payments) = (Vec::new(), true, decode::statuses(&mut body));
        loop {
            match payments.next() {
                Ok(Some(payment)) => list.push(SeenPayment {
                    id: payment.cf_payment_id.get(),
                    status: payment.status.as_str().to_owned(),
                    captured: payment.is_captured,
                    completed: payment.completed(),
                }),
                Ok(None) => break,
                Err(_) => complete = false,
            }
        }
        complete &= payments.is_whole();
        self.note(order, status, Some(list), complete, now);
        true
    }

    fn note(
        &mut self,
        order: &OrderId,
        status: Option<String>,
        payments: Option<Vec<SeenPayment>>,
        complete: bool,
        now: u64,
    ) {
        let (at, date) = (Moment(now), Some(now / 1_000));
        let reading = Reading { at, power_on: 1, date, status, payments, complete };
        self.book.on(order, &Event::Read(reading));
    }

    /// It has taken a report of the order's goods.
    pub(super) fn has_report(&self, order: &OrderId) -> bool {
        self.reported.contains(order)
    }

    /// A person is told of the order.
    pub(super) fn tells(&self, order: &OrderId, now: u64) -> bool {
        let told = self.book.entry(order).map(|entry| entry.matters(TERMS, Millis(now)));
        told.is_some_and(|matters: Vec<Matter>| !matters.is_empty())
    }
}

/// A call of the backend's own; `None`: no answer that says anything.
fn ask(gateway: &mut Gateway, method: &str, path: &str, body: Option<String>, now: u64) -> Option<Value> {
    let request = merchant(method, path);
    let request = match body {
        Some(body) => request.with_json(body),
        None => request,
    };
    let answer = gateway.handle(&request, now);
    (answer.status == 200 && answer.fault.is_none()).then(|| serde_json::from_slice(&answer.body).ok())?
}

fn seen_refund(refund: &Value) -> Option<SeenRefund> {
    Some(SeenRefund {
        id: refund["refund_id"].as_str()?.to_owned(),
        order: refund["order_id"].as_str().unwrap_or_default().to_owned(),
        amount: (refund["refund_amount"].as_f64()? * 100.0).round() as u64,
        status: refund["refund_status"].as_str()?.to_owned(),
    })
}

fn answer(status: u16, body: Value) -> Response {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Response { status, headers, body: body.to_string().into_bytes(), fault: None }
}
