//! Refunds: `POST /orders/{order_id}/refunds`. A merchant's call; a kiosk leaves it to its backend.

use core::fmt;

use sha2::{Digest, Sha256};

use super::amount::Amount;
use super::error::InvalidValue;
use super::id::{CfPaymentId, OrderId, RefundId};
use super::status::RefundStatus;
use super::text::{self, Text};

/// A refund of (a part of) an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateRefund {
    pub(crate) refund_id: RefundId,
    pub(crate) amount: Amount,
    pub(crate) note: Option<Text<100>>,
    pub(crate) speed: Option<RefundSpeed>,
}

/// How fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum RefundSpeed {
    /// `STANDARD`
    Standard,
    /// `INSTANT`
    Instant,
}

/// Why a payment is refunded. Part of the refund's derived id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum RefundReason {
    /// The payment succeeded when the sale was over.
    LateSuccess,
    /// The order was paid twice.
    Surplus,
    /// The goods were not handed out.
    NotReleased,
    /// A person decided it.
    Requested,
}

/// A refund as the gateway reports it, borrowed from the receive buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refund<'a> {
    /// The merchant's id; empty in a list where the gateway made the refund by itself (it sends back some payments that
    /// came late or twice, and tells of them with `AUTO_REFUND_STATUS_WEBHOOK`).
    pub refund_id: &'a str,
    /// The gateway's id; empty where absent.
    pub cf_refund_id: &'a str,
    /// The order; empty where absent.
    pub order_id: &'a str,
    /// How much.
    pub amount: Amount,
    /// Its status.
    pub status: RefundStatus<'a>,
    /// `refund_type`, who began it: `MERCHANT_INITIATED`, `PAYMENT_AUTO_REFUND`, `UNRECONCILED_AUTO_REFUND`, …; empty
    /// where absent.
    pub origin: &'a str,
}

impl CreateRefund {
    /// A refund.
    pub const fn new(refund_id: RefundId, amount: Amount) -> Self {
        Self { refund_id, amount, note: None, speed: None }
    }

    /// Adds a note of 3 to 100 bytes.
    ///
    /// # Errors
    /// [`InvalidValue`] naming `refund_note`.
    pub fn with_note(mut self, note: &str) -> Result<Self, InvalidValue> {
        text::check("refund_note", note, 3..=100, text::is_prose)?;
        self.note = Some(Text::parse("refund_note", note)?);
        Ok(self)
    }

    /// Sets the speed.
    #[must_use]
    pub fn with_speed(mut self, speed: RefundSpeed) -> Self {
        self.speed = Some(speed);
        self
    }

    /// The id.
    pub const fn refund_id(&self) -> &RefundId {
        &self.refund_id
    }
}

impl Refund<'_> {
    /// The gateway made it by itself, without a request of the merchant.
    pub fn is_by_gateway(&self) -> bool {
        self.refund_id.is_empty() || self.origin.ends_with("_AUTO_REFUND")
    }

    /// An id that tells it from the order's other refunds: the merchant's, else the gateway's.
    pub const fn id(&self) -> &str {
        if self.refund_id.is_empty() { self.cf_refund_id } else { self.refund_id }
    }
}

impl RefundSpeed {
    /// The gateway's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::Instant => "INSTANT",
        }
    }
}

impl RefundReason {
    /// A word for records, notes and ids.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LateSuccess => "late-success",
            Self::Surplus => "surplus",
            Self::NotReleased => "not-released",
            Self::Requested => "requested",
        }
    }
}

impl RefundId {
    /// The id of a refund of this order for this reason: the first 32 hex digits of a SHA-256 over order, reason and
    /// `n`, which counts refunds of one order for one reason from 0. It is the same for every caller. The gateway
    /// refuses a second refund under an id, so nothing is refunded twice.
    pub fn derive(order: &OrderId, reason: RefundReason, n: u16) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"refund-id\0");
        hash.update(order.as_str());
        hash.update(b"\0");
        hash.update(reason.as_str());
        hash.update(b"\0");
        hash.update(n.to_be_bytes());
        Self::from_hash(hash)
    }

    /// The id of the refund of this payment: the first 32 hex digits of a SHA-256 over order and payment. It is the
    /// same for every caller and reason, so a payment is refunded once.
    pub fn of_payment(order: &OrderId, payment: CfPaymentId) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"refund-of-payment\0");
        hash.update(order.as_str());
        hash.update(b"\0");
        hash.update(payment.get().to_be_bytes());
        Self::from_hash(hash)
    }

    /// The id of a refund with a name chosen by the merchant: the first 32 hex digits of a SHA-256 over order and name.
    /// The same name gives the same id.
    pub(crate) fn of_reference(order: &OrderId, name: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"refund-by-reference\0");
        hash.update(order.as_str());
        hash.update(b"\0");
        hash.update(name);
        Self::from_hash(hash)
    }

    fn from_hash(hash: Sha256) -> Self {
        let mut text = Text::<40>::new();
        for byte in hash.finalize().into_iter().take(16) {
            // 32 characters fit 40.
            let _ = fmt::Write::write_fmt(&mut text, format_args!("{byte:02x}"));
        }
        Self::from_text(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Mutant: leaving out `reason` makes the refund of a surplus the same as that of a late success.
    #[test]
    fn derived_ids_are_stable_and_distinct() {
        let order = OrderId::parse("kiosk-7-00000000000000a1").unwrap();
        let id = RefundId::derive(&order, RefundReason::Surplus, 0);
        assert_eq!(id.as_str().len(), 32);
        assert_eq!(id, RefundId::derive(&order, RefundReason::Surplus, 0));
        assert_ne!(id, RefundId::derive(&order, RefundReason::Surplus, 1));
        assert_ne!(id, RefundId::derive(&order, RefundReason::LateSuccess, 0));
        assert_ne!(id, RefundId::derive(&OrderId::parse("other").unwrap(), RefundReason::Surplus, 0));
    }

    // Golden: both rules are kept for ever, as a refund may be read back years later. Values from `sha256sum`.
    #[test]
    fn ids_are_those_of_every_earlier_version() {
        let order = OrderId::parse("kiosk-7-00000000000000a1").unwrap();
        assert_eq!(RefundId::derive(&order, RefundReason::Surplus, 0).as_str(), "657512ed4d6177691dd8151cf0d64b38");
        assert_eq!(
            RefundId::of_payment(&order, CfPaymentId::new(1_457_655_315_005_187_584)).as_str(),
            "2eb939e7259c974044b788bccd7f739e"
        );
        assert_ne!(
            RefundId::of_payment(&order, CfPaymentId::new(1)),
            RefundId::of_payment(&order, CfPaymentId::new(2))
        );
    }
}
