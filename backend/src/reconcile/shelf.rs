//! The book, as a reconciliation sees it: orders one after the other, and little that it says to them.

use std::io;

use pay_core::model::OrderId;

use super::recorded::Recorded;
use crate::book::{Event, Moment, Owner};

/// Where a part of the book ends, for the next one: when its last order was wanted, and its id.
pub(crate) type Mark = (u64, String);

/// The book of orders. The service has it in a database, tests in memory.
pub(crate) trait Shelf {
    /// The next orders that were wanted from and to these times, in milliseconds; none after the last.
    ///
    /// # Errors
    /// It cannot be read.
    fn orders(&self, wanted: (u64, u64), after: Option<&Mark>) -> io::Result<(Vec<Recorded>, Option<Mark>)>;
    /// An order.
    ///
    /// # Errors
    /// It cannot be read.
    fn order(&self, order: &OrderId) -> io::Result<Option<Recorded>>;
    /// There was an order of this id, and it is forgotten.
    ///
    /// # Errors
    /// It cannot be read.
    fn is_forgotten(&self, order: &OrderId) -> io::Result<bool>;
    /// Every device that ever had a token.
    ///
    /// # Errors
    /// They cannot be read.
    fn owners(&self) -> io::Result<Vec<Owner>>;
    /// Says what happened to an order.
    ///
    /// # Errors
    /// It cannot be kept.
    fn say(&self, order: &OrderId, event: &Event, at: Moment) -> io::Result<()>;
    /// Has a backend read an order again.
    ///
    /// # Errors
    /// It cannot be kept.
    fn look(&self, order: &OrderId, at: Moment) -> io::Result<()>;
    /// Takes up an order that only the gateway knew. `false`: it is known by now, or forgotten.
    ///
    /// # Errors
    /// It cannot be kept.
    fn take_up(&self, order: &OrderId, owner: Owner, amount: u64, at: Moment) -> io::Result<bool>;
}
