//! Under construction.
#![no_std]
#![forbid(unsafe_code)]

pub mod drive;
mod json;
pub mod model;
pub mod sale;
pub mod wire;
