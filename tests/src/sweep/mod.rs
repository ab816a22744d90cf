//! The sweep: one payment after another in a world where the power goes at every point and every answer can be wrong.
//!
//! A *case* is a story (what shopper, kiosk and gateway do), a method, who holds the keys, the flash's word size and a
//! seed for the values. A *schedule* is a case and the faults in it. [`explore`] walks all schedules of a case: it plays
//! the case once, and at each point where the power can go it copies the world outside the terminal and lets the
//! terminal boot in the copy, and so on. Nothing depends on time or threads: a schedule's id plays it again.

mod boot;
mod case;
mod checks;
mod explore;
mod extent;
mod facts;
mod fault;
mod flash;
mod journal;
mod network;
mod outside;
mod story;
mod terminal;
mod terms;
mod twin;
mod twist;

pub use case::{Case, Method, Mode};
pub use explore::{Kind, Plan, Tally, explore, replay};
pub use extent::{Extent, Item};
pub use fault::{Fault, Net};
pub use story::{STORIES, Story};
