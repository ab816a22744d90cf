//! The steps of a life: what the caller must do, and the result that it reports.

use super::super::model::{NextAction, OrderId, PaymentSessionId};
use super::super::sale::{AttemptEnd, Failure, Millis, Outcome, Record, RouteProblem};
use super::super::wire::{Request, ResponseHead, Route};
use super::ended::Done;
use super::shop::{Choice, Goods, Offer, Seen, Wish};

/// The next thing to do. The caller answers each but `Idle` with one [`Event`], which is named here.
#[must_use]
#[derive(Debug)]
// Exhaustive on purpose: a forgotten arm costs someone money.
#[allow(clippy::exhaustive_enums, clippy::large_enum_variant)]
pub enum Do<'a> {
    /// Store the record durably: [`Event::Stored`].
    Store(&'a Record),
    /// Look up the order in the journal: [`Event::Recalled`].
    Recall(&'a OrderId),
    /// Look up the open record with the lowest order id above this one: [`Event::Recalled`].
    NextOpen(Option<&'a OrderId>),
    /// Send the request once and receive the answer into the buffer: [`Event::Exchanged`].
    Exchange(Request<'a>, &'a mut [u8]),
    /// Close the connection of this route: [`Event::Told`].
    Disconnect(Route),
    /// Tell the observer: [`Event::Told`].
    Tell(Note<'a>),
    /// Show this to the shopper: [`Event::Seen`].
    Show(&'a Offer, NextAction<'a>),
    /// Ask the shopper for a method: [`Event::Chosen`].
    Choose(&'a PaymentSessionId, Option<&'a AttemptEnd>),
    /// Hand out the goods: [`Event::Vended`].
    Vend(&'a Offer),
    /// Ask a sensor whether the goods are out: [`Event::Sensed`].
    Sense(&'a OrderId),
    /// Nothing to do before this time: [`Event::Wished`]. A time that has passed means: ask again at once.
    Sleep(Millis),
    /// The job is done; nothing to do until the next job begins.
    Idle(Done),
}

/// The result of a [`Do`].
#[derive(Clone, Debug)]
#[allow(clippy::exhaustive_enums, clippy::large_enum_variant)] // the answers to `Do`
pub enum Event<'e> {
    /// Whether the record is stored.
    Stored(bool),
    /// The journal's record, if it has one. `Err`: it cannot be read.
    Recalled(Result<Option<&'e Record>, &'e Unreadable>),
    /// The result of an exchange; the body is in `rx[..head.body_len]`.
    Exchanged(Result<ResponseHead, Failure>),
    /// The connection is closed, or the observer was told.
    Told,
    /// The result of showing an action.
    Seen(Seen),
    /// The shopper's choice.
    Chosen(Choice),
    /// Where the goods are after handing out.
    Vended(Goods),
    /// Where the sensor says the goods are.
    Sensed(Goods),
    /// Why the sleep ended.
    Wished(Wish),
}

/// The journal, or one record of it, cannot be read. The caller keeps the journal's own error.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // one record, or all
pub enum Unreadable {
    /// The record of this order. It blocks this order only.
    Record(OrderId),
    /// The journal as a whole.
    Journal,
}

/// What an observer is told, without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note<'a> {
    /// The till resumes an open sale of the journal.
    Resumed(&'a OrderId),
    /// A resumed sale is done, or left for later.
    Settled(&'a Record, Outcome),
    /// An attempt ended; the order can still be paid.
    AttemptEnded(&'a OrderId, &'a AttemptEnd),
    /// Why the till could not learn how an order stands.
    Problem(&'a OrderId, RouteProblem),
}
