//! How the program ends, and what that is called: as a number, as a word of the report, and for the shopper.

use pay_core::Outcome;
use pay_core::sale::{AttemptEnd, NotPaid, Release};

use crate::words::Words;

/// The exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
#[allow(clippy::exhaustive_enums)]
pub enum Exit {
    /// Paid, or done.
    Paid = 0,
    /// An error of this side, or of the way there: nothing that could charge was sent.
    Local = 1,
    /// Not paid, for certain.
    NotPaid = 2,
    /// Whether money was taken is not known here.
    Unknown = 3,
    /// Not over yet: the shopper may still pay, or sales of earlier runs are open. Resume.
    Open = 4,
    /// The money goes back, or has gone.
    Refund = 5,
    /// Paid by somebody else.
    Elsewhere = 6,
    /// A person must look.
    Person = 7,
    /// The command line or the config cannot be followed.
    Usage = 64,
}

impl Exit {
    /// The code of an outcome; `end` is how the last attempt ended, if it did.
    pub fn of(outcome: &Outcome, end: Option<&AttemptEnd>) -> Self {
        match outcome {
            Outcome::Paid { .. } => Self::Paid,
            Outcome::NotPaid(NotPaid::NotSent | NotPaid::NotStarted) => Self::Local,
            // The order was closed because nothing could be sent.
            Outcome::NotPaid(NotPaid::Terminated | NotPaid::Expired)
                if matches!(end, Some(AttemptEnd::NotSent | AttemptEnd::Untrusted)) =>
            {
                Self::Local
            }
            Outcome::NotPaid(_) => Self::NotPaid,
            // Handed over: the backend sends back whatever still comes.
            Outcome::RefundDue(_) | Outcome::HandedOver => Self::Refund,
            Outcome::PaidElsewhere => Self::Elsewhere,
            Outcome::PaidUnclear => Self::Person,
            // Nothing was sent: the order is another's, or may be.
            Outcome::OrderTaken => Self::Local,
            Outcome::Unknown => Self::Unknown,
            Outcome::Pending => Self::Open,
        }
    }

    /// The number.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// The word for an outcome in the report.
pub(crate) const fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Paid { watch: false, .. } => "paid",
        Outcome::Paid { watch: true, .. } => "paid, and watched for a second payment",
        Outcome::NotPaid(_) => "not paid",
        Outcome::RefundDue(_) => "refund due",
        Outcome::PaidElsewhere => "paid by somebody else",
        Outcome::PaidUnclear => "paid, by whom is not clear",
        Outcome::OrderTaken => "order taken by somebody else",
        Outcome::HandedOver => "handed over to the backend",
        Outcome::Pending => "pending",
        Outcome::Unknown => "unknown",
    }
}

/// What the shopper reads at the end. Words::NotPaid only where that is certain.
pub(crate) const fn farewell(outcome: &Outcome, release: Release) -> Words {
    match (outcome, release) {
        (Outcome::Paid { .. }, Release::Released | Release::Untracked) => Words::Paid,
        (Outcome::Paid { .. }, Release::NotReleased | Release::Returned) | (Outcome::RefundDue(_), _) => {
            Words::MoneyBack
        }
        (Outcome::Paid { .. }, Release::Due | Release::Releasing | Release::Unknown) => Words::PaidAskStaff,
        (Outcome::NotPaid(_), _) => Words::NotPaid,
        (Outcome::PaidElsewhere, _) => Words::PaidElsewhere,
        (Outcome::OrderTaken, _) => Words::StartAgain,
        (Outcome::HandedOver, _) => Words::IfPaidMoneyBack,
        (Outcome::PaidUnclear | Outcome::Pending | Outcome::Unknown, _) => Words::AskStaff,
    }
}

#[cfg(test)]
mod tests {
    use pay_core::model::RefundReason;

    use crate::words::Language;

    use super::*;

    const PAID: Outcome = Outcome::Paid { cf_payment_id: None, watch: false };

    /// Mutants: any paid order thanked for; a payment of somebody else ends as paid.
    #[test]
    fn each_end_has_its_number_and_its_words() {
        for (outcome, release, exit, words) in [
            (PAID, Release::Released, Exit::Paid, "Paid. Thank you"),
            (PAID, Release::Untracked, Exit::Paid, "Paid. Thank you"),
            (PAID, Release::NotReleased, Exit::Paid, "Your money is being returned"),
            (PAID, Release::Returned, Exit::Paid, "Your money is being returned"),
            (PAID, Release::Due, Exit::Paid, "Paid. Please ask the staff"),
            (PAID, Release::Releasing, Exit::Paid, "Paid. Please ask the staff"),
            (PAID, Release::Unknown, Exit::Paid, "Paid. Please ask the staff"),
            (Outcome::RefundDue(RefundReason::Surplus), Release::Due, Exit::Refund, "Your money is being returned"),
            (Outcome::NotPaid(NotPaid::Terminated), Release::Untracked, Exit::NotPaid, "Not paid"),
            (Outcome::NotPaid(NotPaid::NotSent), Release::Untracked, Exit::Local, "Not paid"),
            (Outcome::PaidElsewhere, Release::Untracked, Exit::Elsewhere, "Already paid elsewhere"),
            (Outcome::OrderTaken, Release::Untracked, Exit::Local, "Please start again"),
            (Outcome::HandedOver, Release::Untracked, Exit::Refund, "If you paid, it comes back"),
            (Outcome::PaidUnclear, Release::Untracked, Exit::Person, "Please ask the staff"),
            (Outcome::Pending, Release::Untracked, Exit::Open, "Please ask the staff"),
            (Outcome::Unknown, Release::Untracked, Exit::Unknown, "Please ask the staff"),
        ] {
            assert_eq!(
                (Exit::of(&outcome, None), farewell(&outcome, release).text(Language::English)),
                (exit, words),
                "{outcome:?} {release:?}"
            );
        }
    }

    /// The order was closed because nothing could be sent: nobody was charged, and the fault is here.
    #[test]
    fn an_order_closed_because_nothing_left_is_a_local_error() {
        let closed = Outcome::NotPaid(NotPaid::Expired);
        assert_eq!(Exit::of(&closed, Some(&AttemptEnd::Untrusted)), Exit::Local);
        assert_eq!(Exit::of(&closed, Some(&AttemptEnd::NotSent)), Exit::Local);
        assert_eq!(Exit::of(&closed, Some(&AttemptEnd::NotFound)), Exit::NotPaid);
    }
}
