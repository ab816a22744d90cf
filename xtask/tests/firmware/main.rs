//! The kiosk in the emulator against the sandbox and the backend, over verified TLS. `cargo xtask test` builds the image and
//! says where it is.

mod board;
mod chip;
mod curve;
mod faults;
mod flash;
mod forged;
mod guest;
mod handshake;
mod kill;
mod proxy;
mod sales;
mod scenarios;
mod secrets;
mod shop;
mod untrusted;
