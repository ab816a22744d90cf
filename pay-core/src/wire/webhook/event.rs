//! What a webhook says.

use core::fmt;

use super::super::super::model::status::words;
use super::super::super::model::time::instant;
use super::super::super::model::{
    Amount, ApiVersion, CfPaymentId, MethodWord, PaymentStatus, RefundStatus, UnixSeconds,
};

words!(
    /// `type` of a webhook, as far as it is about payments and refunds. Any other (settlements, disputes, terminals, the dashboard's
    /// test) is kept as its word.
    EventKind {
        /// A payment succeeded.
        PaymentSuccess = "PAYMENT_SUCCESS_WEBHOOK",
        /// A payment failed.
        PaymentFailed = "PAYMENT_FAILED_WEBHOOK",
        /// The customer left a payment.
        PaymentUserDropped = "PAYMENT_USER_DROPPED_WEBHOOK",
        /// What a payment that succeeded costs the merchant. Its body is not published; assumption: order and payment as in the others.
        PaymentCharges = "PAYMENT_CHARGES_WEBHOOK",
        /// A refund of the merchant's was made or given up.
        RefundStatus = "REFUND_STATUS_WEBHOOK",
        /// The same, as the specifications call it (no example of it is published).
        RefundSuccess = "REFUND_SUCCESS_WEBHOOK",
        /// The gateway sends money back by itself: paid twice, too late, with another amount, or a dispute.
        AutoRefundStatus = "AUTO_REFUND_STATUS_WEBHOOK",
    }
);

/// One event, borrowed from the body. The customer's name, phone and mail address are not read.
///
/// The version is told for people: ids are numbers up to 2022-09-01 and strings since, and both are read whatever it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event<'a> {
    /// What happened.
    pub kind: EventKind<'a>,
    /// `x-webhook-version`, see [`Signed::version`](super::Signed::version).
    pub version: Option<ApiVersion>,
    /// When, as the gateway wrote it (`event_time`); empty where absent. [`Event::at`] reads it.
    pub time: &'a str,
    /// What it is about.
    pub about: About<'a>,
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
// A webhook has one event: nothing is gained by smaller values.
#[allow(clippy::large_enum_variant)]
pub enum About<'a> {
    /// One payment of an order.
    Payment(PaymentEvent<'a>),
    /// One refund.
    Refund(RefundEvent<'a>),
    /// Something else; its `data` is not read.
    Other,
}

/// A payment as a webhook has it: a hint to ask, not what a payment is believed from ([`Payment`](crate::model::Payment) is).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PaymentEvent<'a> {
    /// The merchant's order.
    pub order_id: &'a str,
    /// The order's amount.
    pub order_amount: Option<Amount>,
    /// ISO 4217 code of it; empty where absent.
    pub order_currency: &'a str,
    /// The order's tag [`MARK_TAG`](crate::model::MARK_TAG); empty where absent.
    pub mark: &'a str,
    /// The payment.
    pub cf_payment_id: CfPaymentId,
    /// Its status. May contradict [`EventKind`]: then neither is worth more.
    pub status: PaymentStatus<'a>,
    /// The amount of the payment: larger than the order's with a surcharge, smaller with an offer.
    pub amount: Option<Amount>,
    /// ISO 4217 code of it; empty where absent.
    pub currency: &'a str,
    /// The family of the method: the one member of `payment_method`.
    pub method: Option<MethodWord<'a>>,
    /// `payment_group` (`upi`, `credit_card`, …); empty where absent.
    pub group: &'a str,
    /// The bank's reference; empty where absent.
    pub bank_reference: &'a str,
    /// A text for people; empty where absent.
    pub message: &'a str,
    /// `error_details.error_code` of one that failed; empty where absent.
    pub error_code: &'a str,
    /// When it was begun, as the gateway wrote it (`payment_time`); empty where absent.
    pub time: &'a str,
}

/// A refund as a webhook has it: a hint to ask, not what a refund is believed from ([`Refund`](crate::model::Refund) is).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefundEvent<'a> {
    /// The merchant's order; empty where a refund of the gateway's own ([`EventKind::AutoRefundStatus`]) has none.
    pub order_id: &'a str,
    /// The merchant's id; empty for a refund of the gateway's own.
    pub refund_id: &'a str,
    /// The gateway's id; empty where absent.
    pub cf_refund_id: &'a str,
    /// The payment that goes back.
    pub cf_payment_id: Option<CfPaymentId>,
    /// How much.
    pub amount: Amount,
    /// ISO 4217 code of it; empty where absent.
    pub currency: &'a str,
    /// Its status.
    pub status: RefundStatus<'a>,
    /// Who began it: `MERCHANT_INITIATED`, `PAYMENT_AUTO_REFUND`, `UNRECONCILED_AUTO_REFUND`, …; empty where absent.
    pub origin: &'a str,
    /// Why the gateway began it, a text for people; empty where absent.
    pub reason: &'a str,
    /// The bank's reference (`refund_arn`); empty where absent.
    pub bank_reference: &'a str,
    /// A text for people; empty where absent.
    pub message: &'a str,
    /// When it was made, as the gateway wrote it (`created_at`); empty where absent.
    pub created: &'a str,
    /// When the money went (`processed_at`); empty where absent.
    pub processed: &'a str,
}

impl<'a> Event<'a> {
    /// When it happened; `None` where the text is no date of RFC 3339.
    pub fn at(&self) -> Option<UnixSeconds> {
        instant(self.time).map(|micros| UnixSeconds(micros / 1_000_000))
    }

    /// The order that it is about.
    pub const fn order_id(&self) -> Option<&'a str> {
        let order_id = match self.about {
            About::Payment(payment) => payment.order_id,
            About::Refund(refund) => refund.order_id,
            About::Other => return None,
        };
        if order_id.is_empty() { None } else { Some(order_id) }
    }
}
