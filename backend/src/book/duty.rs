//! What is owed: by the service, and by people.

use pay_core::model::RefundId;
use pay_core::sale::Millis;

/// What the service has to do for an order next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)] // the service must do all
pub enum Duty {
    /// Read the order (where its end is not known yet) and its payments.
    Read {
        /// Its status too.
        order: bool,
    },
    /// Close it, then read it.
    Close,
    /// List its refunds: before the first one, and while one is not at its end.
    ReadRefunds,
    /// Make this refund, or read it back.
    Refund {
        /// Its id.
        id: RefundId,
        /// How much, in minor units.
        amount: u64,
    },
    /// Say [`Event::Overdue`](super::Event::Overdue): the merchant's time for a report is over.
    SayOverdue,
}

/// The next duty, and when it may be done.
pub(super) type Due = (Millis, Duty);

/// What a person has to do. It is listed until it is done, or until what is known shows that there is nothing left to do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(clippy::exhaustive_enums)] // people must be told all
pub enum Matter {
    /// This refund was refused, or has a status that says neither that money goes back nor that it will: see to it.
    Refund {
        /// Its id.
        id: String,
        /// The gateway's word; empty where it refused to make it.
        word: String,
    },
    /// This refund was still on its way when it was looked at for the last time.
    RefundMoving(String),
    /// Paid, and nobody said what became of the goods.
    Unreported,
    /// This payment may still move money, long after the order's end.
    Moving(u64),
    /// The list of payments cannot be read whole.
    Unreadable,
    /// Goods were reported out, and the right to hand them out had been granted for another payment, or not for this one.
    GoodsTwice,
    /// Goods were reported out, and no money came, or the gateway sent it back by itself.
    OutUnpaid,
    /// The order cannot be closed.
    NotClosed,
}

impl Matter {
    /// Its name, for lists and for saying that it is done.
    pub fn name(&self) -> String {
        match self {
            Self::Refund { id, .. } | Self::RefundMoving(id) => format!("refund-{id}"),
            Self::Unreported => "unreported".to_owned(),
            Self::Moving(payment) => format!("moving-{payment}"),
            Self::Unreadable => "unreadable".to_owned(),
            Self::GoodsTwice => "goods-twice".to_owned(),
            Self::OutUnpaid => "out-unpaid".to_owned(),
            Self::NotClosed => "not-closed".to_owned(),
        }
    }

    /// What to do, in a sentence.
    pub fn text(&self) -> String {
        match self {
            Self::Refund { id, word } if word.is_empty() => {
                format!("the gateway does not make refund {id}: send the money back another way")
            }
            Self::Refund { id, word } => {
                format!("refund {id} is {word}: see at the gateway whether the money goes back")
            }
            Self::RefundMoving(id) => {
                format!(
                    "refund {id} is on its way for three days or more: see at the gateway whether the money goes back"
                )
            }
            Self::Unreported => {
                "paid, and no report says whether the goods are out: check, then refund or keep".to_owned()
            }
            Self::Moving(payment) => format!("payment {payment} is still in progress: check it at the gateway"),
            Self::Unreadable => "the list of payments cannot be read whole: look at the gateway's own page".to_owned(),
            Self::GoodsTwice => {
                "goods went out for a payment that had no right to them: check what was handed out".to_owned()
            }
            Self::OutUnpaid => "the goods are out, and no money came, or the gateway sent it back".to_owned(),
            Self::NotClosed => "the order cannot be closed: close it at the gateway".to_owned(),
        }
    }
}
