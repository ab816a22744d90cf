//! HTTPS on loopback, a proxy in front of it, and calls to the merchant.

pub(crate) mod body;
pub(crate) mod certificate;
pub(crate) mod faulty;
pub(crate) mod hook;
pub(crate) mod https;
pub(crate) mod proxy;
