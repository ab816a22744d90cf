//! Reading the whole journal: at the start, and whenever a call before was cut off or failed.

use embedded_storage_async::nor_flash::NorFlash;

use super::error::JournalError;
use super::flash_journal::FlashJournal;
use super::head::{Entry, Head};
use super::image::Image;
use super::region::{Kind, Place};
use super::view::{Last, Sector, View};

/// A head that was read.
#[derive(Clone, Copy)]
struct Found<const SECTORS: usize> {
    sector: usize,
    head: Head<SECTORS>,
}

/// What was seen in one sector.
#[derive(Clone, Copy, Default)]
struct Trace {
    used: u8,
    noted: u8,
    /// Behind the last slot, and the last note, that was whole once and is not now.
    damaged: u8,
    damaged_note: u8,
    /// Behind the last note that is whole.
    whole_note: u8,
}

impl<F: NorFlash, const SECTORS: usize, R: Image> FlashJournal<F, SECTORS, R> {
    /// Reads the journal and makes sure that what it says cannot change.
    ///
    /// A word that a cut caught may read as written today and as blank tomorrow. Three facts hold all the same. A body whose first
    /// mark was begun is whole. If the second was begun, the first is whole, and the head counts for ever. If neither was, nobody
    /// has heard of it. So the newest head with a mark is the truth; where only its first mark is there, that may be the torn word,
    /// and the head is written once more, as a note, before anybody hears of it.
    pub(super) async fn settle(&mut self) -> Result<View<SECTORS>, JournalError<F::Error, R::Order>> {
        let (mut view, certain) = self.scan().await?;
        if !certain {
            self.affirm(&mut view).await?;
        }
        Ok(view)
    }

    /// Writes what stands once more, with a number above all that were given.
    pub(super) async fn affirm(&mut self, view: &mut View<SECTORS>) -> Result<(), JournalError<F::Error, R::Order>> {
        if let Some((sector, index)) = view.notable(self.region.notes) {
            let after = view.affirmed(sector);
            self.write(Place { sector, kind: Kind::Note, index }, after.head()).await?;
            *view = after;
            return Ok(());
        }
        // Cut after cut after cut: an image will do.
        let (sector, last) = view.extendable(self.region.slots).ok_or(JournalError::NoRoom)?;
        self.fetch(sector, last.slot).await?;
        self.order(sector)?;
        self.commit(view, sector, last.open, view.spare).await
    }

    /// Looks at every place, and checks that what the newest head says is so. Changes nothing. `true`: that is certain.
    async fn scan(&mut self) -> Result<(View<SECTORS>, bool), JournalError<F::Error, R::Order>> {
        self.unreadable = None;
        let mut traces = [Trace::default(); SECTORS];
        // The highest number of the heads that name each sector as the spare.
        let mut serials = [0; SECTORS];
        let mut counted: Option<Found<SECTORS>> = None;
        let mut sealed = None;
        for (sector, trace) in traces.iter_mut().enumerate() {
            for place in self.region.places(sector) {
                let seen = self.look(place).await?;
                let behind = place.index + 1;
                let tried = self.tried.get(sector).copied().unwrap_or_default();
                let (used, tried, damaged) = match place.kind {
                    Kind::Slot => (&mut trace.used, tried.slots, &mut trace.damaged),
                    Kind::Note => (&mut trace.noted, tried.notes, &mut trace.damaged_note),
                };
                if seen.used || tried >= behind {
                    *used = behind;
                }
                let Some(head) = seen.head else {
                    if seen.counted {
                        *damaged = behind;
                    }
                    continue;
                };
                if place.kind == Kind::Note {
                    trace.whole_note = behind;
                }
                if let Some(serial) = serials.get_mut(usize::from(head.spare)) {
                    *serial = head.serial.max(*serial);
                }
                if seen.counted && counted.is_none_or(|newest| newest.head.serial <= head.serial) {
                    counted = Some(Found { sector, head });
                }
                if seen.sealed {
                    sealed = sealed.max(Some(head.serial));
                }
            }
        }
        let Some(newest) = counted else {
            let blank = traces.iter().all(|trace| trace.used == 0 && trace.noted == 0);
            return Err(match self.unreadable.take() {
                Some(error) => JournalError::Flash(error),
                None if blank => JournalError::Blank,
                None => JournalError::Foreign,
            });
        };
        let mut view = self.check(newest, traces).await?;
        view.serial = serials.into_iter().max().unwrap_or_default();
        let newer = serials.iter().enumerate().filter(|(_, serial)| **serial > newest.head.serial);
        view.haunted = newer.map(|(spare, _)| spare).any(|spare| spare != view.spare);
        Ok((view, sealed == Some(newest.head.serial)))
    }

    /// The view that a head describes, if all that it names is there and nothing newer was lost.
    async fn check(
        &mut self,
        newest: Found<SECTORS>,
        traces: [Trace; SECTORS],
    ) -> Result<View<SECTORS>, JournalError<F::Error, R::Order>> {
        let Found { sector: home, head: Head { serial, spare, table } } = newest;
        let spare = usize::from(spare);
        if spare >= SECTORS || spare == home {
            return Err(JournalError::Corrupt { sector: home });
        }
        let mut sectors = [Sector::default(); SECTORS];
        for (index, (sector, (trace, entry))) in sectors.iter_mut().zip(traces.into_iter().zip(table)).enumerate() {
            let Trace { used, noted, .. } = trace;
            *sector = Sector { used, noted, last: None };
            // What is damaged behind the image, or behind the last note, was the newest once, for all that can be known.
            let sound = match entry {
                _ if index == spare => entry.is_none(),
                _ if trace.damaged_note > trace.whole_note => false,
                None => used == 0,
                Some(Entry { slot, open }) => {
                    let seen = self.look(Place { sector: index, kind: Kind::Slot, index: slot }).await?;
                    let last = seen.head.map(|head| Last { slot, serial: head.serial, open: seen.open });
                    sector.last = last.filter(|last| last.open == open && slot < used && trace.damaged <= slot + 1);
                    sector.last.is_some()
                }
            };
            if !sound {
                return Err(JournalError::Corrupt { sector: index });
            }
        }
        let view = View { serial, home, spare, erased: false, haunted: false, sectors };
        self.check_orders(&view).await?;
        Ok(view)
    }

    /// An order has one sector: a second would hold an older state, for a defect or an attacker to bring back.
    async fn check_orders(&mut self, view: &View<SECTORS>) -> Result<(), JournalError<F::Error, R::Order>> {
        for (sector, last) in view.sales() {
            self.fetch(sector, last.slot).await?;
            let order = self.order(sector)?;
            for (other, last) in view.sales().filter(|(other, _)| *other > sector) {
                self.fetch(other, last.slot).await?;
                if self.order(other)? == order {
                    return Err(JournalError::Corrupt { sector: other });
                }
            }
        }
        Ok(())
    }
}
