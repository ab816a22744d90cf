//! What a shopper sees, for a demonstration that is played by hand: the bank's page, the prompt of a phone's UPI app, and a list of
//! what waits. No script, and nothing from elsewhere.
//!
//! [`answer`](site::answer) is a pure function of the gateway's state, the request and the time. The buttons end payments by the same
//! functions as `POST /simulate` and the OTP call.

pub(crate) mod asked;
pub(crate) mod layout;
pub(crate) mod payment;
pub(crate) mod shown;
pub(crate) mod site;
pub(crate) mod waiting;
