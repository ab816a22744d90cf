//! One life for many that behave alike, for the exploration of all states: see [`Sale`](crate::Sale)'s own part of it.

use super::super::model::OrderId;
use super::super::sale::Record;
pub use super::super::sale::canonical::{Caps, NOON, NOON_DATE, View};
use super::super::wire::Route;
use super::desk::{Desk, Said};
use super::ended::Done;
use super::job::Job;
use super::life::{Asked, Life};
use super::terms::Terms;

/// What of the two buffers a life still needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)] // for the exploration
pub struct Keeps {
    /// So much of `tx`.
    pub tx: usize,
    /// `rx`.
    pub rx: bool,
}

/// Brings a life, if there is one, and its journal to their canonical form. Only between an [`Event`](super::Event) and the next
/// [`Do`](super::Do).
pub fn canonical(life: Option<&mut Life>, journal: &mut [Record], view: &View) -> Keeps {
    let mut keeps = Keeps { tx: 0, rx: false };
    let Some(life) = life else {
        for record in journal {
            record.canonical(view);
        }
        return keeps;
    };
    life.keys.drawn = 0;
    life.ended = None;
    life.done = Done::Nothing;
    life.asked = Asked::Nobody;
    life.route = Route::Ask;
    if let Job::Settle { until } = &mut life.job {
        *until = view.limit(*until);
    }
    life.back.rest = view.due(life.back.rest);
    life.back.open = 0;
    let fronts = life.front.as_ref().map(|desk| desk.sale.power_on());
    let backs = life.back.desk.as_ref().map(|desk| desk.sale.power_on());
    let orders = [&life.front, &life.back.desk].map(|desk| desk.as_ref().map(|desk| desk.order_id().clone()));
    if let Some(desk) = &mut life.front {
        desk.canonical(view, 1, kept(journal, orders[0].as_ref()), 1, &life.terms);
        keeps.tx = desk.sale.keeps_tx();
        keeps.rx = desk.sale.keeps_rx();
    }
    if let Some(desk) = &mut life.back.desk {
        desk.canonical(view, 2, kept(journal, orders[1].as_ref()), if fronts == backs { 1 } else { 2 }, &life.terms);
        keeps.tx = keeps.tx.max(desk.sale.keeps_tx());
        keeps.rx |= desk.sale.keeps_rx();
    }
    if let Some(desk) = &mut life.front {
        desk.sale.forget_problem();
    } else if let Some(desk) = &mut life.back.desk {
        // Only in a shopper's waits does a sale make room when nobody answers.
        desk.sale.forget_problem();
    }
    if keeps.tx == 0 {
        for desk in [&mut life.front, &mut life.back.desk].into_iter().flatten() {
            desk.sale.forget_wipe();
        }
    }
    for record in journal.iter_mut().filter(|record| !orders.iter().flatten().any(|order| *order == record.order_id)) {
        record.canonical(view);
    }
    keeps
}

/// Which phase the sales of a life are in, and how they stand: the shopper's, and the one beside it.
pub fn places(life: &Life) -> [Option<(&'static str, &'static str)>; 2] {
    [&life.front, &life.back.desk].map(|desk| desk.as_ref().map(|desk| desk.sale.place()))
}

fn kept<'j>(journal: &'j mut [Record], order: Option<&OrderId>) -> Option<&'j mut Record> {
    journal.iter_mut().find(|record| Some(&record.order_id) == order)
}

impl Desk {
    fn canonical(&mut self, view: &View, number: u8, kept: Option<&mut Record>, power_on: u32, terms: &Terms) {
        self.sale.canonical(view, number, kept, self.token.as_mut(), power_on);
        self.since = if terms.abandoned_ms == 0 { NOON } else { view.since(self.since) };
        self.decided = self.decided.map(|at| view.over(at, terms.linger_ms));
        if !self.attended {
            // Nobody waits for it.
            self.decided = None;
        }
        if let Said::Wait(at) = &mut self.said {
            *at = view.due(*at);
        }
        self.store.failures = self.store.failures.min(view.caps.failures.max(4));
        self.store.at = view.due(self.store.at);
        self.store.until = view.limit(self.store.until);
    }
}
