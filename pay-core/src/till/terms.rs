//! What a merchant decides once for a terminal.

use super::super::model::{ApiVersion, Environment, Text};
use super::super::sale::{Limits, Policy};
use super::super::wire::ClientHints;

/// What a merchant decides once for a terminal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Terms {
    /// Where the money is.
    pub environment: Environment,
    /// The version its calls are made with.
    pub api_version: ApiVersion,
    /// How patient and how bold its sales are.
    pub policy: Policy,
    /// How much may be unsettled before a new sale is refused (default: 20 sales, 20,000.00, 48 hours).
    pub limits: Limits,
    /// How long a sale goes on before the shopper once it is decided, in milliseconds (default 30 s): a report, a refund, an
    /// order that is being closed. What is left then is done in the waits of the next sale, or by `settle_open`.
    pub linger_ms: u32,
    /// How long an order that an earlier run left open may still be paid, counted from when it is taken up, in milliseconds
    /// (default 0: it is asked once, then closed).
    pub abandoned_ms: u32,
    /// What becomes of goods that were paid and never handed out because the power went (default: kept for a person).
    pub unclaimed: Unclaimed,
    /// The `x-client-*` headers of Order Pay.
    pub client: Option<ClientHints>,
    /// The beginning of the order ids that are minted, 1 to 28 of `[A-Za-z0-9_-]` (default `till`).
    pub name: Text<28>,
}

/// What becomes of goods that were paid, certainly never handed out, and whose shopper is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unclaimed {
    /// They wait for a person, who hands them out or sends the money back.
    #[default]
    Keep,
    /// The money goes back.
    Return,
}

impl Terms {
    /// With these, and everything else as a small shop wants it.
    pub fn new(environment: Environment, policy: Policy) -> Self {
        Self {
            environment,
            api_version: ApiVersion::default(),
            policy,
            limits: Limits { open: 20, total_minor: 2_000_000, oldest_s: 48 * 3_600 },
            linger_ms: 30_000,
            abandoned_ms: 0,
            unclaimed: Unclaimed::Keep,
            client: None,
            name: Text::cut("till"),
        }
    }
}
