//! One of the merchant's accounts at the gateway, and what belongs to it alone.

use std::sync::Arc;

use pay_core::wire::webhook::Keys;

use crate::answer::Answer;
use crate::cache::Cache;
use crate::clock::Clock;
use crate::gateway::Gateway;
use crate::missed::Missed;
use crate::sessions::Sessions;
use crate::wait::Waiters;

/// The name of the account that every backend has: the one of [`Config::gateway`](crate::Config::gateway).
pub const MERCHANT: &str = "merchant";

/// Whether this is a valid name of an account, a shop or a device.
pub(crate) fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=32).contains(&name.len()) && name.bytes().all(plain)
}

/// What uses the keys of one account: gateway, cache, waiting devices.
pub(crate) struct Account {
    pub(crate) name: Arc<str>,
    /// With the account's keys and budget.
    pub(crate) gateway: Gateway,
    /// The gateway's answers. Another account may have another order with the same id.
    pub(crate) cache: Cache<Answer>,
    pub(crate) sessions: Sessions,
    pub(crate) missed: Missed,
    pub(crate) waiters: Arc<Waiters>,
    pub(crate) webhooks: Option<Keys>,
}

impl Account {
    pub(crate) fn new(name: &str, gateway: Gateway, webhooks: Option<Keys>, clock: Clock) -> Self {
        Self {
            name: name.into(),
            gateway,
            cache: Cache::new(clock),
            sessions: Sessions::default(),
            missed: Missed::default(),
            waiters: Arc::default(),
            webhooks,
        }
    }
}
