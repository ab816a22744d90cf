//! The book in its database, for a reconciliation.

use std::io;

use pay_core::model::OrderId;
use pay_core::sale::Millis;

use super::WHO;
use super::recorded::Recorded;
use super::shelf::{Mark, Shelf};
use crate::book::{Entry, Event, Moment, Owner};
use crate::store::{Happened, Store, Told};

/// The orders of one account's devices.
pub(crate) struct OfAccount<'s> {
    pub(crate) store: &'s Store,
    pub(crate) account: &'s str,
}

impl OfAccount<'_> {
    fn has(&self, owner: Owner) -> io::Result<bool> {
        Ok(*self.store.account(owner)? == *self.account)
    }
}

impl Shelf for OfAccount<'_> {
    fn orders(&self, wanted: (u64, u64), after: Option<&Mark>) -> io::Result<(Vec<Recorded>, Option<Mark>)> {
        let told = self.store.told_between(wanted, after.map(|(at, id)| (*at, id.as_str())))?;
        let last = told.last().map(|told| (told.at, told.order.to_string()));
        let mut ours = Vec::new();
        for told in told {
            if self.has(told.owner)? {
                ours.push(recorded(told));
            }
        }
        Ok((ours, last))
    }

    fn order(&self, order: &OrderId) -> io::Result<Option<Recorded>> {
        let Some(told) = self.store.told(order)? else { return Ok(None) };
        Ok(self.has(told.owner)?.then(|| recorded(told)))
    }

    fn is_forgotten(&self, order: &OrderId) -> io::Result<bool> {
        self.store.is_forgotten(order)
    }

    fn owners(&self) -> io::Result<Vec<Owner>> {
        let mut owners = self.store.owners()?;
        let ours = owners.iter().map(|owner| self.has(*owner)).collect::<io::Result<Vec<_>>>()?;
        let mut ours = ours.into_iter();
        owners.retain(|_| ours.next().unwrap_or(false));
        Ok(owners)
    }

    fn say(&self, order: &OrderId, event: &Event, at: Moment) -> io::Result<()> {
        self.store.on(order, event)?;
        // Make the order due: a backend reads it and plans by its own terms.
        self.store.look(order, Millis(at.0))
    }

    fn look(&self, order: &OrderId, at: Moment) -> io::Result<()> {
        let [matter, who, why] = ["look", WHO, "the gateway's reconciliation shows it otherwise"].map(str::to_owned);
        self.say(order, &Event::Person { at, matter, who, why }, at)
    }

    fn take_up(&self, order: &OrderId, owner: Owner, amount: u64, at: Moment) -> io::Result<bool> {
        let is_new = self.store.find(order, owner, amount, at)?.is_some_and(|(_, is_new)| is_new);
        if is_new {
            self.store.look(order, Millis(at.0))?;
        }
        Ok(is_new)
    }
}

fn recorded(told: Told) -> Recorded {
    let mut recorded = Recorded::new(Entry::new(told.order, told.owner, told.amount));
    for happened in told.happened {
        match happened {
            Happened::Old(old) => recorded.entry.on_old(&old),
            Happened::Event(event) => recorded.on(&event),
        }
    }
    recorded
}
