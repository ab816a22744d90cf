//! What a reconciliation needs of the book: to read its orders one after the other, and to store a few events.

use std::io;

use pay_core::model::OrderId;

use super::recorded::Recorded;
use crate::book::{Event, Moment, Owner};

/// Where to go on reading the book: time and id of the last order read.
pub(crate) type Mark = (u64, String);

/// The book of orders: the service keeps it in a database, tests in memory.
pub(crate) trait Shelf {
    /// The next orders that were wanted between these times, in milliseconds; empty after the last.
    ///
    /// # Errors
    /// It cannot be read.
    fn orders(&self, wanted: (u64, u64), after: Option<&Mark>) -> io::Result<(Vec<Recorded>, Option<Mark>)>;
    /// An order.
    ///
    /// # Errors
    /// It cannot be read.
    fn order(&self, order: &OrderId) -> io::Result<Option<Recorded>>;
    /// Whether an order with this id existed and was forgotten.
    ///
    /// # Errors
    /// It cannot be read.
    fn is_forgotten(&self, order: &OrderId) -> io::Result<bool>;
    /// All devices that ever had a token.
    ///
    /// # Errors
    /// They cannot be read.
    fn owners(&self) -> io::Result<Vec<Owner>>;
    /// Applies and stores an event of an order.
    ///
    /// # Errors
    /// It cannot be kept.
    fn say(&self, order: &OrderId, event: &Event, at: Moment) -> io::Result<()>;
    /// Makes a backend read an order again.
    ///
    /// # Errors
    /// It cannot be kept.
    fn look(&self, order: &OrderId, at: Moment) -> io::Result<()>;
    /// Adds an order that only the gateway knew. `false`: the book knows it by now, or has forgotten it.
    ///
    /// # Errors
    /// It cannot be kept.
    fn take_up(&self, order: &OrderId, owner: Owner, amount: u64, at: Moment) -> io::Result<bool>;
}
