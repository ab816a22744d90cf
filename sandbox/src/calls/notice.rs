//! What the gateway tells by itself of a payment or a refund: bodies of webhooks.

use crate::books::order::Order;
use crate::books::payment::{Payment, PaymentStatus};
use crate::books::refund::{Refund, RefundStatus};
use crate::calls::{payment, refund};
use crate::ground::amount::Paise;
use crate::ground::json::text;
use crate::ground::time::{UnixMillis, to_iso};
use crate::ground::version::ApiVersion;
use serde_json::{Value, json};

/// Of a payment that has this status now; `None`: nobody is told of such a one.
pub(crate) fn of_payment(payment: &Payment, order: &Order, version: ApiVersion, at: UnixMillis) -> Option<Value> {
    let kind = match payment.status {
        PaymentStatus::Success => "PAYMENT_SUCCESS_WEBHOOK",
        PaymentStatus::Failed => "PAYMENT_FAILED_WEBHOOK",
        PaymentStatus::UserDropped => "PAYMENT_USER_DROPPED_WEBHOOK",
        PaymentStatus::Cancelled => {
            let refund = payment.id % 1_000_000_000;
            return Some(of_return(payment.id, refund, &payment.order_id, payment.amount, version, at));
        }
        PaymentStatus::NotAttempted | PaymentStatus::Pending => return None,
    };
    let mut told = payment::entity(payment, version);
    let mut error = Value::Null;
    if let Some(told) = told.as_object_mut() {
        // Beside the payment, not within it; and the order has its own place.
        error = told.remove("error_details").unwrap_or_default();
        for name in ["order_id", "entity", "order_amount", "order_currency", "payment_completion_time"] {
            told.remove(name);
        }
    }
    let customer = order.request.get("customer_details").and_then(Value::as_object);
    let of_customer = |name| customer.and_then(|customer| text(customer, name));
    let mut data = json!({
        "order": {
            "order_id": order.id,
            "order_amount": order.amount.json_two_decimals(),
            "order_currency": "INR",
            "order_tags": order.request.get("order_tags"),
        },
        "payment": told,
        "customer_details": {
            "customer_name": of_customer("customer_name"),
            "customer_id": of_customer("customer_id"),
            "customer_email": of_customer("customer_email"),
            "customer_phone": of_customer("customer_phone"),
        },
    });
    if !error.is_null() {
        data["error_details"] = error;
    }
    Some(json!({"data": data, "event_time": to_iso(at), "type": kind}))
}

/// Of a refund that has this status now.
pub(crate) fn of_refund(refund: &Refund, version: ApiVersion, at: UnixMillis) -> Option<Value> {
    if refund.id.is_empty() {
        return Some(of_return(refund.payment_id, refund.cf_id, &refund.order_id, refund.amount, version, at));
    }
    // The two that the documents name.
    let told = matches!(refund.status, RefundStatus::Success | RefundStatus::Cancelled);
    let data = || json!({"refund": refund::entity(refund, version)});
    told.then(|| json!({"data": data(), "event_time": to_iso(at), "type": "REFUND_STATUS_WEBHOOK"}))
}

/// Of a success that came too late, or twice, and goes back of itself.
fn of_return(payment: u64, refund: u64, order_id: &str, amount: Paise, version: ApiVersion, at: UnixMillis) -> Value {
    let refund = json!({
        "event": "AUTO-REFUND",
        "cf_refund_id": refund,
        "cf_payment_id": version.id(payment),
        "bank_reference": format!("{}", payment % 1_000_000_000_000),
        "order_id": order_id,
        "refund_amount": amount.json_two_decimals(),
        "refund_currency": "INR",
        "refund_type": "PAYMENT_AUTO_REFUND",
        "refund_arn": null,
        "refund_status": "SUCCESS",
        "status_description": "Refunded by itself",
        "refund_reason": "the payment came late, or twice",
        "created_at": to_iso(at),
        "processed_at": to_iso(at),
        "refund_charge": 0,
        "refund_splits": null,
        "metadata": null,
    });
    json!({"data": {"auto_refund": refund}, "event_time": to_iso(at), "type": "AUTO_REFUND_STATUS_WEBHOOK"})
}
