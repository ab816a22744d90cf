//! A kiosk: what it asks the backend in the course of a sale.

use std::sync::Arc;

use pay_core::model::OrderId;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::dice::Dice;
use super::plan::Manners;
use crate::answer::Answer;
use crate::call::Incoming;
use crate::desk::Desk;

const SECOND: u64 = 1_000;
/// A request is held so long.
const HOLD: u64 = 10 * SECOND;

pub(super) struct Kiosk {
    pub(super) token: String,
    pub(super) shop: usize,
    pub(super) account: usize,
    manners: Manners,
    number: usize,
    serial: u32,
    /// Shoppers behind the one who is served.
    pub(super) line: u32,
    pub(super) sale: Option<Sale>,
    /// Turns of earlier numbers are over.
    pub(super) turn: u32,
}

pub(super) struct Sale {
    pub(super) order: OrderId,
    pub(super) asked: u64,
    /// The shopper goes if there is no code by then.
    patience: u64,
    step: Step,
    alias: String,
    /// How long the shopper looks at the code before paying; `None`: who goes away.
    pays_after: Option<u64>,
    payment: u64,
    /// When the code was shown.
    code: Option<u64>,
    bell: Option<Arc<Notify>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Create,
    Pay,
    /// A question is held.
    Wait,
    Order,
    Payments,
    Claim,
    Report,
    Close,
    Closed,
    ClosedPayments,
}

/// What comes next.
pub(super) enum Next {
    At(u64),
    /// The shopper sees a code, and pays with this payment at this time.
    Shown {
        next: u64,
        pays: Option<(u64, u64)>,
    },
    Over,
}

/// What happened to sales.
#[derive(Default)]
pub(super) struct Counts {
    /// Answers 429 and 503 to a creation.
    pub(super) refused: u64,
    /// The same to Order Pay, before a code.
    pub(super) unpaid: u64,
    /// The same of sales whose code was shown: so many, and the last one's step.
    pub(super) after_code: u64,
    pub(super) refused_step: String,
    pub(super) handed_out: u64,
    /// From the first question to the code, in milliseconds.
    pub(super) waited: Vec<u64>,
    /// Seconds that refused kiosks were told to wait.
    pub(super) told: Vec<u64>,
}

impl Kiosk {
    pub(super) fn new(number: usize, shop: usize, account: usize, manners: Manners) -> Self {
        let token = format!("token-of-kiosk-{number}");
        Self { token, shop, account, manners, number, serial: 0, line: 0, sale: None, turn: 0 }
    }

    pub(super) fn name(&self) -> String {
        format!("kiosk-{}", self.number)
    }

    pub(super) fn begin(&mut self, now: u64, dice: &mut Dice) {
        self.sale = Some(Sale {
            order: self.next_order(),
            asked: now,
            patience: now + dice.within(20, 90) * SECOND,
            step: Step::Create,
            alias: String::new(),
            pays_after: (!dice.one_in(7)).then(|| dice.within(5, 60) * SECOND),
            payment: 0,
            code: None,
            bell: None,
        });
    }

    fn next_order(&mut self) -> OrderId {
        self.serial += 1;
        OrderId::parse(&format!("kiosk-{}-{}", self.number, self.serial)).unwrap()
    }

    /// Whether its held question ends now, because there is news.
    pub(super) fn hears(&self, desk: &Desk) -> bool {
        let waits = self.sale.as_ref().filter(|sale| sale.step == Step::Wait);
        waits.is_some_and(|sale| desk.entry(&sale.order).unwrap().unwrap().news() != (false, 0))
    }

    /// Does what is to be done now.
    pub(super) fn go(&mut self, desk: &Desk, now: u64, is_told: bool, counts: &mut Counts, dice: &mut Dice) -> Next {
        let request = |sale: &Sale, method: &str, tail: &str, body: Option<Value>| {
            let path = format!("/pg/orders/{}{tail}", sale.order);
            self.request(method, path, body, sale)
        };
        let Some(sale) = &self.sale else { return Next::Over };
        let answer = match sale.step {
            Step::Create => {
                let buyer = json!({"customer_id": "kiosk", "customer_phone": "9999999999"});
                let order = json!({"order_id": sale.order.as_str(), "order_amount": 10.15, "order_currency": "INR",
                    "customer_details": buyer});
                desk.handle(&self.request("POST", "/pg/orders".to_owned(), Some(order), sale))
            }
            Step::Pay => {
                let method = json!({"upi": {"channel": "link"}});
                let pay = json!({"payment_session_id": sale.alias, "payment_method": method});
                desk.handle(&self.request("POST", "/pg/orders/sessions".to_owned(), Some(pay), sale))
            }
            Step::Wait if is_told => desk.handle(&request(sale, "GET", "", None)),
            Step::Wait => desk.unchanged(&request(sale, "GET", "", None), 0),
            Step::Order | Step::Closed => desk.handle(&request(sale, "GET", "", None)),
            Step::Payments | Step::ClosedPayments => desk.handle(&request(sale, "GET", "/payments", None)),
            Step::Claim => {
                let claim = json!({"cf_payment_id": sale.payment.to_string()});
                desk.handle(&request(sale, "POST", "/release", Some(claim)))
            }
            Step::Report => {
                let report = json!({"released": true, "cf_payment_id": sale.payment.to_string()});
                desk.handle(&request(sale, "POST", "/release", Some(report)))
            }
            Step::Close => {
                let close = json!({"order_status": "TERMINATED"});
                desk.handle(&request(sale, "PATCH", "", Some(close)))
            }
        };
        match answer.status {
            200 => self.take(desk, now, &answer, counts, dice),
            429 | 503 => self.refused(now, &answer, counts, dice),
            status => panic!("{status} {:?} of {}", String::from_utf8_lossy(&answer.body), self.name()),
        }
    }

