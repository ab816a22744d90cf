//! The kiosk in the emulator against the sandbox and the backend, over verified TLS. `cargo xtask test` builds the image and
//! says where it is.

mod board;
mod chip;
mod faults;
mod flash;
mod guest;
mod kill;
mod proxy;
mod sales;
mod scenarios;
mod secrets;
mod shop;
mod untrusted;
