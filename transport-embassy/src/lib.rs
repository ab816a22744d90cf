//! `pay_core`'s `Transport` for microcontrollers: verified TLS 1.3 and HTTP/1.1 over any connector, without an operating system,
//! a heap or `unsafe`.
//!
//! A [`Link`] holds one connection: a [`Connect`]or ([`StackConnector`] for an embassy-net stack, feature `embassy-net`), the
//! caller's [`tls::Buffers`], random source and [`tls::Clock`]. A [`Transport`] is bound to one endpoint and its
//! [`tls::Trust`]; two of them may share a link.
//!
//! Features: `embassy-net` (the connector), `p384` and `rsa` (servers with such keys), `public-roots` (a ready set of
//! anchors). None is on by default; P-256 is always there.
#![no_std]
#![forbid(unsafe_code)]

mod connect;
mod error;
mod exchange;
pub mod http;
#[cfg(feature = "embassy-net")]
mod stack;
pub mod tls;

pub use connect::{Connect, ConnectError};
pub use error::{Error, Fault};
pub use exchange::{Link, Transport};
pub use rand_core;
#[cfg(feature = "embassy-net")]
pub use stack::StackConnector;
