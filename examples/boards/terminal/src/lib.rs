//! What all boards share: memory, the end of a program that went wrong, the screen on a serial line, sales.

#![no_std]
#![deny(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]

mod journal;
mod memory;
mod panic;
mod sales;
mod serial;

pub use journal::journal;
pub use memory::provisioned_address;
pub use sales::{Board, Sales};
