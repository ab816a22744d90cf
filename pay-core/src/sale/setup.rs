//! The settings of a new sale.

use super::super::model::{ApiVersion, Environment};
use super::policy::Policy;

/// The settings of a new sale.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs)] // made by the caller
pub struct Setup {
    /// Sandbox or production.
    pub environment: Environment,
    /// The API version of its calls.
    pub api_version: ApiVersion,
    /// How long it waits, and what it may repeat.
    pub policy: Policy,
    /// 16 random bytes, fresh for every sale and every boot. Request ids and jitter come from them, and a journal uses
    /// them to distinguish two sales in memory of one order.
    pub seed: [u8; 16],
}
