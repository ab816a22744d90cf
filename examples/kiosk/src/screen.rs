//! What the shopper sees.

use pay_core::Amount;
use pay_core::model::{BankTransferDetails, FormFields, QrImage, Url};

use crate::qr::QrPicture;

/// The screen of a kiosk.
pub trait Screen {
    /// Shows this until the next call.
    fn show(&mut self, shown: Shown<'_>);
}

/// What to show.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Shown<'a> {
    /// A line of plain text.
    Status(&'a str),
    /// The price, and a QR of a UPI link whose amount was compared with it.
    Qr(Amount, QrPicture<'a>),
    /// The gateway's QR image, as it came. Its content is the gateway's word: this program does not read images.
    Image(QrImage<'a>),
    /// A page to open.
    Page(Url<'a>),
    /// A page to post these fields to.
    Form(Url<'a>, FormFields<'a>),
    /// An account to transfer to.
    Transfer(BankTransferDetails<'a>),
}

impl Shown<'_> {
    /// A word for reports.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Status(_) => "status",
            Self::Qr(..) => "qr",
            Self::Image(_) => "image",
            Self::Page(_) => "page",
            Self::Form(..) => "form",
            Self::Transfer(_) => "transfer",
        }
    }
}
