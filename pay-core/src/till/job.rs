//! What was begun, and how far it is.

use super::super::model::{OrderId, UnixSeconds};
use super::super::sale::{Exposure, Millis};
use super::errand::Errand;
use super::recovery::Recovery;

/// What was begun.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::large_enum_variant)] // there is one
pub(super) enum Job {
    /// Nothing, or it is done.
    None,
    /// May a sale begin beside what is unsettled? The sale waits at the desk.
    Admit { after: Option<OrderId>, sum: Exposure, now: Option<UnixSeconds>, then: Goal },
    /// Does the journal have the order already? The sale waits at the desk.
    Known(Goal),
    /// A sale before a shopper.
    Serve(Goal),
    /// A sale of the journal is looked up.
    Recall { order_id: OrderId, word: Word },
    /// It is brought on as far as it goes.
    BringOn,
    /// All sales of the journal are looked after, until this time.
    Settle { until: Millis },
    /// Single calls.
    Errand(Errand),
    /// What was lost is asked for.
    Recover(Recovery),
}

impl Job {
    /// It waits for an answer of the journal.
    pub(super) const fn asks_journal(&self) -> bool {
        matches!(self, Self::Admit { .. } | Self::Known(_) | Self::Recall { .. })
    }
}

/// How far a sale is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Goal {
    /// Until its order can be paid.
    Create,
    /// To the end.
    Sell,
}

/// What somebody says about a sale of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Word {
    /// Nothing: bring it on.
    BringOn,
    /// The goods are out (a person has handed them out), or they are not and will not be.
    Goods {
        /// They are out.
        out: bool,
    },
    /// Somebody has looked into the gateway's books: it was paid, or it was not and will not be.
    Attest {
        /// It was paid.
        paid: bool,
    },
    /// The money that was due has gone back.
    Refunded,
    /// What the backend would not be told is settled with it.
    ReportSettled,
    /// The shopper gave up: close the order.
    Cancel,
}
