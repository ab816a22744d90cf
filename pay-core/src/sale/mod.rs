//! One sale, from intent to outcome, as a pure state machine: time and entropy are arguments, I/O is a [`Step`].
//!
//! [`Sale`] says what to send, store, show or wait for; [`Driver`](crate::Driver) does it. [`Record`] is what a journal
//! stores, [`Outcome`] how a sale ended, [`Policy`] what the merchant decides.

#[cfg(feature = "explore")]
pub(crate) mod canonical;
mod command;
pub(crate) mod delivery;
mod image;
mod limits;
mod listing;
mod on_ask;
mod on_pay;
mod on_refund;
mod on_release;
mod outcome;
mod pause;
mod phase;
mod policy;
mod record;
mod recovered;
mod release;
mod settle;
mod setup;
mod state;
mod step;
mod time;
mod token;

pub use delivery::{Delivery, ErrorKind, Failure};
pub use image::ImageError;
pub use limits::{Exposure, LimitReached, Limits};
pub use phase::{RouteProblem, Switch};
pub use policy::{Policy, Refunds};
pub use record::{
    Attempt, AttemptEnd, AttemptState, Conflict, MAX_ATTEMPTS, NotPaid, Record, RefusedBy, Return, Returned, Stage,
};
pub use release::{AfterCut, Release, VendToken};
pub use settle::{NOT_ATTEMPTED_MS, Quiet, ReadAt, Settling, Standing};
pub use setup::Setup;
pub use state::Sale;
pub use step::{Buffers, Commit, Connection, InFlight, Outcome, SaleError, Step};
pub use time::Millis;
pub(crate) use token::Token;
