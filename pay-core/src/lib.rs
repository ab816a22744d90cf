#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::std_instead_of_core, clippy::alloc_instead_of_core, clippy::float_arithmetic)]

pub mod drive;
mod json;
pub mod model;
pub mod sale;
pub mod till;
pub mod wire;

pub use drive::{DriveError, Driver, Journal, MemoryJournal, Need, Routes, Transport};
pub use model::{Amount, ApiVersion, Environment, IdempotencyKey, NextAction, OrderId, OrderPay, PaymentSessionId};
pub use sale::{Buffers, Millis, Outcome, Policy, Sale};
pub use wire::{Auth, Endpoint};
