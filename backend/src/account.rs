//! One of the merchant's accounts at the gateway: what is that account's alone.

use std::sync::Arc;

use pay_core::wire::webhook::Keys;

use crate::answer::Answer;
use crate::cache::Cache;
use crate::clock::Clock;
use crate::gateway::Gateway;
use crate::missed::Missed;
use crate::sessions::Sessions;
use crate::wait::Waiters;

/// The account that every backend has: that of [`Config::gateway`](crate::Config::gateway). The others have names of their own.
pub const MERCHANT: &str = "merchant";

/// Whether an account, a shop or a device may be named so.
pub(crate) fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=32).contains(&name.len()) && name.bytes().all(plain)
}

/// What is read, called and told with the keys of one account.
pub(crate) struct Account {
    pub(crate) name: Arc<str>,
    /// With the account's keys and budget.
    pub(crate) gateway: Gateway,
    /// What it answered. Another account's gateway may have another order of the same id.
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
