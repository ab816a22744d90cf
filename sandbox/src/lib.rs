//! A local stand-in for the payment gateway, for tests, demonstrations and work without an account.
//!
//! [`Gateway::handle`] has the rules: a pure function of state, request, time and seed. They come from the gateway's
//! public documents and use no code of this workspace, so client and sandbox check each other. [`Server`] serves them
//! over HTTPS on a loopback address. Risk rules, fees and settlement of the real gateway are not modelled. What the
//! documents leave open is a switch in [`Rules`].
//!
//! - It accepts only the card numbers of [`CARDS`]; the OTP is [`OTP`].
//! - An attempt waits for `POST /simulate`, its OTP, or [`Rules::settle_after_ms`]. Collect requests to the test VPAs
//!   (`testsuccess@gocash`, `testfailure@gocash`, …) end by themselves: after that time, or at the next request.
//! - [`Server::page_url`] is a page for a browser, where a person plays the shopper: a phone's UPI prompt, the bank's page, its OTP. The
//!   URLs in the gateway's answers lead to these pages, too.
//! - RuPay test cards answer with a form, others with a page. With channel `post`, corporate test cards have no native
//!   OTP and fall back to the bank's page.
//! - Any id of the right form is a saved card (`instrument_id`). An expiry date in the past is accepted, because the
//!   documents' samples have one.
//! - Absent values are sent as null, as the gateway does although its newer specifications do not say so. Apart from
//!   null, every answer is meant to be valid against the specification of its version.
//! - Pages that the customer has not opened are NOT_ATTEMPTED; every other waiting attempt is PENDING. A success after
//!   FAILED or USER_DROPPED is possible; on a closed order it becomes CANCELLED. A mandate (`authorize_only`) succeeds
//!   without capture and leaves its order ACTIVE.
//! - A collect request with `upi_redirect_url` answers `action: "link"`, because `collect` is not in the
//!   specification's list. Members outside the specification are refused on Order Pay, OTP, refund, terminate and
//!   simulate calls, and ignored when an order is created.
//! - A call that a version does not have is a "bad URL" with status 400.
//! - `POST /recon` has payments, refunds and disputes ([`Gateway::dispute`]), in the order of their times, and no
//!   settlements. What took no money has the amount 0 there, as in the specification's example.
//! - After [`Server::send_webhooks`] the sandbox sends webhooks for payments and refunds that end.
//! - What the documents leave open, and faults of the gateway, network and shopper, are numbered [`Scenario`]s. A
//!   [`Proxy`] in between disturbs the bytes of any connection.
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
mod page;
mod scenario;
mod server;
mod stage;

pub use books::order::{Order, OrderStatus};
pub use books::payment::{Payment, PaymentStatus};
pub use books::refund::{Refund, RefundStatus};
pub use books::terms::{Listing, Sessions, Unfinished};
pub use gateway::faults::Fault;
pub use gateway::habits::{Habits, PodQr};
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
