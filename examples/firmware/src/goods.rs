//! The machine that hands out the goods, played by a file of the host.

use kiosk::Vendor;
use pay_core::OrderId;

use crate::semihosting::{append_line, has_line};

/// Hands out the goods of an order by adding a line with its id. Its sensor sees which lines are there.
/// A product drives its motor or lock here, and reads its light barrier.
pub struct Goods<'a> {
    /// The file. Without one nothing is seen.
    pub file: Option<&'a str>,
    /// What is said of the goods without a file: whether they are out.
    pub works: bool,
}

impl Vendor for Goods<'_> {
    async fn vend(&mut self, order: &OrderId) -> bool {
        self.file.map_or(self.works, |file| append_line(file, order.as_str()).is_ok())
    }

    async fn settle(&mut self, order: &OrderId) -> Option<bool> {
        has_line(self.file?, order.as_str()).ok()
    }
}
