//! What a journal asks of the things it keeps.

use pay_core::model::OrderId;
use pay_core::sale::{Conflict, ImageError, Record};

/// A record of fixed length that belongs to one order. [`Record`] is the one there is; tests have a shorter one.
pub trait Image: PartialEq + Sized {
    /// What tells one order from another.
    type Order: Ord + Clone;

    /// Bytes of an image: not 0, at most [`Record::IMAGE_LEN`].
    const LEN: usize;

    /// Writes the image into `out`, `LEN` bytes, with a checksum in it.
    fn encode(&self, out: &mut [u8]);

    /// Reads an image of `LEN` bytes.
    ///
    /// # Errors
    /// [`ImageError::Checksum`] for anything that was not written whole.
    fn decode(image: &[u8]) -> Result<Self, ImageError>;

    /// The order of an image whose checksum fits, also where `decode` cannot read the rest; `None`: not even that can be read.
    fn order_of(image: &[u8]) -> Option<Self::Order> {
        Self::decode(image).ok().map(|whole| whole.order().clone())
    }

    /// The order it is of.
    fn order(&self) -> &Self::Order;

    /// Whether somebody still has to do something about it: never dropped then.
    fn is_open(&self) -> bool;

    /// Whether it may stand in the place of `kept`, of the same order.
    ///
    /// # Errors
    /// [`Conflict`].
    fn may_replace(&self, kept: &Self) -> Result<(), Conflict>;

    /// Whether it may be kept beside `other`, of another order.
    ///
    /// # Errors
    /// [`Conflict`].
    fn may_join(&self, other: &Self) -> Result<(), Conflict>;
}

impl Image for Record {
    type Order = OrderId;

    const LEN: usize = Self::IMAGE_LEN;

    fn encode(&self, out: &mut [u8]) {
        if let Some(out) = out.get_mut(..Self::IMAGE_LEN) {
            out.copy_from_slice(&self.to_image());
        }
    }

    fn decode(image: &[u8]) -> Result<Self, ImageError> {
        Self::from_image(image)
    }

    fn order_of(image: &[u8]) -> Option<OrderId> {
        Self::order_of_image(image)
    }

    fn order(&self) -> &OrderId {
        &self.order_id
    }

    fn is_open(&self) -> bool {
        Self::is_open(self)
    }

    fn may_replace(&self, kept: &Self) -> Result<(), Conflict> {
        Self::may_replace(self, kept)
    }

    fn may_join(&self, other: &Self) -> Result<(), Conflict> {
        if self.shares_key_with(other) { Err(Conflict::KeyReused) } else { Ok(()) }
    }
}
