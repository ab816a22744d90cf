#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod answer;
mod book;
mod budget;
mod cache;
mod call;
mod certificate;
mod clock;
mod config;
mod desk;
mod gateway;
mod server;
#[cfg(test)]
mod simulation;
mod store;
mod token;
mod watch;

pub use budget::Limits;
pub use call::Prices;
pub use config::{Config, Notice, StartError};
pub use server::Server;
pub use token::{TokenError, add_token};
