//! The merchant's settings of a terminal.

use super::super::model::{ApiVersion, Environment, Text};
use super::super::sale::{Limits, Policy};
use super::super::wire::ClientHints;

/// The merchant's settings of a terminal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Terms {
    /// Sandbox or production.
    pub environment: Environment,
    /// The API version of its calls.
    pub api_version: ApiVersion,
    /// How long its sales wait, and what they may repeat.
    pub policy: Policy,
    /// How much may be unsettled before the till refuses a new sale (default: 20 sales, 20,000.00, 48 hours).
    pub limits: Limits,
    /// How long a decided sale goes on at the shopper's desk, in milliseconds (default 40 s), for a report, a refund,
    /// or an order that is being closed: longer than [`Policy::settle_ms`], after which it is certain that nobody paid.
    /// The till does the rest while the next sale waits, or in `settle_open`.
    pub linger_ms: u32,
    /// How long an order that an earlier run left open may still be paid, in milliseconds from when the till resumes it
    /// (default 0: the till asks once, then closes it).
    pub abandoned_ms: u32,
    /// What happens to goods that were paid and not handed out because the power went (default: kept for a person).
    pub unclaimed: Unclaimed,
    /// The `x-client-*` headers of Order Pay.
    pub client: Option<ClientHints>,
    /// The prefix of new order ids, 1 to 28 of `[A-Za-z0-9_-]` (default `till`).
    pub name: Text<28>,
}

/// What happens to goods that were paid and certainly not handed out, when the shopper has gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unclaimed {
    /// They wait for a person, who hands them out or makes a refund.
    #[default]
    Keep,
    /// The till refunds the payment.
    Return,
}

impl Terms {
    /// Terms with these two, and defaults for a small shop.
    pub fn new(environment: Environment, policy: Policy) -> Self {
        Self {
            environment,
            api_version: ApiVersion::default(),
            policy,
            limits: Limits { open: 20, total_minor: 2_000_000, oldest_s: 48 * 3_600 },
            linger_ms: 40_000,
            abandoned_ms: 0,
            unclaimed: Unclaimed::Keep,
            client: None,
            name: Text::cut("till"),
        }
    }
}
