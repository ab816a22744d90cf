//! The backend over real HTTPS, in front of a sandbox in the same process.

mod access;
mod book;
mod orders;
mod program;
mod rates;
mod recover;
mod refunds;
mod shop;
