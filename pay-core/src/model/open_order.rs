//! An order that can be paid: one value.

use super::amount::{Amount, Currency};
use super::id::{OrderId, PaymentSessionId};

/// An order with the session that pays it, as one answer of the gateway or of the merchant's backend gave them. Nothing takes a
/// session without its order: a session of one order and the id of another would ask about the wrong money.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_structs)] // made by the caller
pub struct OpenOrder {
    /// The merchant's id.
    pub order_id: OrderId,
    /// What it costs.
    pub amount: Amount,
    /// In which currency.
    pub currency: Currency,
    /// The session that pays it. Each read of the order may give another one.
    pub session: PaymentSessionId,
}
