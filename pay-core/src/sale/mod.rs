//! What to do next: the flow from intent to outcome.

pub(crate) mod delivery;

pub use delivery::{Delivery, ErrorKind, Failure};
