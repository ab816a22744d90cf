//! What is remembered of the flash between two calls.

use super::head::{Entry, Head};

/// What stands where. Given up before anything is written, and taken up again when that is done: a dropped future leaves none.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<const SECTORS: usize> {
    /// The highest number that any head has, dead or not.
    pub(super) serial: u32,
    /// The sector that the newest head is in.
    pub(super) home: usize,
    /// The sector that is dead.
    pub(super) spare: usize,
    /// It was erased, whole, in this power-on. After a torn erase it may read blank and not be.
    pub(super) erased: bool,
    /// A head that was not finished names another spare. It may yet count, until another is written.
    pub(super) haunted: bool,
    pub(super) sectors: [Sector; SECTORS],
}

/// One sector.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sector {
    /// The first slot that nobody has written.
    pub(super) used: u8,
    /// The first note that nobody has written.
    pub(super) noted: u8,
    /// Its image, if it has one and is not the spare.
    pub(super) last: Option<Last>,
}

/// The image of a sector.
#[derive(Clone, Copy, Debug)]
pub(super) struct Last {
    pub(super) slot: u8,
    /// The number of the head it was written with.
    pub(super) serial: u32,
    /// It is of a sale that may not be forgotten.
    pub(super) open: bool,
}

impl<const SECTORS: usize> View<SECTORS> {
    /// The sectors that hold a sale, and where.
    pub(super) fn sales(&self) -> impl Iterator<Item = (usize, Last)> + use<SECTORS> {
        let sectors = self.sectors.into_iter().enumerate();
        sectors.filter_map(|(index, sector)| sector.last.map(|last| (index, last)))
    }

    /// The sector to give up next: of those without an open sale the one written longest ago.
    pub(super) fn obsolete(&self) -> Option<usize> {
        let sectors = self.sectors.iter().enumerate().filter(|(index, _)| *index != self.spare);
        let obsolete = sectors.filter(|(_, sector)| !sector.last.is_some_and(|last| last.open));
        obsolete.min_by_key(|(_, sector)| sector.last.map(|last| last.serial)).map(|(index, _)| index)
    }

    /// The sale that was written longest ago.
    pub(super) fn coldest(&self) -> Option<(usize, Last)> {
        self.sales().min_by_key(|(_, last)| last.serial)
    }

    /// The first slot of a sector that nobody has written.
    pub(super) fn used(&self, sector: usize) -> u8 {
        self.sectors.get(sector).map_or(u8::MAX, |sector| sector.used)
    }

    /// A sector with a note left, of `notes`: the one that the newest head is in, which is erased soonest, else the one with most.
    pub(super) fn notable(&self, notes: u8) -> Option<(usize, u8)> {
        let sectors = self.sectors.iter().map(|sector| sector.noted).enumerate();
        let left = sectors.filter(|(index, noted)| *index != self.spare && *noted < notes);
        left.min_by_key(|(index, noted)| (*index != self.home, *noted))
    }

    /// A sector with an image and a slot left, of `slots`.
    pub(super) fn extendable(&self, slots: u8) -> Option<(usize, Last)> {
        self.sales().find(|(index, _)| self.used(*index) < slots)
    }

    /// The head that says this.
    pub(super) fn head(&self) -> Head<SECTORS> {
        let entry = |sector: Sector| sector.last.map(|Last { slot, open, .. }| Entry { slot, open });
        Head { serial: self.serial, spare: self.spare as u8, table: self.sectors.map(entry) }
    }

    /// The spare is blank, for certain.
    pub(super) fn note_erased(&mut self) {
        self.erased = true;
        self.change(self.spare, |spare| *spare = Sector::default());
    }

    /// The view once a head that says the same stands in the next note of `sector`.
    pub(super) fn affirmed(mut self, sector: usize) -> Self {
        self.change(sector, |sector| sector.noted += 1);
        self.next(sector)
    }

    /// The view once an image stands in the next slot of `sector`, with a head that names `spare`.
    pub(super) fn after(mut self, sector: usize, open: bool, spare: usize) -> Self {
        let serial = self.serial + 1;
        self.change(sector, |sector| {
            sector.last = Some(Last { slot: sector.used, serial, open });
            sector.used += 1;
        });
        if spare != self.spare {
            self.spare = spare;
            self.erased = false;
            self.change(spare, |spare| spare.last = None);
        }
        self.next(sector)
    }

    /// One head on, which is in `home`.
    const fn next(mut self, home: usize) -> Self {
        self.serial += 1;
        self.home = home;
        self.haunted = false;
        self
    }

    fn change(&mut self, index: usize, change: impl FnOnce(&mut Sector)) {
        if let Some(sector) = self.sectors.get_mut(index) {
            change(sector);
        }
    }
}
