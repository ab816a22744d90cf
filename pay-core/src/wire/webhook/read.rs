//! The body of a webhook from JSON, in place.

use super::super::super::json::scan::{Kind, Span, Value};
use super::super::super::json::{escape, members};
use super::super::super::model::{MARK_TAG, MethodWord, PaymentStatus, RefundStatus};
use super::super::response::{DecodeError, Resolver, amount, document, payment_id, word};
use super::event::{About, Event, EventKind, PaymentEvent, RefundEvent};

/// The types of events about a payment.
const PAYMENTS: [&str; 4] = [
    EventKind::PaymentSuccess.as_str(),
    EventKind::PaymentFailed.as_str(),
    EventKind::PaymentUserDropped.as_str(),
    EventKind::PaymentCharges.as_str(),
];

/// The types of events about a refund; the last is about a refund that the gateway makes by itself.
const REFUNDS: [&str; 3] =
    [EventKind::RefundStatus.as_str(), EventKind::RefundSuccess.as_str(), EventKind::AutoRefundStatus.as_str()];

/// Reads a body whose signature was checked when it was kept; [`Signed::event`](super::Signed::event) is for one that comes now. The
/// version is `None`: it is a header.
///
/// Members may come in any order, be new, and be `null` or absent where they are not needed. Needed are `type`; of a payment its
/// order, id and status; of a refund its amount and status, and of the merchant's own also order and id. An amount that is there
/// must be right.
///
/// # Errors
/// [`DecodeError`].
pub fn read(body: &mut [u8]) -> Result<Event<'_>, DecodeError> {
    let [kind, time, data] = document(body, &["type", "event_time", "data"])?;
    let kind = kind.ok_or(DecodeError::Missing("type"))?;
    let needed = || data.ok_or(DecodeError::Missing("data"));
    // Places first, then texts: what is unescaped cannot be scanned again.
    let found = if escape::position(body, kind, &PAYMENTS).is_some() {
        Found::Payment(PaymentValues::of(body, needed()?)?)
    } else if let Some(place) = escape::position(body, kind, &REFUNDS) {
        Found::Refund(RefundValues::of(body, place + 1 == REFUNDS.len(), needed()?)?)
    } else {
        Found::Other
    };
    let (kind, time) = (word(body, Some(kind)).unwrap_or_default(), word(body, time));
    match found {
        Found::Payment(values) => payment(body, kind, time, values),
        Found::Refund(values) => refund(body, kind, time, values),
        Found::Other => Ok(event(body, kind, time, About::Other)),
    }
}

enum Found {
    Payment(PaymentValues),
    Refund(RefundValues),
    Other,
}

/// Where the values of a payment's event are.
struct PaymentValues {
    order: [Option<Value>; 4],
    mark: Option<Value>,
    payment: [Option<Value>; 9],
    /// The name of the one member of `payment_method`.
    method: Option<Value>,
    error_code: Option<Value>,
}

impl PaymentValues {
    fn of(body: &[u8], data: Value) -> Result<Self, DecodeError> {
        const ORDER: [&str; 4] = ["order_id", "order_amount", "order_currency", "order_tags"];
        const PAYMENT: [&str; 9] = [
            "cf_payment_id",
            "payment_status",
            "payment_amount",
            "payment_currency",
            "payment_group",
            "bank_reference",
            "payment_message",
            "payment_time",
            "payment_method",
        ];
        let mut parts = [None; 3];
        members::members(body, object(data)?, 1, &["order", "payment", "error_details"], &mut parts)?;
        let [order_at, payment_at, error_at] = parts;

        let (mut order, mut mark) = ([None; 4], [None]);
        let at = object(order_at.ok_or(DecodeError::Missing("order"))?)?;
        members::members_and(body, at, 2, &ORDER, &mut order, &mut |at, levels| {
            members::members(body, at, levels, &[MARK_TAG], &mut mark)
        })?;

        let (mut payment, mut method) = ([None; 9], None);
        let at = object(payment_at.ok_or(DecodeError::Missing("payment"))?)?;
        members::members_and(body, at, 2, &PAYMENT, &mut payment, &mut |at, levels| {
            members::walk(body, at, levels + 1, |name, _| {
                method.get_or_insert(name);
            })
        })?;

        let mut error_code = [None];
        if let Some(errors) = error_at {
            members::members(body, object(errors)?, 2, &["error_code"], &mut error_code)?;
        }
        let ([mark], [error_code]) = (mark, error_code);
        Ok(Self { order, mark, payment, method, error_code })
    }
}

