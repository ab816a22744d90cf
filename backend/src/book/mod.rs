//! The merchant's book: what is known of each order, and what is owed for it.
//!
//! A pure state machine: events in ([`Event`]), duties out ([`Duty`]). No I/O and no clock, so the same code runs in the service
//! and in the proof. Every word of the gateway is an open set: one that is unknown here never means that money moved or cannot move.
//!
//! An event either changes what is kept of an order ([`Effect::News`]: keep it before anything follows from it), or nothing but the
//! pace of looking ([`Effect::Pace`]). Whoever replays the events that were news has the same book again.

mod attempt;
#[cfg(feature = "explore")]
mod canonical;
mod duty;
mod entry;
mod event;
mod hint;
mod old;
mod owner;
mod refund;
mod release;
mod settle;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use pay_core::model::OrderId;
use pay_core::sale::Millis;

pub use attempt::Attempt;
pub use duty::{Duty, Matter};
pub use entry::Entry;
pub use event::{Decision, Event, Moment, Reading, SeenPayment, SeenRefund, Told};
pub use old::Old;
pub use owner::Owner;
pub use refund::{Back, MadeRefund};
pub use settle::AFTER_H;

/// What the merchant wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_structs)] // made by the caller
pub struct Terms {
    /// How long an order can be paid, in milliseconds.
    pub life_ms: u64,
    /// First pause between two looks at an order; each is twice the one before, up to 10 minutes.
    pub first_look_ms: u64,
    /// Of an order that was paid and never reported on.
    pub unreported: Unreported,
}

/// What becomes of an order that was paid, and of whose goods nobody ever said anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)] // a choice of the merchant's
pub enum Unreported {
    /// A person is told.
    #[default]
    Tell,
    /// After so many hours the money goes back, unless the right to hand out was granted: then a person is told.
    RefundAfter(u16),
}

/// What an event came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)] // a forgotten arm loses an event
pub enum Effect {
    /// What is kept has changed: keep the event, then answer 200 or, if `conflict`, 409.
    News {
        /// It goes against what was reported or decided before.
        conflict: bool,
    },
    /// Nothing to keep.
    Pace {
        /// It goes against what was reported or decided before.
        conflict: bool,
    },
    /// The payments must be read before this can be answered.
    ReadFirst,
}

impl Effect {
    /// It goes against what was reported or decided before: answered with 409.
    pub const fn is_conflict(self) -> bool {
        matches!(self, Self::News { conflict: true } | Self::Pace { conflict: true })
    }
}

/// All orders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Book {
    orders: BTreeMap<OrderId, Entry>,
    epochs: BTreeMap<Owner, u64>,
}

impl Book {
    /// Notes that a device wants an order. `false`: there is one of this id.
    pub fn want(&mut self, order: OrderId, owner: Owner, amount: u64) -> bool {
        if self.orders.contains_key(&order) {
            return false;
        }
        self.orders.insert(order.clone(), Entry::new(order, owner, amount));
        true
    }

    /// Notes an order that only the gateway knew, with [`Event::Found`]. `false`: there is one of this id.
    pub fn find(&mut self, order: OrderId, owner: Owner, amount: u64, at: Moment) -> bool {
        let is_new = self.want(order.clone(), owner, amount);
        if is_new {
            self.on(&order, &Event::Found { at });
        }
        is_new
    }

    /// What is known of an order.
    pub fn entry(&self, order: &OrderId) -> Option<&Entry> {
        self.orders.get(order)
    }

    /// All orders.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.orders.values()
    }

    /// What an event would come to, and the entry after it. `None`: there is no such order.
    pub fn after(&self, order: &OrderId, event: &Event) -> Option<(Entry, Effect)> {
        let mut next = self.orders.get(order)?.clone();
        let effect = next.on(event);
        Some((next, effect))
    }

    /// Puts what [`Book::after`] gave in its place.
    pub fn put(&mut self, entry: Entry) {
        self.orders.insert(entry.order().clone(), entry);
    }

    /// [`Book::after`] and [`Book::put`].
    pub fn on(&mut self, order: &OrderId, event: &Event) -> Option<Effect> {
        let (next, effect) = self.after(order, event)?;
        self.put(next);
        Some(effect)
    }

    /// Takes over a line of a log of the first form. `false`: it fits nothing here.
    pub fn on_old(&mut self, order: &OrderId, old: &Old) -> bool {
        if let Old::Wanted { owner, amount } = old {
            return Owner::parse(owner).is_some_and(|owner| self.want(order.clone(), owner, *amount));
        }
        let Some(entry) = self.orders.get_mut(order) else { return false };
        entry.on_old(old);
        true
    }

    /// The epoch of a device: calls of an older one are refused.
    pub fn epoch(&self, owner: &Owner) -> u64 {
        self.epochs.get(owner).copied().unwrap_or(0)
    }

    /// A device lost its journal, or was replaced: from now on only calls of this epoch are taken.
    pub fn raise_epoch(&mut self, owner: Owner, epoch: u64) {
        let kept = self.epochs.entry(owner).or_default();
        *kept = epoch.max(*kept);
    }

    /// The orders of a device that it may still have something to do about.
    pub fn open_orders<'b>(&'b self, owner: &'b Owner) -> impl Iterator<Item = &'b OrderId> {
        self.orders.values().filter(move |entry| entry.owner() == owner && entry.is_open()).map(Entry::order)
    }

    /// What people have to do, order by order.
    pub fn matters(&self, terms: Terms, now: Millis) -> impl Iterator<Item = (&OrderId, Matter)> {
        self.orders.values().flat_map(move |entry| {
            let order = entry.order();
            entry.matters(terms, now).into_iter().map(move |matter| (order, matter))
        })
    }
}
