//! A journal that can be told to let a sale pass unseen.

use pay_core::sale::Record;
use pay_core::{Journal, OrderId};

/// A journal whose fence stands, except while attempts at one order are measured again and again: it is there to refuse them.
pub(crate) struct Fence<J> {
    pub(crate) journal: J,
    pub(crate) stands: bool,
}

impl<J: Journal> Journal for Fence<J> {
    type Error = J::Error;

    async fn store(&mut self, record: &Record) -> Result<(), J::Error> {
        if self.stands { self.journal.store(record).await } else { Ok(()) }
    }

    async fn next_open(&mut self, after: Option<&OrderId>) -> Result<Option<Record>, J::Error> {
        self.journal.next_open(after).await
    }

    async fn find(&mut self, order: &OrderId) -> Result<Option<Record>, J::Error> {
        if self.stands { self.journal.find(order).await } else { Ok(None) }
    }

    fn capacity(&self) -> usize {
        self.journal.capacity()
    }

    fn unreadable(error: &J::Error) -> Option<OrderId> {
        J::unreadable(error)
    }
}
