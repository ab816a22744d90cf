#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod config;
mod connect;
#[cfg(feature = "journal")]
mod device;
mod error;
mod exchange;
#[cfg(feature = "journal")]
mod journal;
mod progress;
mod race;
mod stream;

pub use config::{Config, Roots, SetupError};
#[cfg(feature = "journal")]
pub use device::{Device, DeviceError};
pub use error::{Distrust, Error, Phase, Problem};
pub use exchange::HttpsTransport;
#[cfg(feature = "journal")]
pub use journal::{Entry, FileJournal, JournalError};
