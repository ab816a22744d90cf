//! Order Pay and payment attempts: begin, settle, list.

use crate::books::ledger::{Books, Event};
use crate::books::order::Order;
use crate::books::otp::OtpSession;
use crate::books::payment::{Payment, PaymentStatus};
use crate::books::terms::Unfinished;
use crate::calls::action::Attempt;
use crate::calls::call::Call;
use crate::calls::check::{Kind, Member, Others, check, member};
use crate::calls::method::Next;
use crate::calls::methods;
use crate::calls::{action, listing, method};
use crate::ground::error::Refusal;
use crate::ground::json::text;
use crate::ground::test_data::Outcome;
use crate::ground::time::{UnixMillis, from_iso, to_iso};
use crate::ground::version::ApiVersion;
use crate::ground::version::ApiVersion::{V2022_09_01, V2025_01_01};
use serde_json::{Value, json};

/// What nobody acts on in a scenario lapses after this time: as long as a UPI request can live.
const LAPSE_MS: UnixMillis = 15 * 60 * 1000;

const ORDER_PAY: &[Member] = &[
    member("payment_session_id", Kind::Any),
    member("payment_method", Kind::Object).required(),
    member("save_instrument", Kind::Flag),
    member("offer_id", Kind::Id(1, 64)),
    member("transaction_expiry_time", Kind::Time).since(V2025_01_01),
];

impl Books {
    /// `POST /orders/sessions`
    pub(crate) fn order_pay(&mut self, call: &Call<'_>) -> Result<Value, Refusal> {
        let request = call.object()?;
        check(&request, ORDER_PAY, "", call.version, Others::Refused)?;
        let session = text(&request, "payment_session_id").unwrap_or_default();
        let order = self.payable(session)?;
        let Some(Value::Object(methods)) = request.get("payment_method") else {
            return Err(Refusal::missing("payment_method"));
        };
        let method = methods::read(methods, call.version)?;
        check_allowed(order, &method)?;
        let end = text(&request, "transaction_expiry_time").and_then(from_iso);
        if end.is_some_and(|end| end <= call.now) {
            return Err(Refusal::wrong("transaction_expiry_time", "must be in the future"));
        }
        let (order_id, amount) = (order.id.clone(), order.amount);
        let id = self.next_payment();
        let attempt = Attempt { base: &self.base, session, id, amount, version: call.version, now: call.now };
        let (action, channel, data) = action::build(&attempt, &method, &mut self.dice);
        let page = page_of(&data, &self.base);
        // Production prints `1`, `200.5` and `1.20` alike, so both forms are sent in turn.
        let even = self.payments.len() % 2 == 1;
        let printed = if even { amount.json_two_decimals() } else { amount.json() };
        let mut shown = method.shown;
        if request.get("save_instrument") == Some(&Value::Bool(true)) && method.key == "card" {
            shown["instrument_id"] = self.dice.uuid().into();
        }
        let unfinished = call.terms.unfinished;
        let status = match unfinished {
            Unfinished::Dropped if matches!(method.next, Next::Page(_)) => PaymentStatus::NotAttempted,
            Unfinished::NotAttempted => PaymentStatus::NotAttempted,
            Unfinished::Dropped | Unfinished::Pending => PaymentStatus::Pending,
        };
        // In a scenario the shopper is the scenario's; what nobody acts on lapses.
        let played = call.played;
        let settle_after_ms = call.terms.settle_after_ms.filter(|_| !played);
        let result = match (method.outcome, settle_after_ms) {
            (Some(outcome), delay) => Some((call.now + delay.unwrap_or(0), outcome)),
            (None, Some(delay)) => Some((call.now + delay, Outcome::Success)),
            (None, None) => None,
        };
        let lapse = match method.next {
            Next::Collect { minutes, .. } => Some(call.now + minutes * 60_000),
            _ => None,
        };
        let lapse = end.into_iter().chain(lapse).min().map(|at| (at, Outcome::Failed("TRANSACTION_EXPIRED")));
        let lapse = lapse.or_else(|| played.then_some((call.now + LAPSE_MS, Outcome::UserDropped)));
        let lapse = lapse.filter(|_| unfinished == Unfinished::Dropped);
        let due = result.into_iter().chain(lapse).min_by_key(|(at, _)| *at);
        if let Some((at, _)) = due {
            self.plan(at, Event::Result(self.payments.len()));
        }
        self.payments.push(Payment {
            id,
            order_id,
            amount,
            method: method.key,
            status,
            captured: false,
            created: call.now,
            completed: None,
            stranger: false,
            group: method.group,
            shown,
            authorize_only: method.authorize_only,
            error: None,
            due,
            otp: matches!(method.next, Next::Otp).then(|| OtpSession::new(call.now)),
            page,
            unfinished,
        });
        Ok(json!({
            "payment_amount": printed,
            "cf_payment_id": call.version.id(id),
            "payment_method": method.word,
            "channel": channel,
            "action": action,
            "data": data,
        }))
    }

