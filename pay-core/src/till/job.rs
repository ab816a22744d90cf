//! The current job, and its progress.

use super::super::model::{OrderId, UnixSeconds};
use super::super::sale::{Exposure, Millis};
use super::errand::Errand;
use super::recovery::Recovery;

/// The current job.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::large_enum_variant)] // there is one
pub(super) enum Job {
    /// None, or it is done.
    None,
    /// Checks the limits on unsettled sales before a sale begins. The sale waits at the desk.
    Admit { after: Option<OrderId>, sum: Exposure, now: Option<UnixSeconds>, then: Goal },
    /// Asks whether the journal has the order already. The sale waits at the desk.
    Known(Goal),
    /// A sale with a shopper.
    Serve(Goal),
    /// Looks up a sale of the journal.
    Recall { order_id: OrderId, word: Word },
    /// Settles that sale as far as possible.
    BringOn,
    /// Resumes all open sales of the journal, until this time.
    Settle { until: Millis },
    /// Single calls.
    Errand(Errand),
    /// Recovers a lost journal.
    Recover(Recovery),
}

impl Job {
    /// Whether it waits for an answer of the journal.
    pub(super) const fn asks_journal(&self) -> bool {
        matches!(self, Self::Admit { .. } | Self::Known(_) | Self::Recall { .. })
    }
}

/// Where a sale stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Goal {
    /// Once its order can be paid.
    Create,
    /// At its end.
    Sell,
}

/// What a person says about a sale of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Word {
    /// Nothing: just resume it.
    BringOn,
    /// Whether the goods are out. `false`: they are not, and will not be.
    Goods {
        /// They are out.
        out: bool,
    },
    /// The result of a check in the gateway's dashboard: paid, or not paid and never to be paid.
    Attest {
        /// It was paid.
        paid: bool,
    },
    /// The due refund was made.
    Refunded,
    /// The report that the backend refused was settled with it.
    ReportSettled,
    /// The shopper cancelled: close the order.
    Cancel,
}
