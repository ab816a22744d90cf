//! A payment method that was read.

use crate::ground::json::Object;
use crate::ground::test_data::Outcome;
use crate::ground::version::ApiVersion;
use serde_json::Value;

/// A payment method that passed all checks.
pub(crate) struct Method {
    /// Its key in the request (`upi`, `card`, `emi`, …).
    pub(crate) key: &'static str,
    /// Its word in `payment_method` of the answer.
    pub(crate) word: &'static str,
    /// The channel that was asked for.
    pub(crate) channel: String,
    /// `payment_group` of payment entities.
    pub(crate) group: &'static str,
    /// The object under `key` in payment entities; no secret is in it.
    pub(crate) shown: Value,
    /// What the customer has to do.
    pub(crate) next: Next,
    /// The result that the test data fixes, if any.
    pub(crate) outcome: Option<Outcome>,
    /// UPI mandate: the money is held, not taken.
    pub(crate) authorize_only: bool,
}

/// What the answer asks of the customer.
pub(crate) enum Next {
    /// Open the gateway's page; members that 2026-01-01 adds to `data`.
    Page(Object),
    /// Open the card page.
    CardPage,
    /// Post a form to the bank.
    CardForm,
    /// Enter the OTP here.
    Otp,
    /// Choose a UPI app.
    UpiLinks,
    /// Approve the request that the UPI app shows.
    Collect { vpa: String, minutes: u64, redirect: bool },
    /// Scan the code.
    Qr,
    /// Transfer to an account.
    Transfer,
}

/// Whether the answer of this version carries the members that 2026-01-01 added to `data`.
pub(crate) fn has_extra_data(version: ApiVersion) -> bool {
    version >= ApiVersion::V2026_01_01
}
