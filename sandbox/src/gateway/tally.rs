//! What was called, for whoever measures a merchant.

use crate::calls::route::Route;

/// Calls so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// `GET /orders/{id}`, `GET …/payments` and `GET …/payments/{id}`.
    pub readings: u64,
    /// Answers of 429, to any call.
    pub throttled: u64,
}

impl Tally {
    pub(crate) fn count(&mut self, route: Option<&Route<'_>>, status: u16) {
        let reads = matches!(route, Some(Route::GetOrder(_) | Route::Payments(_) | Route::Payment(..)));
        self.readings += u64::from(reads);
        self.throttled += u64::from(status == 429);
    }
}
