//! A shopper who wants their money back through their bank.

use crate::ground::time::UnixMillis;

/// A dispute in the books: the bank has taken the money back until it is decided.
#[derive(Clone, Debug)]
pub(crate) struct Dispute {
    pub(crate) id: u64,
    /// The place in the books of its payment.
    pub(crate) place: usize,
    pub(crate) at: UnixMillis,
}
