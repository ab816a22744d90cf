//! HTTPS for microcontrollers: `pay_core`'s `Transport` with verified TLS 1.3 and HTTP/1.1, without an operating
//! system, a heap or `unsafe`.
//!
//! - A [`Link`] holds one connection: a [`Connect`] implementation (`StackConnector` for an embassy-net stack, feature
//!   `embassy-net`), the caller's [`tls::Buffers`], random source and [`tls::Clock`].
//! - A [`Transport`] is bound to one endpoint and its [`tls::Trust`]. Two of them may share a link.
//! - Every [`Error`] says whether the request can have arrived.
//!
//! ```
//! use core::cell::RefCell;
//! use pay_core::drive::transport::Transport as _;
//! use pay_core::wire::{Endpoint, Request, ResponseHead};
//! use transport_embassy::tls::{Buffers, Clock, RX_FOR_ANY_SERVER, Trust, TrustAnchor};
//! use transport_embassy::{Connect, Error, Link, Transport, rand_core::CryptoRngCore};
//!
//! /// Seconds of the day this program was released: a clock that shows less was never set.
//! const RELEASED_S: u64 = 1_780_272_000;
//!
//! async fn send(
//!     network: impl Connect,
//!     random: impl CryptoRngCore,
//!     clock: impl Clock,
//!     anchors: &[TrustAnchor<'_>],
//!     endpoint: Endpoint,
//!     request: &Request<'_>,
//!     rx: &mut [u8],
//! ) -> Result<ResponseHead, Error> {
//!     // On a microcontroller these two are statics.
//!     let (mut tls_rx, mut tls_tx) = ([0; RX_FOR_ANY_SERVER], [0; 2048]);
//!     let buffers = Buffers::new(&mut tls_rx, &mut tls_tx);
//!     let link = RefCell::new(Link::new(network, buffers, random, clock));
//!     let mut transport = Transport::new(&link, endpoint, Trust::new(anchors, RELEASED_S));
//!     transport.exchange(request, rx).await
//! }
//! ```
//!
//! Features that are on by default, and what they are for:
//!
//! - `embassy-net`: the connector;
//! - `p384` and `rsa`: servers whose chain has such keys, nearly every public one;
//! - `chacha20`: a cipher that is faster without AES hardware;
//! - `x25519`: servers without P-256.
//!
//! With `default-features = false`, for a server that you know, AES-128-GCM and P-256 remain. Features that are off by
//! default: `journal` (stores sales in NOR flash), `p256-cm4` (P-256 in assembly for a Cortex-M4), `public-roots`
//! (Mozilla's roots as anchors).
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod connect;
mod error;
mod exchange;
#[cfg(feature = "journal")]
pub mod journal;
#[cfg(feature = "embassy-net")]
mod race;
mod request;
#[cfg(feature = "embassy-net")]
mod stack;
pub mod tls;

pub use connect::{Connect, ConnectError};
pub use error::{Error, Fault};
pub use exchange::{Link, Transport};
pub use rand_core;
#[cfg(feature = "embassy-net")]
pub use stack::StackConnector;
