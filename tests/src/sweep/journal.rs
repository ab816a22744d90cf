//! The journal that a boot's sales share, watched by the observer.

use pay_core::drive::Journal as Journals;
use pay_core::model::OrderId;
use pay_core::sale::Record;

use super::boot::Boot;
use super::flash::{Error, Journal, SIZE, Wire};

/// The flash journal of one boot; what it is given and what it acknowledges is noted.
pub(super) struct Kept<'b, 'e, const W: usize> {
    boot: &'b Boot<'e>,
    journal: Journal<'b, 'e, W>,
}

impl<'b, 'e, const W: usize> Kept<'b, 'e, W> {
    pub(super) async fn open(boot: &'b Boot<'e>) -> Result<Self, Error> {
        Ok(Self { boot, journal: Journal::open(Wire(boot), 0..SIZE).await? })
    }
}

impl<const W: usize> Journals for Kept<'_, '_, W> {
    type Error = Error;

    async fn store(&mut self, record: &Record) -> Result<(), Error> {
        self.boot.storing(record);
        self.journal.store(record).await?;
        self.boot.stored(record);
        Ok(())
    }

    async fn next_open(&mut self, after: Option<&OrderId>) -> Result<Option<Record>, Error> {
        self.journal.next_open(after).await
    }

    async fn find(&mut self, order: &OrderId) -> Result<Option<Record>, Error> {
        self.journal.find(order).await
    }

    fn capacity(&self) -> usize {
        Journals::capacity(&self.journal)
    }
}
