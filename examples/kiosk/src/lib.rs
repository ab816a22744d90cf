//! A kiosk's program: it gets an order from the merchant's backend (or takes a session id), pays it by UPI or card over
//! verified TLS, shows the shopper what to do, and asks the backend until it knows how the sale ended.
//!
//! It runs wherever there is a [`Connect`](transport_embassy::Connect): on a microcontroller without an operating system
//! or a heap (`examples/firmware`), and on a desktop (the binary of this package, feature `host`). Both take a
//! [`Config`] and end with the same [`Exit`] codes. A command line is read by the binary alone; a board stores the config as a page.
#![no_std]
#![forbid(unsafe_code)]

mod calendar;
mod card;
mod config;
mod counter;
mod ear;
mod exit;
mod fence;
mod front;
#[cfg(feature = "screen")]
mod graphic;
mod local;
mod notice;
mod page;
mod probe;
mod program;
mod qr;
mod report;
mod sales;
mod screen;
mod symbol;
mod text_screen;
mod vendor;
mod words;

pub use calendar::unix_seconds;
pub use card::CardError;
pub use config::{Backend, Config, ConfigError, Field, LIMITS, Means, Order, Sale, Server, Settings, Side, Task};
pub use exit::Exit;
#[cfg(feature = "screen")]
pub use graphic::{GraphicScreen, Palette};
pub use notice::{Act, Notice, Price};
pub use program::{Machine, Shopper, run};
pub use qr::{LinkProblem, QrPicture};
pub use report::Report;
pub use screen::Screen;
pub use text_screen::TextScreen;
pub use vendor::{Pretend, Vendor};
pub use words::{Language, Words};
