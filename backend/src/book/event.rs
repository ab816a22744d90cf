//! What happens to an order.

use pay_core::model::UnixSeconds;
use pay_core::sale::{Millis, ReadAt};
use serde::{Deserialize, Serialize};

/// Something that happened to an order, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[allow(clippy::exhaustive_enums)] // the book must know all
pub enum Event {
    /// The gateway has it, and it is ours.
    Made {
        /// When.
        at: Moment,
    },
    /// The same of an order that this book did not know, although a device of ours made it: an older copy of the database was restored.
    /// What was granted and reported before is not known.
    Found {
        /// When.
        at: Moment,
    },
    /// The device wants it closed.
    Closing {
        /// When.
        at: Moment,
    },
    /// A device asks for the right to hand out the goods for this payment.
    Claimed {
        /// When.
        at: Moment,
        /// The payment that the device saw succeed.
        payment: u64,
    },
    /// The device says whether the goods are out.
    Reported {
        /// When.
        at: Moment,
        /// Whether they are.
        released: bool,
        /// For which payment, where it says.
        payment: Option<u64>,
    },
    /// The gateway was read.
    Read(Reading),
    /// The gateway's webhook told something. A hint: it makes a reading due, and is not believed.
    Hinted {
        /// When it came.
        at: Moment,
        /// What it told.
        told: Told,
    },
    /// The answer to a refund, or to a look at one.
    Refund(SeenRefund),
    /// A refund was tried, and no answer shows it.
    RefundFailed {
        /// When.
        at: Moment,
        /// The refund.
        id: String,
        /// The gateway said for certain that it does not make it (400 to 499, but for 408, 409 and 429).
        refused: bool,
    },
    /// The order's refunds as the gateway lists them, all of them.
    Refunds {
        /// The list.
        list: Vec<SeenRefund>,
    },
    /// Nobody reported in the time that the merchant allows: see [`Unreported::RefundAfter`](super::Unreported::RefundAfter). Never
    /// of an order that was found: its report may have been forgotten.
    Overdue,
    /// A person has seen to a matter, or wants the order looked at again (`look`).
    Person {
        /// When.
        at: Moment,
        /// The matter's name.
        matter: String,
        /// Who.
        who: String,
        /// And why.
        why: String,
    },
    /// A person has decided what is otherwise a device's or the merchant's to say.
    Decided {
        /// When.
        at: Moment,
        /// What.
        decision: Decision,
        /// Who.
        who: String,
        /// And why.
        why: String,
    },
}

/// What a person may decide about an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::exhaustive_enums)] // the book must know all
pub enum Decision {
    /// The goods are out: as if the device had reported it.
    GoodsOut,
    /// The goods are not out: the same.
    GoodsIn,
    /// All of the money goes back, whatever became of the goods.
    Refund,
    /// The order is closed: as if the device wanted it.
    Close,
}

impl Decision {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::GoodsOut, Self::GoodsIn, Self::Refund, Self::Close];

    /// Its name, as it is kept.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GoodsOut => "goods_out",
            Self::GoodsIn => "goods_in",
            Self::Refund => "refund",
            Self::Close => "close",
        }
    }
}

/// What a webhook told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::exhaustive_enums)] // the book must know all
pub enum Told {
    /// How a payment stands.
    Payment {
        /// `cf_payment_id`
        id: u64,
        /// `payment_status`
        status: String,
    },
    /// How a refund stands.
    Refund {
        /// `refund_id`
        id: String,
        /// `refund_status`
        status: String,
    },
}

/// When, by the service's clock: milliseconds that go forward, over a restart by the clock on the wall. For pauses only; what settles
/// an order is in [`Reading::power_on`] and [`Reading::date`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs)] // a unit
pub struct Moment(pub u64);

/// What one look at the gateway showed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs)] // made by the caller
pub struct Reading {
    /// When.
    pub at: Moment,
    /// Tells one start of the service from another.
    pub power_on: u64,
    /// The gateway's `Date`.
    pub date: Option<u64>,
    /// `order_status`; none where only the payments were read.
    pub status: Option<String>,
    /// The payments; none where only the order was read, or the list could not be.
    pub payments: Option<Vec<SeenPayment>>,
    /// The list was read to its end, and each element of it.
    pub complete: bool,
}

/// A payment in a reading.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs)] // made by the caller
pub struct SeenPayment {
    /// `cf_payment_id`
    pub id: u64,
    /// `payment_status`
    pub status: String,
    /// `is_captured`
    pub captured: Option<bool>,
    /// `payment_completion_time`, in microseconds since 1970.
    pub completed: Option<u64>,
}

/// A refund as the gateway shows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[allow(clippy::exhaustive_structs)] // made by the caller
pub struct SeenRefund {
    /// `refund_id`; [`BY_GATEWAY`](Self::BY_GATEWAY) before it, or before the gateway's own number, for one that the gateway made by
    /// itself.
    pub id: String,
    /// `order_id`; empty where absent.
    pub order: String,
    /// `refund_amount` in minor units.
    pub amount: u64,
    /// `refund_status`
    pub status: String,
}

impl SeenRefund {
    /// How the id of a refund begins that the gateway made by itself.
    pub const BY_GATEWAY: &str = "gateway:";
}

impl Event {
    /// When, where it says.
    pub const fn at(&self) -> Option<Moment> {
        match self {
            Self::Made { at }
            | Self::Found { at }
            | Self::Closing { at }
            | Self::Claimed { at, .. }
            | Self::Reported { at, .. }
            | Self::Hinted { at, .. }
            | Self::RefundFailed { at, .. }
            | Self::Person { at, .. }
            | Self::Decided { at, .. } => Some(*at),
            Self::Read(reading) => Some(reading.at),
            Self::Refund(_) | Self::Refunds { .. } | Self::Overdue => None,
        }
    }
}

impl Moment {
    pub(super) const fn millis(self) -> Millis {
        Millis(self.0)
    }
}

impl Reading {
    pub(super) fn read_at(&self) -> ReadAt {
        // Folded: a power-on is only ever compared with another.
        let power_on = (self.power_on ^ (self.power_on >> 32)) as u32;
        ReadAt { power_on, now: self.at.millis(), date: self.date.map(UnixSeconds) }
    }
}
