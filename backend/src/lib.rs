#![cfg_attr(feature = "service", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "service"),
    doc = "The merchant's book and the rules around it; the service is behind the feature `service`."
)]
#![forbid(unsafe_code)]

pub mod book;
pub mod rules;

mod answer;
mod budget;
mod call;
mod notice;

#[cfg(feature = "service")]
mod account;
#[cfg(feature = "service")]
mod agenda;
#[cfg(feature = "service")]
mod cache;
#[cfg(feature = "service")]
mod certificate;
#[cfg(feature = "service")]
mod check;
#[cfg(feature = "service")]
mod clock;
#[cfg(feature = "service")]
mod config;
#[cfg(feature = "service")]
mod counter;
#[cfg(feature = "service")]
mod desk;
#[cfg(feature = "service")]
mod door;
#[cfg(all(test, feature = "service"))]
mod fair;
#[cfg(feature = "service")]
mod gateway;
#[cfg(feature = "service")]
mod hook;
#[cfg(feature = "service")]
mod lobby;
#[cfg(feature = "service")]
mod metrics;
#[cfg(feature = "service")]
mod missed;
#[cfg(feature = "service")]
mod monitor;
#[cfg(feature = "service")]
mod pace;
#[cfg(feature = "service")]
mod page;
#[cfg(feature = "service")]
mod password;
#[cfg(feature = "service")]
mod quota;
#[cfg(feature = "service")]
mod recent;
#[cfg(feature = "service")]
mod reconcile;
#[cfg(feature = "service")]
mod seen;
#[cfg(feature = "service")]
mod server;
#[cfg(feature = "service")]
mod sessions;
#[cfg(feature = "service")]
mod share;
#[cfg(all(test, feature = "service"))]
mod simulation;
#[cfg(feature = "service")]
mod store;
#[cfg(feature = "service")]
mod token;
#[cfg(feature = "service")]
mod wait;
#[cfg(feature = "service")]
mod watch;

#[cfg(feature = "service")]
pub use account::MERCHANT;
pub use budget::Limits;
pub use call::Prices;
#[cfg(feature = "service")]
pub use check::{Finding, check};
#[cfg(feature = "service")]
pub use config::{AccountConfig, Config, StartError};
pub use notice::Notice;
#[cfg(feature = "service")]
pub use page::PageConfig;
#[cfg(feature = "service")]
pub use password::MIN as PASSWORD_MIN;
#[cfg(feature = "service")]
pub use reconcile::{Difference, Reconcile, ReconcileError, Reconciled, reconcile};
#[cfg(feature = "service")]
pub use rules::Way;
#[cfg(feature = "service")]
pub use server::Server;
#[cfg(feature = "service")]
pub use store::{
    Database, DeviceToken, ForgetError, Forgotten, KEPT_DAYS, PersonError, TokenError, add_account_token,
    add_direct_token, add_person, add_shop_token, add_token, add_word, forget, listed, people, remove_person,
    revoke_token, tokens,
};
