//! How a sale is made.

use super::super::model::{ApiVersion, Environment};
use super::policy::Policy;

/// How a sale is made.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_structs)] // made by the caller
pub struct Setup {
    /// Where the money is.
    pub environment: Environment,
    /// The version its calls are made with.
    pub api_version: ApiVersion,
    /// How patient and how bold it is.
    pub policy: Policy,
    /// 16 random bytes, fresh for every sale and every boot: request ids and jitter come from them, and by them a journal
    /// tells two sales in memory of one order apart.
    pub seed: [u8; 16],
}
