//! Scenarios, played around the gateway.

pub(crate) mod gateway;
pub(crate) mod handle;
pub(crate) mod judge;
pub(crate) mod play;
pub(crate) mod rules;
