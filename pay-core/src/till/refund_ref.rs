//! The merchant's own name of a refund.

use super::super::model::{InvalidValue, OrderId, RefundId, Text};

/// The merchant's own name of a refund, `return-17`. The same name twice is one refund.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RefundRef {
    name: Text<64>,
    even_so: bool,
    instant: bool,
}

impl RefundRef {
    /// A name of 1 to 64 bytes.
    ///
    /// # Errors
    /// [`InvalidValue`] naming `refund_ref`.
    pub fn new(name: &str) -> Result<Self, InvalidValue> {
        super::super::model::text::check("refund_ref", name, 1..=64, super::super::model::text::is_prose)?;
        Ok(Self { name: Text::parse("refund_ref", name)?, even_so: false, instant: false })
    }

    /// Refunds even if more would be refunded than is left of what was paid.
    #[must_use]
    pub const fn even_so(mut self) -> Self {
        self.even_so = true;
        self
    }

    /// Asks the gateway for an instant refund, which costs a fee (`refund_speed` `INSTANT`).
    #[must_use]
    pub const fn instant(mut self) -> Self {
        self.instant = true;
        self
    }

    pub(super) const fn is_instant(&self) -> bool {
        self.instant
    }

    pub(super) const fn is_even_so(&self) -> bool {
        self.even_so
    }

    /// The refund's id at the gateway.
    pub fn refund_id(&self, order: &OrderId) -> RefundId {
        RefundId::of_reference(order, &self.name)
    }
}
