//! The machine that hands out the goods, played by a file of the host.

use kiosk::Vendor;
use pay_core::OrderId;
use pay_core::till::Goods as Where;

use crate::lines::{append_line, has_line};

/// Hands out the goods of an order by adding a line with its id. Its sensor sees which lines are there.
/// A product drives its motor or lock here, and reads its light barrier.
pub struct Goods<'a> {
    /// The file. Without one nothing is seen.
    pub file: Option<&'a str>,
    /// What is said of the goods without a file: whether they are out.
    pub works: bool,
}

impl Vendor for Goods<'_> {
    async fn vend(&mut self, order: &OrderId) -> Where {
        where_if(self.file.map_or(self.works, |file| append_line(file, order.as_str()).is_ok()))
    }

    async fn sense(&mut self, order: &OrderId) -> Where {
        let seen = self.file.and_then(|file| has_line(file, order.as_str()).ok());
        seen.map_or(Where::Unknown, where_if)
    }
}

const fn where_if(out: bool) -> Where {
    if out { Where::Out } else { Where::Inside }
}
