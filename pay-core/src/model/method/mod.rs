//! The payment methods of Order Pay, one file each, in the order of the API page.

mod app;
mod bank_transfer;
mod card;
mod cardless_emi;
mod emi;
mod net_banking;
mod pay_later;
mod upi;

pub use app::App;
pub use bank_transfer::BankTransfer;
pub use card::{
    BillingAddress, Card, CardChannel, CardExpiry, CardNumber, CardSource, Cryptogram, Cvv, PlainCard, SavedCard,
    TokenCard, TokenType,
};
pub use cardless_emi::CardlessEmi;
pub use emi::Emi;
pub(crate) use net_banking::Bank;
pub use net_banking::NetBanking;
pub use pay_later::PayLater;
pub use upi::{Authorization, Collect, Upi};

use super::error::InvalidValue;
use super::version::ApiVersion;

/// Exactly one way to pay.
// Owned in place: there is no heap to put the larger ones on.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PaymentMethod {
    /// `card`
    Card(Card),
    /// `upi`
    Upi(Upi),
    /// `netbanking`
    NetBanking(NetBanking),
    /// `app`
    App(App),
    /// `emi`
    Emi(Emi),
    /// `cardless_emi`
    CardlessEmi(CardlessEmi),
    /// `paylater`
    PayLater(PayLater),
    /// `banktransfer`
    BankTransfer(BankTransfer),
}

/// What kind of attempt this is, as far as money is concerned. All that a journal keeps of the method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum MethodClass {
    /// Card by a bank page.
    Card,
    /// Card with native OTP (`post`).
    CardOtp,
    /// UPI link.
    UpiLink,
    /// UPI collect request.
    UpiCollect,
    /// UPI QR image.
    UpiQrCode,
    /// UPI proof-of-delivery QR.
    UpiPodQrCode,
    /// Net banking.
    NetBanking,
    /// Wallet or app.
    App,
    /// Card EMI.
    Emi,
    /// Cardless EMI.
    CardlessEmi,
    /// Pay later.
    PayLater,
    /// Bank transfer.
    BankTransfer,
}

impl MethodClass {
    /// Whether an attempt of this kind can charge only after its answer was shown to a person: a QR or a link. A card,
    /// an EMI or a collect request can charge by itself; so may any method that names a phone.
    pub const fn needs_shopper(self) -> bool {
        matches!(self, Self::UpiLink | Self::UpiQrCode | Self::UpiPodQrCode | Self::NetBanking | Self::BankTransfer)
    }

    /// Whether its request holds a card, which goes to nobody but the gateway.
    pub const fn has_card(self) -> bool {
        matches!(self, Self::Card | Self::CardOtp | Self::Emi)
    }

    /// Every class.
    pub const ALL: [Self; 12] = [
        Self::Card,
        Self::CardOtp,
        Self::UpiLink,
        Self::UpiCollect,
        Self::UpiQrCode,
        Self::UpiPodQrCode,
        Self::NetBanking,
        Self::App,
        Self::Emi,
        Self::CardlessEmi,
        Self::PayLater,
        Self::BankTransfer,
    ];

    /// Its number in records, 1 to 12, for ever.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Card => 1,
            Self::CardOtp => 2,
            Self::UpiLink => 3,
            Self::UpiCollect => 4,
            Self::UpiQrCode => 5,
            Self::UpiPodQrCode => 6,
            Self::NetBanking => 7,
            Self::App => 8,
            Self::Emi => 9,
            Self::CardlessEmi => 10,
            Self::PayLater => 11,
            Self::BankTransfer => 12,
        }
    }

    /// Whether the answer carries an image of about 10 KB.
    pub const fn has_image(self) -> bool {
        matches!(self, Self::UpiQrCode | Self::UpiPodQrCode)
    }
}

impl PaymentMethod {
    /// What kind of attempt this is.
    pub const fn class(&self) -> MethodClass {
        match self {
            Self::Card(card) => match card.channel() {
                CardChannel::Link => MethodClass::Card,
                CardChannel::Post => MethodClass::CardOtp,
            },
            Self::Upi(Upi::Link { .. }) => MethodClass::UpiLink,
            Self::Upi(Upi::Collect(_)) => MethodClass::UpiCollect,
            Self::Upi(Upi::QrCode) => MethodClass::UpiQrCode,
            Self::Upi(Upi::PodQrCode) => MethodClass::UpiPodQrCode,
            Self::NetBanking(_) => MethodClass::NetBanking,
            Self::App(_) => MethodClass::App,
            Self::Emi(_) => MethodClass::Emi,
            Self::CardlessEmi(_) => MethodClass::CardlessEmi,
            Self::PayLater(_) => MethodClass::PayLater,
            Self::BankTransfer(_) => MethodClass::BankTransfer,
        }
    }

    /// Refuses what `version` does not know.
    ///
    /// # Errors
    /// [`InvalidValue`] naming the member and the version.
    pub fn check(&self, version: ApiVersion) -> Result<(), InvalidValue> {
        match self {
            Self::Card(card) => card.check(version),
            Self::Upi(upi) => upi.check(version),
            Self::CardlessEmi(emi) => emi.check(version),
            Self::BankTransfer(_) => version.needs(ApiVersion::V2023_08_01, "banktransfer"),
            Self::Emi(emi) => emi.check(version),
            Self::NetBanking(_) | Self::App(_) | Self::PayLater(_) => Ok(()),
        }
    }
}

macro_rules! from_method {
    ($($method:ident)*) => {
        $(impl From<$method> for PaymentMethod {
            fn from(method: $method) -> Self {
                Self::$method(method)
            }
        })*
    };
}
from_method!(Card Upi NetBanking App Emi CardlessEmi PayLater BankTransfer);
