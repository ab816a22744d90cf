//! What the examples share: the way to the gateway.
#![cfg_attr(target_os = "none", no_std)]
#![forbid(unsafe_code)]

#[cfg(not(target_os = "none"))]
mod gateway;

#[cfg(not(target_os = "none"))]
pub use gateway::gateway;
