//! What is remembered of the flash between two calls.

/// What stands where. Given up before anything is written, and taken up again when that is done: a dropped future leaves none.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<const SECTORS: usize> {
    /// The number of the newest image.
    pub(super) serial: u64,
    /// The sector that is dead.
    pub(super) spare: usize,
    /// It was erased, whole, in this power-on. After a torn erase it may read blank and not be.
    pub(super) erased: bool,
    /// A write was cut off. Its image may yet show up, and may be newer than the newest.
    pub(super) haunted: bool,
    pub(super) sectors: [Sector; SECTORS],
}

/// One sector. The spare has nothing but `used`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sector {
    /// The first slot that nobody has written.
    pub(super) used: u8,
    /// Its newest image that counts.
    pub(super) last: Option<Last>,
}

/// The newest image of a sector.
#[derive(Clone, Copy, Debug)]
pub(super) struct Last {
    pub(super) slot: u8,
    pub(super) serial: u64,
    pub(super) kind: Kind,
}

/// What an image says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing but which sector is the spare: the first image after formatting.
    Root,
    /// A sale that may be forgotten.
    Closed,
    /// A sale that may not.
    Open,
}

impl<const SECTORS: usize> View<SECTORS> {
    /// The sectors that hold a sale, and where.
    pub(super) fn sales(&self) -> impl Iterator<Item = (usize, Last)> + use<SECTORS> {
        let spare = self.spare;
        let sectors = self.sectors.into_iter().enumerate().filter(move |(index, _)| *index != spare);
        sectors
            .filter_map(|(index, sector)| sector.last.filter(|last| last.kind != Kind::Root).map(|last| (index, last)))
    }

    /// The sector to give up next: of those without an open sale the one written longest ago.
    pub(super) fn obsolete(&self) -> Option<usize> {
        let sectors = self.sectors.iter().enumerate().filter(|(index, _)| *index != self.spare);
        let obsolete = sectors.filter(|(_, sector)| !sector.last.is_some_and(|last| last.kind == Kind::Open));
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

    /// A sector with an image and a slot left, of `slots`.
    pub(super) fn extendable(&self, slots: u8) -> Option<(usize, Last)> {
        let sectors =
            self.sectors.iter().enumerate().filter(|(index, sector)| *index != self.spare && sector.used < slots);
        sectors.filter_map(|(index, sector)| sector.last.map(|last| (index, last))).next()
    }

    /// Which sectors hold an open sale, bit by bit.
    pub(super) fn open(&self) -> u32 {
        self.sales().filter(|(_, last)| last.kind == Kind::Open).fold(0, |bits, (index, _)| bits | 1 << index)
    }

    /// The spare is blank, for certain.
    pub(super) fn note_erased(&mut self) {
        let spare = self.spare;
        self.erased = true;
        self.haunted = false;
        self.put(spare, Sector::default());
    }

    /// The view once an image stands in the next slot of `sector` and names `spare`.
    pub(super) fn after(mut self, sector: usize, image: Kind, spare: usize) -> Self {
        self.serial += 1;
        let slot = self.used(sector);
        let last = Last { slot, serial: self.serial, kind: image };
        self.put(sector, Sector { used: slot + 1, last: Some(last) });
        if spare != self.spare {
            self.spare = spare;
            self.erased = false;
        }
        self
    }

    fn put(&mut self, index: usize, sector: Sector) {
        if let Some(place) = self.sectors.get_mut(index) {
            *place = sector;
        }
    }
}
