//! A UPI link as a QR, after a look at what it asks the shopper to pay.

use core::fmt;

use pay_core::Amount;
use pay_core::model::{Currency, UpiLinks, WrongLink};

use crate::symbol::Symbol;

/// A QR to be drawn: square modules, dark or light. Leave four light modules around it.
#[derive(Clone, Copy)]
pub struct QrPicture<'a>(&'a Symbol);

/// Why a link is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkProblem {
    /// There is no `upi://` link among them.
    Absent,
    /// It asks for another amount or currency than the order's.
    Asks(WrongLink),
    /// It is too long for a QR.
    TooLong,
}

impl QrPicture<'_> {
    /// Light modules around a picture, by ISO/IEC 18004.
    pub const QUIET: usize = 4;

    /// Draws the `upi://` link among `links` if it asks for this amount, and hands the picture to `show`.
    ///
    /// # Errors
    /// [`LinkProblem`]; nothing was shown.
    pub fn draw(
        links: &UpiLinks<'_>,
        amount: Amount,
        currency: &Currency,
        show: impl FnOnce(QrPicture<'_>),
    ) -> Result<(), LinkProblem> {
        let link = links.upi().ok_or(LinkProblem::Absent)?;
        link.asks_for(amount, currency).map_err(LinkProblem::Asks)?;
        Symbol::draw(link.as_str().as_bytes(), |symbol| show(QrPicture(symbol))).ok_or(LinkProblem::TooLong)
    }

    /// Modules in a row; as many rows.
    pub fn size(&self) -> usize {
        self.0.side()
    }

    /// Whether the module is dark, counted from the upper left corner; outside of it none is.
    pub fn is_dark(&self, column: usize, row: usize) -> bool {
        self.0.is_dark(column, row)
    }

    /// The same, counted from the upper left corner of the picture with [`Self::QUIET`] light modules around it.
    pub fn is_dark_framed(&self, column: usize, row: usize) -> bool {
        match (column.checked_sub(Self::QUIET), row.checked_sub(Self::QUIET)) {
            (Some(column), Some(row)) => self.is_dark(column, row),
            _ => false,
        }
    }
}

impl fmt::Debug for QrPicture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QrPicture({})", self.size())
    }
}

impl fmt::Display for LinkProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("no upi link in the answer"),
            Self::Asks(why) => why.fmt(f),
            Self::TooLong => f.write_str("the link is too long for a QR"),
        }
    }
}

impl core::error::Error for LinkProblem {}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use pay_core::model::UpiLink;
    use std::string::String;

    fn try_draw(link: &str, minor: u64) -> Result<String, LinkProblem> {
        let mut links = UpiLinks::default();
        links.default = UpiLink::parse(link);
        let mut read = String::new();
        QrPicture::draw(&links, Amount::from_minor(minor).unwrap(), &Currency::inr(), |picture| {
            // Three dots a module and a quiet zone of four modules, as on a screen.
            let side = (picture.size() + 2 * QrPicture::QUIET) * 3;
            let dark = |x: usize, y: usize| picture.is_dark_framed(x / 3, y / 3);
            let mut image =
                rqrr::PreparedImage::prepare_from_greyscale(side, side, |x, y| if dark(x, y) { 0 } else { 255 });
            read = image.detect_grids()[0].decode().unwrap().1;
        })?;
        Ok(read)
    }

    /// Read back by another implementation. Mutant seen red: `is_dark` with row and column exchanged does not matter to
    /// the reader, `!` before `bit` does.
    #[test]
    fn the_picture_says_what_the_link_says() {
        let link = "upi://pay?pa=shop@upi&pn=Shop&tr=ATC1457655315005187584&am=10.15&cu=INR&tn=Order%20Payment";
        for more in [0, 1, 7, 30, 90, 200, 400, 570] {
            let link = std::format!("{link}{}", "x".repeat(more));
            assert_eq!(try_draw(&link, 1015).as_deref(), Ok(&*link));
        }
    }

    /// Mutants seen red: `>=` for the equal amount; the first of two amounts taken.
    #[test]
    fn a_link_for_another_sum_is_not_drawn() {
        for (link, why) in [
            ("upi://pay?am=10.16&cu=INR", LinkProblem::Asks(WrongLink::Amount)),
            ("upi://pay?am=10.151&cu=INR", LinkProblem::Asks(WrongLink::Amount)),
            ("upi://pay?am=1015&cu=INR", LinkProblem::Asks(WrongLink::Amount)),
            ("upi://pay?cu=INR", LinkProblem::Asks(WrongLink::Amount)),
            ("upi://pay?am=&cu=INR", LinkProblem::Asks(WrongLink::Amount)),
            ("upi://pay?am=10.15&cu=INR&am=99", LinkProblem::Asks(WrongLink::Amount)),
            ("upi://pay?am=10.15&cu=INR&AM=99", LinkProblem::Asks(WrongLink::Amount)),
            ("upi://pay?am=10.15&cu=INR;am=99", LinkProblem::Asks(WrongLink::Amount)),
            ("upi://pay?am=10.15&cu=INR&%61m=99", LinkProblem::Asks(WrongLink::Amount)),
            ("upi://pay?am=10.15&cu=USD", LinkProblem::Asks(WrongLink::Currency)),
            ("upi://pay?am=10.15", LinkProblem::Asks(WrongLink::Currency)),
            ("upi://pay?am=10.15&cu=INR&cu=USD", LinkProblem::Asks(WrongLink::Currency)),
            ("tez://upi/pay?am=10.15&cu=INR", LinkProblem::Absent),
            ("https://api.cashfree.com/upi?am=10.15&cu=INR", LinkProblem::Absent),
        ] {
            assert_eq!(try_draw(link, 1015), Err(why), "{link}");
        }
        let long = std::format!("upi://pay?am=10.15&cu=INR&tn={}", "x".repeat(700));
        assert_eq!(try_draw(&long, 1015), Err(LinkProblem::TooLong));
    }
}
