//! The journal itself.

use core::marker::PhantomData;
use core::ops::Range;

use embedded_storage_async::nor_flash::NorFlash;
use pay_core::drive::journal::Journal;
use pay_core::model::OrderId;
use pay_core::sale::Record;

use super::error::JournalError;
use super::head::Head;
use super::image::Image;
use super::kept::Kept;
use super::region::{Kind, MAX_BODY, MAX_SECTORS, Place, Region};
use super::tried::Tried;
use super::view::View;

/// Keeps one record for each of up to `SECTORS - 1` open sales in `SECTORS` sectors (2 to 32) of a NOR flash, and of the closed
/// ones those that were written last.
///
/// Needs about 1.2 KiB of RAM with nine sectors, and one value per journal: two over the same range would erase each other's.
#[derive(Debug)]
pub struct FlashJournal<F: NorFlash, const SECTORS: usize, R: Image = Record> {
    pub(super) flash: F,
    pub(super) region: Region,
    /// One head and image on their way to or from the flash.
    pub(super) body: [u8; MAX_BODY],
    pub(super) tried: [Tried; SECTORS],
    /// The first read that failed since the last scan began.
    pub(super) unreadable: Option<F::Error>,
    pub(super) view: Option<View<SECTORS>>,
    images: PhantomData<fn() -> R>,
}

impl<F: NorFlash, const SECTORS: usize, R: Image> FlashJournal<F, SECTORS, R> {
    /// Opens the journal in `range` of `flash` (bytes; whole erase units; the same range and `SECTORS` it was formatted with).
    ///
    /// Writes nothing, except after a cut in the last words of a write: if what was written counts, a note of that is written, so
    /// that it cannot vanish again.
    ///
    /// # Errors
    /// [`JournalError`]; the flash stays as it is. Lend the flash (`&mut flash`) to have it back in any case.
    pub async fn open(flash: F, range: Range<u32>) -> Result<Self, JournalError<F::Error, R::Order>> {
        Self::begin(flash, range, false).await
    }

    /// Erases the range and makes an empty journal of it. Whatever it held is lost; until this returns `Ok` it is no journal.
    ///
    /// # Errors
    /// [`JournalError`].
    pub async fn format(flash: F, range: Range<u32>) -> Result<Self, JournalError<F::Error, R::Order>> {
        Self::begin(flash, range, true).await
    }

    async fn begin(flash: F, range: Range<u32>, blank: bool) -> Result<Self, JournalError<F::Error, R::Order>> {
        let mut journal = Self::new(flash, &range)?;
        if blank {
            for sector in 0..SECTORS {
                journal.erase(sector).await?;
            }
            let first = Place { sector: 0, kind: Kind::Note, index: 0 };
            journal.write(first, Head { serial: 1, spare: 1, table: [None; SECTORS] }).await?;
        }
        journal.view = Some(journal.settle().await?);
        Ok(journal)
    }

    /// The flash, for somebody else.
    pub fn into_inner(self) -> F {
        self.flash
    }

    /// Stores a record durably; [`Journal::store`] for [`Record`].
    ///
    /// # Errors
    /// [`JournalError`]; after all but [`JournalError::Full`], [`JournalError::Conflict`] and [`JournalError::Record`] the record may be kept
    /// or not.
    pub async fn store(&mut self, record: &R) -> Result<(), JournalError<F::Error, R::Order>> {
        let mut view = self.view().await?;
        let result = self.put(&mut view, record).await;
        // After any other error the flash is read again.
        if matches!(result, Ok(()) | Err(JournalError::Full | JournalError::Conflict(_) | JournalError::Record { .. }))
        {
            self.view = Some(view);
        }
        result
    }

    /// The open record with the lowest order above `after`; [`Journal::next_open`] for [`Record`].
    ///
    /// # Errors
    /// The journal cannot be read. [`JournalError::Record`] with an order: the record of that order; go on with it as `after`.
    pub async fn next_open(&mut self, after: Option<&R::Order>) -> Result<Option<R>, JournalError<F::Error, R::Order>> {
        self.look_up(Wanted::OpenAbove(after)).await
    }

