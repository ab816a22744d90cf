//! What stands in front of the calls.

pub(crate) mod desk;
pub(crate) mod faults;
pub(crate) mod idempotency;
pub(crate) mod keys;
pub(crate) mod rate;
