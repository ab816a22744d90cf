//! What is shown to the shopper, as values: a screen makes texts and pictures of it.

use pay_core::Amount;
use pay_core::model::{BankTransferDetails, Currency, FormFields, QrImage, Url};

use crate::qr::QrPicture;
use crate::words::Words;

/// What to show.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Notice<'a> {
    /// Words alone.
    Say(Words),
    /// What the shopper acts on.
    Act {
        /// On what.
        on: Act<'a>,
        /// The price.
        price: Price<'a>,
        /// Seconds that are left for it, at least one.
        left_s: u32,
    },
}

/// The price.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs)]
pub struct Price<'a> {
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub currency: &'a Currency,
}

/// What a shopper acts on.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Act<'a> {
    /// A QR of a UPI link whose amount was compared with the price.
    Code(QrPicture<'a>),
    /// The gateway's QR image, as it came. Its content is the gateway's word: this program does not read images.
    Image(QrImage<'a>),
    /// A page to open.
    Page(Url<'a>),
    /// A page to post these fields to.
    Form(Url<'a>, FormFields<'a>),
    /// An account to transfer to.
    Transfer(BankTransferDetails<'a>),
    /// Something elsewhere: the shopper's app or reader asks.
    Words(Words),
}

impl Notice<'_> {
    /// A word for reports.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Say(_) | Self::Act { on: Act::Words(_), .. } => "status",
            Self::Act { on: Act::Code(_), .. } => "qr",
            Self::Act { on: Act::Image(_), .. } => "image",
            Self::Act { on: Act::Page(_), .. } => "page",
            Self::Act { on: Act::Form(..), .. } => "form",
            Self::Act { on: Act::Transfer(_), .. } => "transfer",
        }
    }

    /// Seconds that the shopper has, if there is something to act on.
    pub const fn left_s(&self) -> Option<u32> {
        match self {
            Self::Say(_) => None,
            Self::Act { left_s, .. } => Some(*left_s),
        }
    }
}
