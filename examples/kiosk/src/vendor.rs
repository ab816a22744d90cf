//! What hands out the goods.

use pay_core::OrderId;
use pay_core::till::Goods;

/// The machine that hands out the goods: a motor, a lock, a ticket printer.
// Executors of microcontrollers run on one core: futures need not be `Send`.
#[allow(async_fn_in_trait)]
pub trait Vendor {
    /// Hands out the goods of this order. [`Goods::Inside`]: they will not come out later; the money goes back then.
    /// [`Goods::Unknown`]: a sensor is not sure; a person has to look, and the sale stays open until then.
    ///
    /// It is called at most once for an order, over power cuts too, and only after the journal has kept that it begins.
    async fn vend(&mut self, order: &OrderId) -> Goods;

    /// Where the goods of this order are, whose [`Vendor::vend`] a power cut ended: a sensor's word, or a person's.
    async fn sense(&mut self, _order: &OrderId) -> Goods {
        Goods::Unknown
    }
}

/// No machine, only its word: for trying things out.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs)]
pub struct Pretend {
    /// What [`Vendor::vend`] answers: they are out.
    pub works: bool,
}

impl Vendor for Pretend {
    async fn vend(&mut self, _: &OrderId) -> Goods {
        if self.works { Goods::Out } else { Goods::Inside }
    }
}