    /// The record of this order; [`Journal::find`] for [`Record`].
    ///
    /// # Errors
    /// The journal, or the record of this order, cannot be read.
    pub async fn find(&mut self, order: &R::Order) -> Result<Option<R>, JournalError<F::Error, R::Order>> {
        self.look_up(Wanted::Order(order)).await
    }

    /// The record that is wanted. What is compared are orders: a future that keeps a record has a place for it, and its code moves it.
    async fn look_up(&mut self, wanted: Wanted<'_, R::Order>) -> Result<Option<R>, JournalError<F::Error, R::Order>> {
        let view = self.view().await?;
        let mut best: Option<(usize, u8, R::Order)> = None;
        for (sector, last) in view.sales().filter(|(_, last)| last.open || matches!(wanted, Wanted::Order(_))) {
            self.fetch(sector, last.slot).await?;
            let order = self.order(sector)?;
            let better = match wanted {
                Wanted::Order(wanted) => order == *wanted,
                Wanted::OpenAbove(after) => {
                    after.is_none_or(|after| order > *after) && best.as_ref().is_none_or(|(.., best)| order < *best)
                }
            };
            if better {
                best = Some((sector, last.slot, order));
            }
        }
        let Some((sector, slot, _)) = best else {
            self.view = Some(view);
            return Ok(None);
        };
        self.fetch(sector, slot).await?;
        let kept = self.kept(sector)?;
        self.view = Some(view);
        kept.record().map(Some)
    }

    fn new(flash: F, range: &Range<u32>) -> Result<Self, JournalError<F::Error, R::Order>> {
        const {
            assert!(SECTORS >= 2 && SECTORS <= MAX_SECTORS, "2 to 32 sectors");
            assert!(R::LEN > 0 && R::LEN <= Record::IMAGE_LEN, "images of 1 to 768 bytes");
        }
        let head = Head::<SECTORS>::LEN;
        let region =
            Region::new::<F>(flash.capacity(), range, SECTORS, head, R::LEN).map_err(JournalError::Geometry)?;
        let (body, tried) = ([0; MAX_BODY], [Tried::default(); SECTORS]);
        Ok(Self { flash, region, body, tried, unreadable: None, view: None, images: PhantomData })
    }

    /// What stands where. The caller puts it back if it is still true in the end.
    async fn view(&mut self) -> Result<View<SECTORS>, JournalError<F::Error, R::Order>> {
        match self.view.take() {
            Some(view) => Ok(view),
            None => self.settle().await,
        }
    }

    async fn put(&mut self, view: &mut View<SECTORS>, record: &R) -> Result<(), JournalError<F::Error, R::Order>> {
        let mut home = None;
        for (sector, last) in view.sales() {
            self.fetch(sector, last.slot).await?;
            match self.compare(sector, record)? {
                Kin::Other => {}
                Kin::Older => home = Some(sector),
                Kin::Same => return Ok(()),
            }
        }
        if home.is_none() && view.obsolete().is_none() {
            return Err(JournalError::Full);
        }
        let (sector, spare) = match home {
            Some(home) if view.used(home) < self.region.slots => (home, view.spare),
            _ => {
                self.clear_spare(view).await?;
                self.level(view, home).await?;
                (view.spare, home.or_else(|| view.obsolete()).ok_or(JournalError::Full)?)
            }
        };
        record.encode(self.image_room());
        self.commit(view, sector, record.is_open(), spare).await
    }

