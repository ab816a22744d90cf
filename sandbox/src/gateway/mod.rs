//! What stands in front of the calls, and what is told without a call.

pub(crate) mod desk;
pub(crate) mod faults;
pub(crate) mod habits;
pub(crate) mod idempotency;
pub(crate) mod keys;
pub(crate) mod outbox;
pub(crate) mod rate;
pub(crate) mod tally;
