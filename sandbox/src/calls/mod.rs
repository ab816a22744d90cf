//! What each call does to the books.

pub(crate) mod action;
pub(crate) mod call;
pub(crate) mod card;
pub(crate) mod check;
pub(crate) mod listing;
pub(crate) mod method;
pub(crate) mod methods;
pub(crate) mod notice;
pub(crate) mod order;
pub(crate) mod otp;
pub(crate) mod payment;
pub(crate) mod qr;
pub(crate) mod recon;
pub(crate) mod refund;
pub(crate) mod route;
pub(crate) mod simulate;
pub(crate) mod upi;