    /// What the record is to the image that [`Self::fetch`] read.
    #[inline(never)]
    fn compare(&self, sector: usize, record: &R) -> Result<Kin, JournalError<F::Error, R::Order>> {
        match self.record(sector) {
            Ok(Some(Kept::Record(ref kept))) if kept.order() == record.order() => {
                record.may_replace(kept).map_err(JournalError::Conflict)?;
                Ok(if record == kept { Kin::Same } else { Kin::Older })
            }
            Ok(Some(Kept::Record(ref kept))) => {
                record.may_join(kept).map_err(JournalError::Conflict)?;
                Ok(Kin::Other)
            }
            // Its keys are not known: those of another order come from another order.
            Ok(Some(Kept::Unreadable { ref order, .. })) if order != record.order() => Ok(Kin::Other),
            Ok(Some(Kept::Unreadable { sector, order, error })) => {
                Err(JournalError::Record { sector, order: Some(order), error })
            }
            Ok(None) => Err(JournalError::Corrupt { sector }),
            Err(error) => Err(error),
        }
    }

    /// Spreads the wear: a sale that moves on leaves its first sector as the spare, which the next sale begins in. For one time in
    /// sixteen that the spare is taken, picked by the serial number, the sale that rests longest goes there, and its sector is
    /// the spare.
    async fn level(
        &mut self,
        view: &mut View<SECTORS>,
        home: Option<usize>,
    ) -> Result<(), JournalError<F::Error, R::Order>> {
        let coldest = view.coldest().filter(|(sector, _)| home != Some(*sector));
        let Some((coldest, last)) = coldest else { return Ok(()) };
        if !is_one_of_sixteen(view.serial) {
            return Ok(());
        }
        self.fetch(coldest, last.slot).await?;
        self.order(coldest)?;
        self.commit(view, view.spare, last.open, coldest).await?;
        self.clear_spare(view).await
    }

    /// Writes the image that is in the buffer into the next slot of `sector`, and names the spare.
    pub(super) async fn commit(
        &mut self,
        view: &mut View<SECTORS>,
        sector: usize,
        open: bool,
        spare: usize,
    ) -> Result<(), JournalError<F::Error, R::Order>> {
        let after = view.after(sector, open, spare);
        let place = Place { sector, kind: Kind::Slot, index: view.used(sector) };
        self.write(place, after.head()).await?;
        *view = after;
        Ok(())
    }

    /// Erases the spare, unless that is done.
    async fn clear_spare(&mut self, view: &mut View<SECTORS>) -> Result<(), JournalError<F::Error, R::Order>> {
        if view.erased {
            return Ok(());
        }
        // A torn erase may leave anything of an image that may yet count: it must be dead for certain.
        if view.haunted {
            self.affirm(view).await?;
        }
        self.erase(view.spare).await?;
        view.note_erased();
        Ok(())
    }
}

/// Which record is wanted.
enum Wanted<'o, O> {
    /// That of this order.
    Order(&'o O),
    /// The open one with the lowest order above this.
    OpenAbove(Option<&'o O>),
}

/// What is kept is, to a record that is to be stored:
enum Kin {
    /// of another order,
    Other,
    /// what it replaces,
    Older,
    /// the same.
    Same,
}

/// Scattered, so that it keeps no step with sales that are all of one length (the finaliser of splitmix64).
const fn is_one_of_sixteen(serial: u32) -> bool {
    let serial = serial as u64;
    let mixed = (serial ^ (serial >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed >> 60 == 0
}

impl<F: NorFlash, const SECTORS: usize> Journal for FlashJournal<F, SECTORS> {
    type Error = JournalError<F::Error>;

    async fn store(&mut self, record: &Record) -> Result<(), Self::Error> {
        self.store(record).await
    }

    async fn next_open(&mut self, after: Option<&OrderId>) -> Result<Option<Record>, Self::Error> {
        self.next_open(after).await
    }

    async fn find(&mut self, order: &OrderId) -> Result<Option<Record>, Self::Error> {
        self.find(order).await
    }

    fn capacity(&self) -> usize {
        SECTORS - 1
    }

    fn unreadable(error: &Self::Error) -> Option<OrderId> {
        match error {
            JournalError::Record { order, .. } => order.clone(),
            _ => None,
        }
    }
}
