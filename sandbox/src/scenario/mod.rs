//! Numbered scenarios: what a gateway, a network and a shopper can do to a sale, and how the terminal must come out of it.
//!
//! A scenario is chosen by the header `x-sandbox-scenario: SB-07` on any call, by the order's amount (9901.07 is SB-07,
//! 9902.07 is SB-107), or for all orders by [`Rules::scenario`](crate::Rules::scenario); the first that names one decides,
//! and it sticks to the order. `docs/scenarios.md` lists them.

pub(crate) mod act;
pub(crate) mod edit;
pub(crate) mod entry;
pub(crate) mod expect;
pub(crate) mod list;
pub(crate) mod shopper;
pub(crate) mod table;
