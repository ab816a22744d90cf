//! A terminal's whole program: it sells, one sale after the other, and settles the open sales of its journal meanwhile.
//!
//! Start with [`Till`] (async) or [`blocking::Till`]. You provide a [`Shop`] (screen, goods, clock), a [`Device`]
//! (secret and journal), [`Terms`], and, if you like, an [`Observer`]. [`Life`] is the same without I/O: a pure state
//! machine.

mod answers;
mod back;
pub mod blocking;
#[cfg(feature = "explore")]
#[doc(hidden)]
pub mod canonical;
mod desk;
mod device;
mod ended;
mod errand;
mod error;
mod first;
mod job;
mod keys;
mod life;
mod observer;
mod recover;
mod recovery;
mod refund_ref;
mod run;
pub mod shop;
mod step;
mod terms;
#[allow(clippy::module_inception)] // named after what is in it
mod till;
mod told;
mod turns;
mod wire;

pub use device::Device;
pub use ended::{Done, Ended, MoneyBack, OrderState, Recovered, Refunded, Status, Trouble, Why};
pub use error::TillError;
pub use job::Word;
pub use life::Life;
pub use observer::{Heard, Observer};
pub use refund_ref::RefundRef;
pub use shop::{Choice, Goods, Offer, Seen, Shop, Wish};
pub use step::{Do, Event, Note, Unreadable};
pub use terms::{Terms, Unclaimed};
pub use till::Till;
