//! What was written already, and so is not written again before an erase.

/// Places of a sector that were written in this power-on, whatever they read as: the first that was not.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tried {
    pub(super) slots: u8,
    pub(super) notes: u8,
}
