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
//! - The merchant is told of payments and refunds that end, by webhooks, once [`Server::send_webhooks`] was called.
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
#![cfg_attr(docsrs, feature(doc_cfg))]

mod books;
mod calls;
mod gateway;
mod ground;
mod scenario;
mod server;
mod stage;

pub use books::order::{Order, OrderStatus};
pub use books::payment::{Payment, PaymentStatus};
pub use books::refund::{Refund, RefundStatus};
pub use books::terms::{Listing, Sessions, Unfinished};
pub use gateway::faults::Fault;
pub use gateway::keys::SessionKeys;
pub use gateway::outbox::{Hook, HookFamily, Webhook};
pub use gateway::rate::Limits;
pub use gateway::tally::Tally;
pub use ground::amount::Paise;
pub use ground::http::{Request, Response};
pub use ground::test_data::{CARDS, OTP, Outcome, TEST_BANK, TestCard};
pub use ground::time::UnixMillis;
pub use ground::version::ApiVersion;
pub use ground::wire::{Break, Place, WireFault};
pub use scenario::entry::{SCENARIO_HEADER, Scenario};
pub use scenario::expect::{Expect, Mode};
pub use scenario::list::scenario_table;
pub use scenario::shopper::Means;
pub use server::hook::HookError;
pub use server::https::{Config, Server, StartError};
pub use server::proxy::{Direction, Proxy, Trouble, What};
pub use stage::gateway::Gateway;
pub use stage::rules::Rules;
