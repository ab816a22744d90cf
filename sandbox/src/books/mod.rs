//! What the gateway remembers.

pub(crate) mod dispute;
pub(crate) mod ledger;
pub(crate) mod order;
pub(crate) mod otp;
pub(crate) mod payment;
pub(crate) mod refund;
pub(crate) mod terms;
