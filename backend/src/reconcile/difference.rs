//! A difference between the book and the gateway, as it is reported to people.

use core::fmt;

use pay_core::model::OrderId;
use pay_core::sale::Standing;

use crate::book::{Back, Entry};

/// One difference. `Display` writes a line: order, name, whether it is left, what it is and what comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub(crate) order: OrderId,
    pub(crate) kind: Kind,
    pub(crate) is_left: bool,
}

/// What differs. Amounts are in minor units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The payment succeeded at the gateway and not in the book.
    UnseenPayment(u64),
    /// The payment succeeded in the book, and the gateway does not have it.
    MissingPayment(u64),
    /// The payment succeeded in the book; the gateway says that it took no money, or only holds it.
    OtherPayment { id: u64, standing: Standing },
    /// The pages say that the payment succeeded; its own reading does not.
    UnclearPayment(u64),
    /// The payment took less than the order's amount.
    ShortPayment { id: u64, amount: u64 },
    /// The order has another amount at the gateway.
    OrderAmount { ours: u64, theirs: u64 },
    /// The book lacks the order, and one of our devices created it.
    UnknownOrder,
    /// The gateway has this refund, and the book lacks it.
    UnknownRefund { id: String, amount: u64 },
    /// The book counts this refund, and the gateway does not have it.
    MissingRefund(String),
    /// The refund has another status at the gateway.
    OtherRefund { id: String, back: Back },
    /// The refund has another amount at the gateway.
    RefundAmount { id: String, ours: u64, theirs: u64 },
    /// The refund did not reach the shopper.
    ReversedRefund(String),
    /// The shopper disputes the payment at their bank.
    Dispute(String),
}

/// What is done about a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A backend reads the order again.
    Look,
    /// The book receives the gateway's list of refunds.
    TellRefunds,
    /// The book takes the order up.
    TakeUp,
    /// A person has to act.
    Person,
}

impl Difference {
    /// The order.
    pub const fn order(&self) -> &OrderId {
        &self.order
    }

    /// Its name, for `backend done ORDER NAME` once a person has dealt with it.
    pub fn name(&self) -> String {
        self.kind.name()
    }

    /// What differs.
    pub fn text(&self) -> String {
        self.kind.text()
    }

    /// What happens next, and who does it.
    pub fn next_step(&self) -> String {
        match self.kind.step() {
            Step::Look if self.is_left => {
                "the order is to be read again; a running backend does it: then run this again"
            }
            Step::Look => "the order was read again: the book's own rules go on from there",
            Step::TellRefunds if self.is_left => "the book is to be told of it: run this again without --dry-run",
            Step::TellRefunds => "the book was told of it: its own rules go on from there",
            Step::TakeUp if self.is_left => "the book is to take it up: run this again without --dry-run",
            Step::TakeUp => "the book has taken it up; a running backend reads it",
            Step::Person => {
                return format!("{}; then `backend done {} {}`", self.kind.person(), self.order, self.name());
            }
        }
        .to_owned()
    }

    /// Book and gateway still differ, and no person has dealt with it.
    pub const fn is_left(&self) -> bool {
        self.is_left
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_left { "left" } else { "seen-to" };
        write!(f, "{} {} {state}: {}; {}", self.order, self.name(), self.text(), self.next_step())
    }
}