fn payment<'a>(
    body: &'a mut [u8],
    kind: Span,
    time: Option<Span>,
    PaymentValues { order, mark, payment, method, error_code }: PaymentValues,
) -> Result<Event<'a>, DecodeError> {
    let [order_id, order_value, order_currency, _] = order;
    let [id, status, value, currency, group, reference, message, begun, _] = payment;
    let order_amount = amount(body, order_value, "order_amount")?;
    let paid = amount(body, value, "payment_amount")?;
    let cf_payment_id = payment_id(body, id)?;
    let [order_id, order_currency, mark] = [order_id, order_currency, mark].map(|value| word(body, value));
    let [status, currency, group, reference, message, begun, method, error_code] =
        [status, currency, group, reference, message, begun, method, error_code].map(|value| word(body, value));
    let body = &*body;
    let text = Resolver(body);
    let about = About::Payment(PaymentEvent {
        order_id: text.needed(order_id, "order_id")?,
        order_amount,
        order_currency: text.or_empty(order_currency),
        mark: text.or_empty(mark),
        cf_payment_id,
        status: PaymentStatus::parse(text.needed(status, "payment_status")?),
        amount: paid,
        currency: text.or_empty(currency),
        method: method.map(|method| MethodWord::parse(text.of(method))),
        group: text.or_empty(group),
        bank_reference: text.or_empty(reference),
        message: text.or_empty(message),
        error_code: text.or_empty(error_code),
        time: text.or_empty(begun),
    });
    Ok(event(body, kind, time, about))
}

/// Where the values of a refund's event are.
struct RefundValues {
    /// A refund of the gateway's own, which has no id of the merchant's and may have no order.
    automatic: bool,
    refund: [Option<Value>; 13],
}

impl RefundValues {
    fn of(body: &[u8], automatic: bool, data: Value) -> Result<Self, DecodeError> {
        const REFUND: [&str; 13] = [
            "order_id",
            "refund_id",
            "cf_refund_id",
            "cf_payment_id",
            "refund_amount",
            "refund_currency",
            "refund_status",
            "refund_type",
            "refund_reason",
            "refund_arn",
            "status_description",
            "created_at",
            "processed_at",
        ];
        let name = if automatic { "auto_refund" } else { "refund" };
        let (mut part, mut refund) = ([None], [None; 13]);
        members::members(body, object(data)?, 1, &[name], &mut part)?;
        let [part] = part;
        members::members(body, object(part.ok_or(DecodeError::Missing(name))?)?, 2, &REFUND, &mut refund)?;
        Ok(Self { automatic, refund })
    }
}

fn refund<'a>(
    body: &'a mut [u8],
    kind: Span,
    time: Option<Span>,
    RefundValues { automatic, refund }: RefundValues,
) -> Result<Event<'a>, DecodeError> {
    let [
        order_id,
        refund_id,
        cf_id,
        payment,
        value,
        currency,
        status,
        origin,
        reason,
        arn,
        message,
        created,
        processed,
    ] = refund;
    let amount = amount(body, value, "refund_amount")?.ok_or(DecodeError::Missing("refund_amount"))?;
    let cf_payment_id = payment.map(|value| payment_id(body, Some(value))).transpose()?;
    let [order_id, refund_id, cf_id] = [order_id, refund_id, cf_id].map(|value| word(body, value));
    let [currency, status, origin, reason, arn, message, created, processed] =
        [currency, status, origin, reason, arn, message, created, processed].map(|value| word(body, value));
    let body = &*body;
    let text = Resolver(body);
    let of_the_merchant = |span, name| if automatic { Ok(text.or_empty(span)) } else { text.needed(span, name) };
    let about = About::Refund(RefundEvent {
        order_id: of_the_merchant(order_id, "order_id")?,
        refund_id: of_the_merchant(refund_id, "refund_id")?,
        cf_refund_id: text.or_empty(cf_id),
        cf_payment_id,
        amount,
        currency: text.or_empty(currency),
        status: RefundStatus::parse(text.needed(status, "refund_status")?),
        origin: text.or_empty(origin),
        reason: text.or_empty(reason),
        bank_reference: text.or_empty(arn),
        message: text.or_empty(message),
        created: text.or_empty(created),
        processed: text.or_empty(processed),
    });
    Ok(event(body, kind, time, about))
}

fn event<'a>(body: &'a [u8], kind: Span, time: Option<Span>, about: About<'a>) -> Event<'a> {
    let text = Resolver(body);
    Event { kind: EventKind::parse(text.of(kind)), version: None, time: text.or_empty(time), about }
}

/// Where an object starts.
fn object(value: Value) -> Result<usize, DecodeError> {
    if value.kind == Kind::Object { Ok(value.span.start) } else { Err(DecodeError::WrongShape) }
}
