//! Fresh values (seeds, order ids) and reproducible ones (idempotency keys, the mark).

use super::super::model::idempotency::keyed;
use super::super::model::{
    Amount, Currency, DeviceSecret, Environment, IdempotencyKey, InvalidValue, Operation, OrderId, RequestId, Text,
};

/// The secrets that a device derives its keys and ids from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Keys {
    secret: DeviceSecret,
    /// Tells a journal from the one before it: random, made with it.
    incarnation: u64,
    environment: Environment,
    /// Random, fresh for this boot.
    boot: [u8; 32],
    /// Which power-on this is: the same for all its sales.
    pub(super) power_on: u32,
    /// How often something fresh was made of it.
    pub(super) drawn: u32,
}

impl Keys {
    pub(super) fn new(secret: DeviceSecret, incarnation: u64, environment: Environment, boot: [u8; 32]) -> Self {
        let [a, b, c, d, ..] = keyed(&boot, &[b"till\0power-on"]);
        let power_on = u32::from_be_bytes([a, b, c, d]);
        Self { secret, incarnation, environment, boot, power_on, drawn: 0 }
    }

    fn draw(&mut self, what: &[u8]) -> [u8; 16] {
        self.drawn = self.drawn.wrapping_add(1);
        keyed(&self.boot, &[b"till\0", what, b"\0", &self.drawn.to_be_bytes()])
    }

    /// The seed of one sale in memory: of this boot and of no other sale in it.
    pub(super) fn seed(&mut self) -> [u8; 16] {
        self.draw(b"sale")
    }

    /// The id of a new order.
    pub(super) fn order_id(&mut self, name: &str) -> Result<OrderId, InvalidValue> {
        let [a, b, c, d, e, f, g, h, ..] = self.draw(b"order");
        OrderId::mint(name, [a, b, c, d, e, f, g, h])
    }

    pub(super) fn request_id(&mut self) -> RequestId {
        RequestId::from_random(self.draw(b"request"))
    }

    /// The key of one operation of an order: the same after a reboot.
    pub(super) fn key(&self, operation: Operation, order: &OrderId, attempt: usize, n: u16) -> IdempotencyKey {
        let attempt = u16::try_from(attempt).unwrap_or(u16::MAX);
        IdempotencyKey::derive(&self.secret, operation, self.environment, order, attempt, n)
    }

    /// What shows that this device, with this journal, created an order: 32 hex digits.
    pub(super) fn mark(&self, order: &OrderId, amount: Amount, currency: &Currency) -> Text<32> {
        self.secret.mark(order, amount, currency, self.incarnation)
    }
}
