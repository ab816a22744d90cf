//! A stand-in for the payment gateway, for tests, demonstrations and work without an account.
//!
//! The rules are [`Gateway::handle`]: a pure function of state, request, time and seed, read from the gateway's public
//! documents and from nothing of this workspace, so that client and sandbox check each other. [`Server`] puts them
//! behind HTTPS on a loopback address. It is no model of the real gateway's risk rules, fees or settlement, and what
//! the documents leave open is a switch in [`Rules`].
//!
//! - Only the card numbers of [`CARDS`] are taken; the OTP is [`OTP`].
//! - An attempt waits until `POST /simulate`, its OTP, or [`Rules::settle_after_ms`]. Collect requests to the test
//!   VPAs (`testsuccess@gocash`, `testfailure@gocash`, …) end by themselves: after that time, or by the next request.
//! - RuPay test cards answer with a form, others with a page; with channel `post` corporate test cards have no native
//!   OTP and fall back to the bank's page.
//! - A saved card (`instrument_id`) can be any id of the right form. An expiry date in the past is taken, as the
//!   documents' samples have it.
//! - Absent values are sent as null, as the gateway does although its newer specifications do not say so; apart from
//!   null every answer is meant to be valid against the specification of its version.
//! - Pages that the customer has not opened are NOT_ATTEMPTED, everything else that waits is PENDING. A success after
//!   FAILED or USER_DROPPED is possible; on an order that has closed it becomes CANCELLED. A mandate
//!   (`authorize_only`) succeeds without being captured and leaves its order ACTIVE.
//! - A collect request with `upi_redirect_url` answers `action: "link"`, since `collect` is not in the specification's
//!   list. Members outside the specification are refused on Order Pay, OTP, refund, terminate and simulate calls, and
//!   ignored when an order is made.
//! - A call that a version has not got is a "bad URL" of status 400.
//! - What the documents leave open, and everything that goes wrong in the world, are numbered [`Scenario`]s; what goes
//!   wrong with the bytes of a connection, whatever they carry, is the business of a [`Proxy`] in between.
//!
//! ```
//! let server = sandbox::Server::start(sandbox::Config::default())?;
//! assert!(server.url().starts_with("https://127.0.0.1:"));
//! assert_eq!(server.gateway().orders().count(), 0);
//! # Ok::<(), sandbox::StartError>(())
//! ```
#![forbid(unsafe_code)]

mod action;
mod amount;
mod card;
mod certificate;
mod check;
mod dice;
mod error;
mod faults;
mod faulty;
mod gateway;
mod http;
mod idempotency;
mod json;
mod listing;
mod method;
mod order;
mod otp;
mod payment;
mod proxy;
mod qr;
mod rate;
mod refund;
mod route;
mod rules;
mod scenario;
mod server;
mod simulate;
mod stranger;
mod test_data;
mod time;
mod upi;
mod version;

pub use amount::Paise;
pub use faults::Fault;
pub use gateway::Gateway;
pub use http::{Request, Response};
pub use order::{Order, OrderStatus};
pub use payment::{Payment, PaymentStatus};
pub use proxy::{Direction, Proxy, Trouble, What};
pub use rate::Limits;
pub use refund::{Refund, RefundStatus};
pub use rules::{Listing, Rules, SessionKeys, Sessions, Unfinished};
pub use scenario::{Break, Expect, Means, Mode, Place, SCENARIO_HEADER, Scenario, WireFault, scenario_table};
pub use server::{Config, Server, StartError};
pub use test_data::{CARDS, OTP, Outcome, TEST_BANK, TestCard};
pub use time::UnixMillis;
pub use version::ApiVersion;
