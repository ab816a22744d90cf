//! What goes wrong, and when.

use super::flash::{Nor, NorError};

/// What happens to one operation that is not a power cut. Operations are counted by [`Nor::ops`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The write or erase reports an error; nothing was done.
    Refuse,
    /// It reports an error; it was done.
    RefuseAfter,
    /// It reports success; a bit is wrong.
    Flip,
}

/// How futures of the flash behave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// Every operation is ready at once.
    #[default]
    Ready,
    /// Every operation is pending before it begins, in its middle (writes) and after it was done.
    Pauses,
}

impl<const W: usize, const E: usize> Nor<W, E> {
    /// Cuts the power in the operation after the next `ops`: a word written, or a sector erased.
    pub fn cut_after(&mut self, ops: u64, seed: u64) {
        self.fuse = Some(self.ops + ops);
        self.seed = seed;
    }

    /// Cuts the power when one of these words is written, after the next `writes` of them.
    pub fn cut_at(&mut self, words: Vec<usize>, writes: u64, seed: u64) {
        self.mines = Some((words, writes));
        self.seed = seed;
    }

    /// Lets the operation after the next `ops` go wrong.
    pub fn fail_after(&mut self, ops: u64, fault: Fault) {
        self.fault = Some((self.ops + ops, fault));
    }

    /// The power is back. Torn words read anew: as what stood there, as what should have, or as something between; with ECC mostly
    /// as an error.
    pub fn boot(&mut self, seed: u64) {
        self.seed = seed;
        self.dead = false;
        self.fuse = None;
        self.mines = None;
        self.fault = None;
        for index in 0..self.torn.len() {
            self.settle_word(index);
        }
    }

    /// Whether the power went.
    pub const fn is_off(&self) -> bool {
        self.dead
    }

    /// This word is about to be written.
    pub(super) fn tread(&mut self, word: usize) {
        let Some((words, writes)) = &mut self.mines else { return };
        if words.contains(&word) {
            match writes.checked_sub(1) {
                Some(left) => *writes = left,
                None => self.fuse = Some(self.ops),
            }
        }
    }

    /// Whether this operation happens; `Err` is what it reports.
    pub(super) fn spend(&mut self) -> Result<Option<Fault>, NorError> {
        if self.dead {
            return Err(NorError::PowerCut);
        }
        let now = self.ops;
        if self.fuse == Some(now) {
            self.dead = true;
            return Err(NorError::PowerCut);
        }
        self.ops += 1;
        Ok(self.fault.filter(|(at, _)| *at == now).map(|(_, fault)| fault))
    }

    pub(super) fn random(&mut self) -> u64 {
        // splitmix64
        self.seed = self.seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}
