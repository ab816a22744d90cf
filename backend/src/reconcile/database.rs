//! The book in its database, as a reconciliation sees it.

use std::io;

use pay_core::model::OrderId;
use pay_core::sale::Millis;

use super::WHO;
use super::recorded::Recorded;
use super::shelf::{Mark, Shelf};
use crate::book::{Entry, Event, Moment, Owner};
use crate::store::{Happened, Store, Told};

impl Shelf for Store {
    fn orders(&self, wanted: (u64, u64), after: Option<&Mark>) -> io::Result<(Vec<Recorded>, Option<Mark>)> {
        let told = self.told_between(wanted, after.map(|(at, id)| (*at, id.as_str())))?;
        let last = told.last().map(|told| (told.at, told.order.to_string()));
        Ok((told.into_iter().map(recorded).collect(), last))
    }

    fn order(&self, order: &OrderId) -> io::Result<Option<Recorded>> {
        Ok(self.told(order)?.map(recorded))
    }

    fn is_forgotten(&self, order: &OrderId) -> io::Result<bool> {
        self.is_forgotten(order)
    }

    fn owners(&self) -> io::Result<Vec<Owner>> {
        self.owners()
    }

    fn say(&self, order: &OrderId, event: &Event, at: Moment) -> io::Result<()> {
        self.on(order, event)?;
        // A backend visits it, and plans by its own terms.
        self.look(order, Millis(at.0))
    }

    fn look(&self, order: &OrderId, at: Moment) -> io::Result<()> {
        let [matter, who, why] = ["look", WHO, "the gateway's reconciliation shows it otherwise"].map(str::to_owned);
        Shelf::say(self, order, &Event::Person { at, matter, who, why }, at)
    }

    fn take_up(&self, order: &OrderId, owner: Owner, amount: u64, at: Moment) -> io::Result<bool> {
        let is_new = self.find(order, owner, amount, at)?.is_some_and(|(_, is_new)| is_new);
        if is_new {
            self.look(order, Millis(at.0))?;
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
