//! What hands out the goods.

use pay_core::OrderId;

/// The machine that hands out the goods: a motor, a lock, a ticket printer.
// Executors of microcontrollers run on one core: futures need not be `Send`.
#[allow(async_fn_in_trait)]
pub trait Vendor {
    /// Hands out the goods of this order. `true`: they are out. `false`: they are not, and will not come out later; the money
    /// goes back then. Where a sensor is not sure, people have to look before this returns.
    ///
    /// It is called at most once for an order, over power cuts too, and only after the journal has kept that it begins.
    async fn vend(&mut self, order: &OrderId) -> bool;

    /// Whether the goods of this order came out, whose [`Vendor::vend`] a power cut ended: a sensor's word, or a person's.
    /// `None`: not known here, so the sale stays as it is.
    async fn settle(&mut self, _order: &OrderId) -> Option<bool> {
        None
    }
}

/// No machine, only its word: for trying things out.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs)]
pub struct Pretend {
    /// What [`Vendor::vend`] answers.
    pub works: bool,
}

impl Vendor for Pretend {
    async fn vend(&mut self, _: &OrderId) -> bool {
        self.works
    }
}