    /// `GET /orders/{order_id}/payments`
    pub(crate) fn get_payments(&mut self, call: &Call<'_>, order_id: &str) -> Result<Value, Refusal> {
        self.order(order_id)?;
        let of_order = self.payments.iter().filter(|payment| payment.order_id == order_id);
        let mut list: Vec<Value> = of_order.map(|payment| entity(payment, call.version)).collect();
        listing::lengthen(&mut list, call.terms.listing, order_id, call.version);
        Ok(list.into())
    }

    /// `GET /orders/{order_id}/payments/{cf_payment_id}`
    pub(crate) fn get_payment(&mut self, call: &Call<'_>, order_id: &str, id: &str) -> Result<Value, Refusal> {
        self.order(order_id)?;
        let at = self.find_payment(id)?;
        let payment = &self.payments[at];
        if payment.order_id == order_id {
            Ok(entity(payment, call.version))
        } else {
            Err(Refusal::not_found("payment"))
        }
    }
}

/// `payment_methods` of the order may leave this method out.
fn check_allowed(order: &Order, method: &method::Method) -> Result<(), Refusal> {
    let list = order.request.get("order_meta").and_then(|meta| meta.get("payment_methods")).and_then(Value::as_str);
    if list.is_some_and(|list| !methods::allowed(list, method)) {
        return Err(Refusal::invalid("payment_method_unsupported", "payment_method : is not enabled for this order"));
    }
    Ok(())
}

/// The page that this `data` leads to, as a path below the gateway's address. No method has two.
fn page_of(data: &Value, base: &str) -> Option<String> {
    let links = [&data["url"], &data["redirect_to_bank"], &data["payload"]["web"]];
    let mut paths = links.into_iter().filter_map(|link| link.as_str()?.strip_prefix(base));
    paths.find(|path| path.starts_with("/view/")).map(str::to_owned)
}

pub(crate) fn entity(payment: &Payment, version: ApiVersion) -> Value {
    let ended = !payment.status.is_open();
    let paid = payment.status == PaymentStatus::Success;
    let message = match payment.status {
        PaymentStatus::Success => Some("Transaction successful"),
        PaymentStatus::Failed => Some("Transaction failed"),
        PaymentStatus::UserDropped => Some("User dropped and did not complete the two factor authentication"),
        PaymentStatus::Cancelled => Some("Transaction reversed: the order was closed"),
        PaymentStatus::NotAttempted | PaymentStatus::Pending => None,
    };
    let error = payment.error.as_deref().map(|code| {
        json!({
            "error_code": code,
            "error_description": "the payment did not go through (sandbox test data)",
            "error_reason": "auth_declined",
            "error_source": if code.starts_with("USER") { "customer" } else { "bank" },
        })
    });
    let mut entity = json!({
        "cf_payment_id": version.id(payment.id),
        "order_id": payment.order_id,
        "entity": "payment",
        "error_details": error,
        "is_captured": payment.captured,
        "order_amount": payment.amount.json(),
        "payment_group": payment.group,
        "payment_currency": "INR",
        "payment_amount": payment.amount.json(),
        "payment_time": to_iso(payment.created),
        "payment_completion_time": payment.completed.map(to_iso),
        "payment_status": payment.status.as_str(),
        "payment_message": message,
        "bank_reference": ended.then(|| format!("{}", payment.id % 1_000_000_000_000)),
        "auth_id": (paid && payment.method == "card").then(|| format!("{:06}", payment.id % 1_000_000)),
        "authorization": null,
        "payment_method": {payment.method: payment.shown},
    });
    if version > V2022_09_01 {
        entity["order_currency"] = "INR".into();
        entity["payment_gateway_details"] = json!({
            "gateway_name": "CASHFREE",
            "gateway_order_id": null,
            "gateway_payment_id": null,
            "gateway_order_reference_id": null,
            "gateway_status_code": null,
            "gateway_settlement": "cashfree",
            "gateway_reference_name": null,
        });
        entity["payment_surcharge"] = Value::Null;
        entity["payment_offers"] = json!([]);
    }
    if version >= V2025_01_01 {
        entity["international_payment"] = json!({"international": false});
    }
    entity
}
