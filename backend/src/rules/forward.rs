//! Order Pay that is about to go to the gateway.

use pay_core::model::{IdempotencyKey, OrderId, PaymentSessionId};

/// What is stored before it is sent.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs)] // a row
pub struct Forward<'f> {
    /// The order that is paid.
    pub order: &'f OrderId,
    /// The device's idempotency key: there is one row for each order and key.
    pub key: &'f IdempotencyKey,
    /// The method's class.
    pub method: &'static str,
    /// The gateway's session.
    pub session: &'f PaymentSessionId,
}
