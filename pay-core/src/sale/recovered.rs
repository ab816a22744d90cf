//! Sales whose record is gone: what may be said of them, and what may not.

use super::super::model::{Amount, ApiVersion, Currency, Environment, IdempotencyKey, MethodClass, OrderId};
use super::policy::Policy;
use super::record::{Attempt, AttemptState, Record, Stage};
use super::release::Release;
use super::state::Sale;
use super::time::Millis;

impl Record {
    /// The record of an order that this terminal began in a life before, whose journal is gone. It may have been paid from here and its
    /// goods may be out, so it says both: one payment of ours has no number, and the goods are [`Release::Unknown`]. A sale resumed from
    /// it closes the order and learns how it ended; paid, it is [`Outcome::PaidUnclear`](super::Outcome::PaidUnclear), for a person.
    ///
    /// `key`: any that no other order's attempt has.
    pub fn recovered(
        order_id: OrderId,
        amount: Amount,
        currency: Currency,
        environment: Environment,
        api_version: ApiVersion,
        key: IdempotencyKey,
    ) -> Self {
        let mut record = Self::new(order_id, amount, currency, environment, api_version, Stage::Open);
        // How it was paid is forgotten too: a class that charges by itself, so that nothing of it is ever repeated.
        let class = MethodClass::Card;
        let digest = record.digest(class);
        let state = AttemptState::Sent;
        if let Some(slot) = record.attempts.first_mut() {
            *slot = Some(Attempt { class, key, digest, cf_payment_id: None, repeated: false, state });
        }
        record.release = Release::Unknown;
        record
    }
}

impl Sale {
    /// A sale resumed from a [`Record::recovered`], which no journal has yet: storing it comes first.
    pub(crate) fn recovered(record: Record, policy: Policy, seed: [u8; 16], now: Millis) -> Self {
        let mut sale = Self::resume(record, policy, seed, now);
        sale.change();
        sale
    }
}
