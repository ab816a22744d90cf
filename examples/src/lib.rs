//! What the examples share: the way to the gateway, and a log of what went wrong.
#![cfg_attr(target_os = "none", no_std)]
#![forbid(unsafe_code)]

#[cfg(not(target_os = "none"))]
mod gateway;
#[cfg(not(target_os = "none"))]
mod log;

#[cfg(not(target_os = "none"))]
pub use gateway::gateway;
#[cfg(not(target_os = "none"))]
pub use log::Log;

/// The Rust in the README is compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

/// The Rust in the first steps is compiled.
#[cfg(doctest)]
#[doc = include_str!("../../docs/getting-started-desktop.md")]
pub struct GettingStarted;