impl Kind {
    /// No name begins with `refund-`: such a word means that a person paid the money back.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::UnseenPayment(id) => format!("unseen-payment-{id}"),
            Self::MissingPayment(id) => format!("missing-payment-{id}"),
            Self::OtherPayment { id, .. } => format!("other-payment-{id}"),
            Self::UnclearPayment(id) => format!("unclear-payment-{id}"),
            Self::ShortPayment { id, .. } => format!("short-payment-{id}"),
            Self::OrderAmount { .. } => "order-amount".to_owned(),
            Self::UnknownOrder => "unknown-order".to_owned(),
            Self::UnknownRefund { id, .. } => format!("unknown-refund-{id}"),
            Self::MissingRefund(id) => format!("missing-refund-{id}"),
            Self::OtherRefund { id, .. } => format!("other-refund-{id}"),
            Self::RefundAmount { id, .. } => format!("amount-of-refund-{id}"),
            Self::ReversedRefund(id) => format!("reversed-refund-{id}"),
            Self::Dispute(id) => format!("dispute-{id}"),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::UnseenPayment(id) => format!("the gateway has payment {id} as a success, and the book has not"),
            Self::MissingPayment(id) => {
                format!("the book has payment {id} as a success, and the gateway does not have it")
            }
            Self::OtherPayment { id, standing: Standing::Over } => {
                format!("the book has payment {id} as a success, and the gateway says that it took no money")
            }
            Self::OtherPayment { id, .. } => {
                format!("the book has payment {id} as a success, and the gateway does not say that it took the money")
            }
            Self::UnclearPayment(id) => {
                format!("the reconciliation has payment {id} as a success, and the order's list does not have it")
            }
            Self::ShortPayment { id, amount } => {
                format!("payment {id} took {}, which is less than the order costs", rupees(*amount))
            }
            Self::OrderAmount { ours, theirs } => {
                format!("the order costs {} in the book and {} at the gateway", rupees(*ours), rupees(*theirs))
            }
            Self::UnknownOrder => "one of our devices made this order, and the book does not know it".to_owned(),
            Self::UnknownRefund { id, amount } => {
                format!("the gateway has refund {id} of {}, and the book has not", rupees(*amount))
            }
            Self::MissingRefund(id) => format!("the book counts on refund {id}, and the gateway does not have it"),
            Self::OtherRefund { id, back: Back::Stuck(word) } => {
                format!("the book counts on refund {id}, and the gateway says {word}")
            }
            Self::OtherRefund { id, .. } => format!("refund {id} stands otherwise at the gateway than in the book"),
            Self::RefundAmount { id, ours, theirs } => {
                format!("refund {id} is of {} in the book and of {} at the gateway", rupees(*ours), rupees(*theirs))
            }
            Self::ReversedRefund(id) => format!("refund {id} did not arrive: the gateway took it back"),
            Self::Dispute(id) => format!("the shopper wants the money back through their bank: dispute {id}"),
        }
    }

    /// What a person has to do.
    const fn person(&self) -> &'static str {
        match self {
            Self::Dispute(_) => "a person answers it at the gateway",
            Self::MissingRefund(_) | Self::ReversedRefund(_) => {
                "a person asks the gateway, and sends the money back another way"
            }
            Self::UnclearPayment(_) => "a person looks it up at the gateway, or this is run again later",
            Self::UnseenPayment(_)
            | Self::MissingPayment(_)
            | Self::OtherPayment { .. }
            | Self::ShortPayment { .. }
            | Self::OrderAmount { .. }
            | Self::UnknownOrder
            | Self::UnknownRefund { .. }
            | Self::OtherRefund { .. }
            | Self::RefundAmount { .. } => "a person looks it up at the gateway",
        }
    }

    pub(crate) const fn step(&self) -> Step {
        match self {
            Self::UnseenPayment(_) | Self::OtherPayment { standing: Standing::Over, .. } => Step::Look,
            Self::UnknownRefund { .. } | Self::OtherRefund { .. } => Step::TellRefunds,
            Self::UnknownOrder => Step::TakeUp,
            Self::MissingPayment(_)
            | Self::OtherPayment { .. }
            | Self::UnclearPayment(_)
            | Self::ShortPayment { .. }
            | Self::OrderAmount { .. }
            | Self::MissingRefund(_)
            | Self::RefundAmount { .. }
            | Self::ReversedRefund(_)
            | Self::Dispute(_) => Step::Person,
        }
    }

    /// The book now agrees with the gateway.
    pub(crate) fn is_settled_in(&self, entry: &Entry) -> bool {
        let standing =
            |payment: u64| entry.attempts().find(|(id, _)| *id == payment).map(|(_, attempt)| attempt.standing());
        let back = |refund: &str| entry.refunds().find(|(id, _)| *id == refund).map(|(_, made)| made.back());
        match self {
            Self::UnseenPayment(id) => standing(*id) == Some(Standing::Succeeded),
            Self::OtherPayment { id, .. } => standing(*id) != Some(Standing::Succeeded),
            Self::UnknownRefund { id, .. } => back(id).is_some_and(|back| !matches!(back, Back::Tried { .. })),
            Self::OtherRefund { id, back: theirs } => back(id) == Some(theirs),
            Self::UnknownOrder => true,
            Self::MissingPayment(_)
            | Self::UnclearPayment(_)
            | Self::ShortPayment { .. }
            | Self::OrderAmount { .. }
            | Self::MissingRefund(_)
            | Self::RefundAmount { .. }
            | Self::ReversedRefund(_)
            | Self::Dispute(_) => false,
        }
    }
}

fn rupees(minor: u64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}
