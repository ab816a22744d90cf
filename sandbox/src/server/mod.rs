//! HTTPS on loopback, and a proxy in front of it.

pub(crate) mod certificate;
pub(crate) mod faulty;
pub(crate) mod https;
pub(crate) mod proxy;
