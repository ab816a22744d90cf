//! Reading the whole journal: at the start, and whenever a call before was cut off or failed.

use embedded_storage_async::nor_flash::NorFlash;

use super::error::JournalError;
use super::flash_journal::FlashJournal;
use super::head::Head;
use super::image::Image;
use super::view::{Kind, Last, Sector, View};

/// What a scan found, checked.
struct Scan<const SECTORS: usize> {
    view: View<SECTORS>,
    /// The newest image.
    newest: Found,
    /// The image before it, which was made sure of before the newest was written.
    before: Option<Found>,
}

#[derive(Clone, Copy)]
struct Found {
    sector: usize,
    last: Last,
    head: Head,
    counted: bool,
    sealed: bool,
}

impl<const SECTORS: usize> Scan<SECTORS> {
    /// The spare is dead even if the newest image vanishes again. It cannot vanish if a mark of it was begun, which stands behind a
    /// whole image; and it may if the image before names the same spare.
    fn spare_is_dead(&self) -> bool {
        let named = |before: Found| before.head.spare == self.newest.head.spare;
        self.newest.counted || self.before.is_some_and(named)
    }
}

impl<F: NorFlash, const SECTORS: usize, R: Image> FlashJournal<F, SECTORS, R> {
    /// Reads the journal and makes sure that its newest image cannot vanish again.
    ///
    /// A write that was cut off may read as whole today and as torn tomorrow. The two marks behind each image tell: an image with
    /// both was read back before they were written. One without is written once more before anybody hears of it.
    pub(super) async fn settle(&mut self) -> Result<View<SECTORS>, JournalError<F::Error>> {
        let mut scan = self.scan(None).await?;
        // One round does it; an image that cannot be made sure of is not tried for ever.
        for _ in 0..2 {
            if scan.newest.sealed {
                return Ok(scan.view);
            }
            self.seal(&mut scan).await?;
            scan = self.scan(None).await?;
        }
        let sector = scan.newest.sector;
        if scan.newest.sealed { Ok(scan.view) } else { Err(JournalError::Corrupt { sector }) }
    }

    async fn seal(&mut self, scan: &mut Scan<SECTORS>) -> Result<(), JournalError<F::Error>> {
        let Found { sector, last, head, .. } = scan.newest;
        if scan.view.used(sector) < self.region.slots {
            // The same once more, with a number that outdates all that were cut off since the image before.
            let serial = head.serial.max(scan.before.map_or(0, |before| before.last.serial) + 2);
            self.load(sector, last.slot).await?;
            return self.write(sector, scan.view.used(sector), Head { serial, ..head }).await;
        }
        if scan.spare_is_dead() {
            let (spare, view) = (scan.view.spare, &mut scan.view);
            self.erase(spare).await?;
            view.note_erased();
            self.load(sector, last.slot).await?;
            return self.commit(view, spare, last.kind, sector).await;
        }
        // It opened this sector, and every copy of it was cut off. Nobody has heard of it, and without it the sector is the spare.
        let without = self.scan(Some(sector)).await?;
        let newest = without.newest;
        if !newest.sealed && without.view.used(newest.sector) >= self.region.slots && !without.spare_is_dead() {
            return Err(JournalError::Corrupt { sector });
        }
        self.erase(sector).await
    }

    /// Looks at every slot, but not at those of `without`, and checks that what the newest image says is so. Changes nothing.
    async fn scan(&mut self, without: Option<usize>) -> Result<Scan<SECTORS>, JournalError<F::Error>> {
        self.unreadable = None;
        let mut sectors = [Sector::default(); SECTORS];
        let mut damaged = [false; SECTORS];
        // The last slot that was begun does not count.
        let mut torn = [false; SECTORS];
        let mut newest: Option<Found> = None;
        let mut before: Option<Found> = None;
        // An image without its first mark counts only if it is newer than all that have it: another may have been written since it
        // was cut off, when it read as torn.
        let mut tip: Option<Found> = None;
        let is_newer =
            |found: &Found, than: &Option<Found>| than.is_none_or(|than| found.last.serial >= than.last.serial);
        for (index, ((sector, damaged), torn)) in sectors.iter_mut().zip(&mut damaged).zip(&mut torn).enumerate() {
            if without == Some(index) {
                continue;
            }
            for slot in 0..self.region.slots {
                let seen = self.look(index, slot).await?;
                if !seen.blank || self.tried.get(index).is_some_and(|tried| *tried > slot) {
                    sector.used = slot + 1;
                    *torn = !seen.counted;
                }
                let Some((head, record)) = seen.valid else {
                    *damaged |= seen.counted;
                    continue;
                };
                let last = Last { slot, serial: head.serial, kind: Kind::of(record.as_ref()) };
                let found = Found { sector: index, last, head, counted: seen.counted, sealed: seen.sealed };
                if !seen.counted {
                    if is_newer(&found, &tip) {
                        tip = Some(found);
                    }
                    continue;
                }
                // A slot that went bad is of no interest once it was replaced. None is replaced by an older one.
                *damaged = sector.last.is_some_and(|before| before.serial > last.serial);
                if !*damaged {
                    sector.last = Some(last);
                }
                if is_newer(&found, &newest) {
                    before = newest.filter(|newest| newest.last.serial < found.last.serial).or(before);
                    newest = Some(found);
                } else if is_newer(&found, &before) {
                    before = Some(found);
                }
            }
        }
        if let Some(tip) = tip.filter(|tip| newest.is_none_or(|newest| tip.last.serial > newest.last.serial)) {
            before = newest.replace(tip);
            if let (Some(sector), Some(damaged)) = (sectors.get_mut(tip.sector), damaged.get_mut(tip.sector)) {
                sector.last = Some(tip.last);
                *damaged = false;
            }
        }
        let Some(newest) = newest else {
            let blank = sectors.iter().all(|sector| sector.used == 0);
            return Err(match self.unreadable.take() {
                Some(error) => JournalError::Flash(error),
                None if blank && without.is_none() => JournalError::Blank,
                None => JournalError::Foreign,
            });
        };
        let spare = usize::from(newest.head.spare);
        if spare >= SECTORS || spare == newest.sector || without.is_some_and(|without| without != spare) {
            return Err(JournalError::Corrupt { sector: newest.sector });
        }
        if let Some(sector) = sectors.get_mut(spare) {
            sector.last = None;
        }
        for (index, (sector, damaged)) in sectors.iter().zip(damaged).enumerate() {
            let should_be_open = newest.head.open & 1 << index != 0;
            let empty = sector.last.is_none() && sector.used > 0;
            let wrong = sector.last.is_some_and(|last| last.kind == Kind::Open) != should_be_open;
            if wrong || (index != spare && (damaged || empty)) {
                return Err(JournalError::Corrupt { sector: index });
            }
        }
        let haunted = torn.contains(&true);
        let view = View { serial: newest.last.serial, spare, erased: false, haunted, sectors };
        self.check_orders(&view).await?;
        Ok(Scan { view, newest, before })
    }

    /// An order has one sector: a second would hold an older state, for a defect or an attacker to bring back.
    async fn check_orders(&mut self, view: &View<SECTORS>) -> Result<(), JournalError<F::Error>> {
        for (sector, last) in view.sales() {
            let Some(record) = self.load(sector, last.slot).await? else { continue };
            for (other, last) in view.sales().filter(|(other, _)| *other > sector) {
                let twin = self.load(other, last.slot).await?;
                if twin.is_some_and(|twin| twin.order() == record.order()) {
                    return Err(JournalError::Corrupt { sector: other });
                }
            }
        }
        Ok(())
    }
}
