//! The journal that a boot's sales share, watched by the observer.

use pay_core::model::OrderId;
use pay_core::sale::Record;

use super::boot::Boot;
use super::flash::{Error, Journal, SIZE, Wire};
use crate::nor::block_on;

/// The flash journal of one boot; what it is given and what it acknowledges is noted.
pub(super) struct Kept<'b, 'e, const W: usize> {
    boot: &'b Boot<'e>,
    journal: Journal<'b, 'e, W>,
}

impl<'b, 'e, const W: usize> Kept<'b, 'e, W> {
    pub(super) fn open(boot: &'b Boot<'e>) -> Result<Self, Error> {
        Ok(Self { boot, journal: block_on(Journal::open(Wire(boot), 0..SIZE))? })
    }

    /// `false`: the flash did not take it, and nothing of it stands there.
    pub(super) fn store(&mut self, record: &Record) -> Result<bool, Error> {
        if self.boot.flash_fails() {
            self.boot.say(|| format!("store {} fails", record.seq));
            return Ok(false);
        }
        self.boot.storing(record);
        block_on(self.journal.store(record))?;
        self.boot.stored(record);
        Ok(true)
    }

    pub(super) fn next_open(&mut self, after: Option<&OrderId>) -> Result<Option<Record>, Error> {
        block_on(self.journal.next_open(after))
    }

    pub(super) fn find(&mut self, order: &OrderId) -> Result<Option<Record>, Error> {
        block_on(self.journal.find(order))
    }
}
