//! The trait that stores sales over power cuts.

use super::super::model::OrderId;
use super::super::sale::{Conflict, Record};

/// Stores one record per sale, by its order id.
///
/// Cancellation: a dropped [`Journal::store`] counts as failed. The previous record is there, or this one; never
/// neither.
// Executors of microcontrollers run on one core: futures need not be `Send`.
#[allow(async_fn_in_trait)]
pub trait Journal {
    /// What can go wrong.
    type Error: core::error::Error;

    /// Stores a record durably, in place of an older one (a lower [`Record::seq`]) of the same order.
    ///
    /// # Errors
    /// The caller must not act on the record: it stores it again, or the sale does not go on. A full journal is an
    /// error for a new order, never for one that it has. So is a [`Conflict`] with a stored record, of this order
    /// ([`Record::may_replace`]) or of another with the same key ([`Record::shares_key_with`]).
    async fn store(&mut self, record: &Record) -> Result<(), Self::Error>;

    /// Returns the open record with the lowest order id above `after`: repeated calls return all of them.
    ///
    /// # Errors
    /// The journal cannot be read.
    async fn next_open(&mut self, after: Option<&OrderId>) -> Result<Option<Record>, Self::Error>;

    /// Returns the record of this order: open, or closed and still stored.
    ///
    /// # Errors
    /// The journal cannot be read.
    async fn find(&mut self, order: &OrderId) -> Result<Option<Record>, Self::Error>;

    /// How many open sales it can store.
    fn capacity(&self) -> usize;

    /// The order whose record cannot be read, if this error is about one record. That record blocks its own order only,
    /// and [`Journal::next_open`] continues above it. `None`: the error is about the journal as a whole.
    fn unreadable(error: &Self::Error) -> Option<OrderId> {
        let _ = error;
        None
    }
}

/// The same for threads that may block.
pub mod blocking {
    use super::{OrderId, Record};

    /// [`super::Journal`] without `async`: same names, same contract.
    pub trait Journal {
        /// What can go wrong.
        type Error: core::error::Error;

        /// Stores a record durably.
        ///
        /// # Errors
        /// The caller must not act on the record.
        fn store(&mut self, record: &Record) -> Result<(), Self::Error>;

        /// Returns the open record with the lowest order id above `after`.
        ///
        /// # Errors
        /// The journal cannot be read.
        fn next_open(&mut self, after: Option<&OrderId>) -> Result<Option<Record>, Self::Error>;

        /// Returns the record of this order: open, or closed and still stored.
        ///
        /// # Errors
        /// The journal cannot be read.
        fn find(&mut self, order: &OrderId) -> Result<Option<Record>, Self::Error>;

        /// How many open sales it can store.
        fn capacity(&self) -> usize;

        /// The order whose record cannot be read, if this error is about one record.
        fn unreadable(error: &Self::Error) -> Option<OrderId> {
            let _ = error;
            None
        }
    }

    impl<J: Journal> Journal for &mut J {
        type Error = J::Error;

        fn store(&mut self, record: &Record) -> Result<(), Self::Error> {
            J::store(self, record)
        }

        fn next_open(&mut self, after: Option<&OrderId>) -> Result<Option<Record>, Self::Error> {
            J::next_open(self, after)
        }

        fn find(&mut self, order: &OrderId) -> Result<Option<Record>, Self::Error> {
            J::find(self, order)
        }

        fn capacity(&self) -> usize {
            J::capacity(self)
        }

        fn unreadable(error: &Self::Error) -> Option<OrderId> {
            J::unreadable(error)
        }
    }
}

impl<J: Journal> Journal for &mut J {
    type Error = J::Error;

    async fn store(&mut self, record: &Record) -> Result<(), Self::Error> {
        J::store(self, record).await
    }

    async fn next_open(&mut self, after: Option<&OrderId>) -> Result<Option<Record>, Self::Error> {
        J::next_open(self, after).await
    }

    async fn find(&mut self, order: &OrderId) -> Result<Option<Record>, Self::Error> {
        J::find(self, order).await
    }

    fn capacity(&self) -> usize {
        J::capacity(self)
    }

    fn unreadable(error: &Self::Error) -> Option<OrderId> {
        J::unreadable(error)
    }
}

impl<J: blocking::Journal> Journal for super::transport::Blocking<J> {
    type Error = J::Error;

    async fn store(&mut self, record: &Record) -> Result<(), Self::Error> {
        self.0.store(record)
    }

    async fn next_open(&mut self, after: Option<&OrderId>) -> Result<Option<Record>, Self::Error> {
        self.0.next_open(after)
    }

    async fn find(&mut self, order: &OrderId) -> Result<Option<Record>, Self::Error> {
        self.0.find(order)
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }

    fn unreadable(error: &Self::Error) -> Option<OrderId> {
        J::unreadable(error)
    }
}

/// Stores up to `N` open sales in memory: they survive an error, but not a power cut.
#[derive(Clone, Debug)]
pub struct MemoryJournal<const N: usize> {
    slots: [Option<Record>; N],
}

/// Why a journal in memory refuses a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemoryJournalError {
    /// All slots hold open sales: settle one first.
    Full,
    /// It contradicts a stored record.
    Conflict(Conflict),
}

impl<const N: usize> MemoryJournal<N> {
    /// An empty journal.
    pub const fn new() -> Self {
        Self { slots: [const { None }; N] }
    }
}

impl<const N: usize> Default for MemoryJournal<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> blocking::Journal for MemoryJournal<N> {
    type Error = MemoryJournalError;

    fn store(&mut self, record: &Record) -> Result<(), MemoryJournalError> {
        if self.slots.iter().flatten().any(|kept| record.shares_key_with(kept)) {
            return Err(MemoryJournalError::Conflict(Conflict::KeyReused));
        }
        let holds = |slot: &Option<Record>| slot.as_ref().is_some_and(|kept| kept.order_id == record.order_id);
        let closed = |slot: &Option<Record>| slot.as_ref().is_some_and(|kept| !kept.is_open());
        let place = |test: &dyn Fn(&Option<Record>) -> bool| self.slots.iter().position(test);
        let index = place(&holds).or_else(|| place(&Option::is_none)).or_else(|| place(&closed));
        let slot = index.and_then(|index| self.slots.get_mut(index)).ok_or(MemoryJournalError::Full)?;
        if let Some(kept) = slot.as_ref().filter(|kept| kept.order_id == record.order_id) {
            record.may_replace(kept).map_err(MemoryJournalError::Conflict)?;
        }
        *slot = Some(record.clone());
        Ok(())
    }

    fn next_open(&mut self, after: Option<&OrderId>) -> Result<Option<Record>, MemoryJournalError> {
        let open = self.slots.iter().flatten().filter(|record| record.is_open());
        let above = open.filter(|record| after.is_none_or(|after| record.order_id > *after));
        Ok(above.min_by(|a, b| a.order_id.cmp(&b.order_id)).cloned())
    }

    fn find(&mut self, order: &OrderId) -> Result<Option<Record>, MemoryJournalError> {
        Ok(self.slots.iter().flatten().find(|record| record.order_id == *order).cloned())
    }

    fn capacity(&self) -> usize {
        N
    }
}

impl core::fmt::Display for MemoryJournalError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Full => f.write_str("every slot of the journal holds an open sale"),
            Self::Conflict(conflict) => conflict.fmt(f),
        }
    }
}

impl core::error::Error for MemoryJournalError {}