    fn take(&mut self, desk: &Desk, now: u64, answer: &Answer, counts: &mut Counts, dice: &mut Dice) -> Next {
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        let Some(sale) = &mut self.sale else { return Next::Over };
        let (step, pause) = match sale.step {
            Step::Create => {
                sale.alias = body["payment_session_id"].as_str().unwrap().to_owned();
                (Step::Pay, dice.within(50, 300))
            }
            Step::Pay => {
                sale.payment = number(&body["cf_payment_id"]);
                sale.code = Some(now);
                sale.step = Step::Wait;
                let account = super::world::name(self.account);
                sale.bell = Some(desk.at(&account).unwrap().account.waiters.bell(&sale.order));
                counts.waited.push(now - sale.asked);
                return Next::Shown {
                    next: now + HOLD,
                    pays: sale.pays_after.map(|after| (now + after, sale.payment)),
                };
            }
            Step::Wait | Step::Order => match body["order_status"].as_str() {
                Some("PAID") => (Step::Payments, dice.within(50, 300)),
                // The shopper has gone away.
                Some("ACTIVE") if sale.pays_after.is_none() && sale.code.is_some_and(|at| now > at + 60 * SECOND) => {
                    (Step::Close, 1)
                }
                Some("ACTIVE") => (Step::Wait, HOLD),
                other => panic!("{other:?}"),
            },
            Step::Payments => {
                let payments = body.as_array().unwrap();
                let is_paid = payments.iter().any(|payment| payment["payment_status"] == "SUCCESS");
                assert!(is_paid, "{body}");
                (Step::Claim, dice.within(50, 300))
            }
            Step::Claim => (Step::Report, 3 * SECOND),
            Step::Report => {
                counts.handed_out += 1;
                return Next::Over;
            }
            Step::Close => (Step::Closed, 2 * SECOND),
            Step::Closed if body["order_status"] == "TERMINATED" => (Step::ClosedPayments, dice.within(50, 300)),
            Step::Closed => (Step::Closed, 3 * SECOND),
            Step::ClosedPayments => return Next::Over,
        };
        sale.step = step;
        if step != Step::Wait {
            sale.bell = None;
        }
        Next::At(now + pause)
    }

    /// The backend says: not now.
    fn refused(&mut self, now: u64, answer: &Answer, counts: &mut Counts, dice: &mut Dice) -> Next {
        let rate = answer.rate.unwrap();
        assert!(answer.is_ours && rate.retry_s > 0, "a time to come again");
        let (manners, other) = (self.manners, self.next_order());
        let Some(sale) = &mut self.sale else { return Next::Over };
        let told = now + rate.retry_s * SECOND + dice.below(SECOND / 4);
        let again = if manners == Manners::Polite { told } else { told.min(now + SECOND) };
        let is_beyond = again > sale.patience;
        match (sale.code, sale.step) {
            (Some(_), step) => {
                counts.after_code += 1;
                counts.refused_step = format!("{step:?} of {}", sale.order);
            }
            (None, Step::Create) => {
                counts.refused += 1;
                counts.told.push(rate.retry_s);
                if is_beyond {
                    return Next::Over;
                }
                if manners == Manners::Inventive {
                    sale.order = other;
                }
            }
            (None, Step::Pay) => {
                counts.unpaid += 1;
                if is_beyond {
                    sale.step = Step::Close;
                }
            }
            _ => {}
        }
        if sale.step == Step::Wait {
            sale.step = Step::Order;
        }
        Next::At(if sale.code.is_some() { told } else { again })
    }

    fn request(&self, method: &str, path: String, body: Option<Value>, sale: &Sale) -> Incoming {
        Incoming {
            method: method.to_owned(),
            path,
            authorization: Some(format!("Bearer {}", self.token).into_bytes()),
            api_version: Some("2025-01-01".to_owned()),
            content_type: body.as_ref().map(|_| "application/json".to_owned()),
            idempotency_key: Some(format!("key-{}", sale.order)),
            body: body.map(|body| body.to_string().into_bytes()).unwrap_or_default(),
            ..Incoming::default()
        }
    }
}

fn number(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap()
}
