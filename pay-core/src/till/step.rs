//! What a life asks of whoever runs it, and what it is told.

use super::super::model::{NextAction, OrderId, PaymentSessionId};
use super::super::sale::{AttemptEnd, Failure, Millis, Outcome, Record, RouteProblem};
use super::super::wire::{Request, ResponseHead, Route};
use super::ended::Done;
use super::shop::{Choice, Goods, Offer, Seen, Wish};

/// The next thing to do. Each but `Idle` is answered with one [`Event`]; the name of the event stands beside it.
#[must_use]
#[derive(Debug)]
// Exhaustive on purpose: a forgotten arm costs someone money.
#[allow(clippy::exhaustive_enums, clippy::large_enum_variant)]
pub enum Do<'a> {
    /// Store the record durably: [`Event::Stored`].
    Store(&'a Record),
    /// Look the order up in the journal: [`Event::Recalled`].
    Recall(&'a OrderId),
    /// Look up the open record with the lowest order id above this one: [`Event::Recalled`].
    NextOpen(Option<&'a OrderId>),
    /// Send the request once and receive the answer into the buffer: [`Event::Exchanged`].
    Exchange(Request<'a>, &'a mut [u8]),
    /// Close the connection of this route: [`Event::Told`].
    Disconnect(Route),
    /// Tell whoever listens: [`Event::Told`].
    Tell(Note<'a>),
    /// Show this to the shopper: [`Event::Seen`].
    Show(&'a Offer, NextAction<'a>),
    /// Ask how to pay: [`Event::Chosen`].
    Choose(&'a PaymentSessionId, Option<&'a AttemptEnd>),
    /// Hand out the goods: [`Event::Vended`].
    Vend(&'a Offer),
    /// Ask the sensor whether the goods are out: [`Event::Sensed`].
    Sense(&'a OrderId),
    /// Nothing to do before this time: [`Event::Wished`]. A time that has come means: at once.
    Sleep(Millis),
    /// What was begun is done; nothing more to do until something else is begun.
    Idle(Done),
}

/// What happened.
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_enums, clippy::large_enum_variant)] // the answers to `Do`
pub enum Event<'e> {
    /// The record is stored (`true`), or is not.
    Stored(bool),
    /// What the journal has. `Err`: it cannot be read.
    Recalled(Result<Option<&'e Record>, &'e Unreadable>),
    /// What came of an exchange; a body is in `rx[..head.body_len]`.
    Exchanged(Result<ResponseHead, Failure>),
    /// The connection is closed, or somebody was told.
    Told,
    /// What came of showing.
    Seen(Seen),
    /// How to pay.
    Chosen(Choice),
    /// Where the goods are now.
    Vended(Goods),
    /// Where the goods are.
    Sensed(Goods),
    /// Why the sleep ended.
    Wished(Wish),
}

/// The journal, or one record of it, cannot be read. Its own error stays with whoever asked it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // one record, or all
pub enum Unreadable {
    /// The record of this order. It blocks this order and no other.
    Record(OrderId),
    /// The journal as a whole.
    Journal,
}

/// What whoever listens hears of, without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note<'a> {
    /// A sale that the journal had open is taken up.
    Resumed(&'a OrderId),
    /// A sale that the journal had open is done, or is left for another time.
    Settled(&'a Record, Outcome),
    /// An attempt ended, the order is still to be paid.
    AttemptEnded(&'a OrderId, &'a AttemptEnd),
    /// Why nobody said how an order stands.
    Problem(&'a OrderId, RouteProblem),
}
