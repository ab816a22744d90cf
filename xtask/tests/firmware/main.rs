//! The kiosk in the emulator against the sandbox and the backend, over verified TLS. `cargo xtask test` builds the image and
//! says where it is.

mod board;
mod faults;
mod guest;
mod proxy;
mod sales;
mod secrets;
mod shop;
mod untrusted;
