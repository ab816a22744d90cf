//! How a sale stands: its word for `--json`, its sentence for people, its exit code. The one place that maps them.

use pay_core::model::{OrderId, RefundReason};
use pay_core::sale::{AttemptEnd, NotPaid, Outcome, RefusedBy, Release};
use pay_core::till::{Ended, Why};

use super::ear::Ear;
use super::exit::{Ending, masked};

/// What is known of a sale, in facts.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) order_id: OrderId,
    pub(super) outcome: Outcome,
    pub(super) release: Release,
    /// Somebody still has to do something about it.
    pub(super) open: bool,
    pub(super) needs_person: bool,
    /// How the last attempt ended, if it did.
    pub(super) attempt: Option<AttemptEnd>,
    /// The gateway's last refusal.
    pub(super) said: Option<RefusedBy>,
    /// Why its state is unknown, as a clause.
    pub(super) trouble: Option<String>,
    /// An attempt waits for an OTP that nobody entered.
    pub(super) wants_otp: bool,
}

/// A word for `--json`, and the end of the program.
pub(super) type Verdict = (&'static str, Ending);

impl Facts {
    /// Of a sale that was just run.
    pub(super) fn of(ended: Ended, ear: &Ear) -> Self {
        let notes = ear.notes();
        let journal = notes.journal.as_deref().filter(|_| ended.journal_failed);
        let trouble = match (journal, notes.trouble(), ended.problem) {
            (Some(why), ..) => Some(format!("it is not on record: {why}")),
            (None, Some(why), _) => Some(why.to_owned()),
            (None, None, problem) => problem.map(|problem| Why(problem).to_string()),
        };
        Self {
            needs_person: ended.needs_person,
            order_id: ended.order_id,
            outcome: ended.outcome,
            release: ended.release,
            open: ended.open,
            attempt: ended.attempt,
            said: ended.said,
            trouble,
            wants_otp: false,
        }
    }

    pub(super) fn verdict(&self) -> Verdict {
        let id = &self.order_id;
        match &self.outcome {
            Outcome::Paid { .. } => self.paid(),
            // A surplus that went back leaves a paid order.
            Outcome::RefundDue(RefundReason::Surplus) if !self.open => self.paid(),
            Outcome::RefundDue(RefundReason::Surplus) => self.money_back("The order was paid twice"),
            Outcome::RefundDue(_) => self.money_back("The payment succeeded when the sale was over"),
            Outcome::PaidElsewhere => (
                "paid_elsewhere",
                Ending::Elsewhere(format!("Order {id} is paid, but not by this till: hand out nothing for it here.")),
            ),
            Outcome::PaidUnclear => (
                "paid_unclear",
                Ending::Person(format!(
                    "Order {id} is paid; whether by this till is unknown. Look into the gateway's dashboard, \
                     then `pay journal attest {id}`."
                )),
            ),
            Outcome::HandedOver => (
                "handed_over",
                Ending::MoneyBack(format!(
                    "Order {id} is closed and was not seen paid; the merchant's backend refunds late money. Sell with a new order."
                )),
            ),
            Outcome::OrderTaken => (
                "order_taken",
                Ending::NotSent(format!(
                    "Order {id} already existed, or another party is paying it; nothing that could charge was sent from here. \
                     `pay status --order-id {id}` says how it stands."
                )),
            ),
            Outcome::Pending if self.needs_person => (
                "pending",
                Ending::Person(format!("A payment of order {id} does not end: look into the gateway's dashboard.")),
            ),
            Outcome::Pending => ("pending", Ending::Pending(self.pending())),
            Outcome::Unknown => (
                "unknown",
                Ending::Unknown(format!(
                    "Whether order {id} was paid is unknown{}; ask before paying again: `pay journal resume {id}`.",
                    self.because()
                )),
            ),
            Outcome::NotPaid(why) => self.not_paid(why),
        }
    }

    fn paid(&self) -> Verdict {
        let id = &self.order_id;
        match self.release {
            Release::NotReleased | Release::Returned => self.money_back("The goods did not go out"),
            Release::Releasing | Release::Unknown => (
                "goods_unknown",
                Ending::Person(format!(
                    "Paid; whether the goods went out is unknown: look, then `pay journal release {id} --yes` or --no."
                )),
            ),
            Release::Due => (
                "paid",
                Ending::Person(format!(
                    "Paid; the goods were not handed out: hand them out, then `pay journal release {id} --yes`; \
                     with --no the payment is refunded."
                )),
            ),
            Release::Untracked | Release::Released => ("paid", Ending::Done),
        }
    }

    fn money_back(&self, why: &str) -> Verdict {
        let id = &self.order_id;
        if self.open {
            let text = format!(
                "{why}: a refund is due{}. `pay journal resume {id}` with merchant keys makes it and follows it.",
                self.because()
            );
            ("refund_due", Ending::MoneyBack(text))
        } else {
            ("refunded", Ending::MoneyBack(format!("{why}: the money was refunded.")))
        }
    }

    fn pending(&self) -> String {
        let id = &self.order_id;
        let what = match &self.attempt {
            Some(AttemptEnd::Failed) => "The payment failed",
            Some(AttemptEnd::UserDropped) => "The shopper left the payment",
            Some(AttemptEnd::Reversed) => "The payment was reversed",
            Some(AttemptEnd::NotFound) => "The gateway has no such payment",
            Some(AttemptEnd::Success) => {
                return format!(
                    "The payment succeeded, and the order does not show it yet; `pay journal resume {id}` asks again."
                );
            }
            _ if self.wants_otp => "The payment waits for its OTP",
            _ => return format!("The payment is pending{}; `pay journal resume {id}` asks again.", self.because()),
        };
        format!(
            "{what}{}; order {id} is open: it can be paid again, and `pay journal resume {id}` closes it.",
            self.because()
        )
    }

    fn not_paid(&self, why: &NotPaid) -> Verdict {
        let refused = match (why, &self.attempt) {
            (NotPaid::Refused(by), _) | (_, Some(AttemptEnd::Refused(by))) => Some(by),
            _ => None,
        };
        if let Some(by) = refused {
            return ("not_paid", Ending::Failed(format!("Not paid: the gateway refused it ({}).", clause(by))));
        }
        let text = match why {
            NotPaid::Terminated => "the order was closed before it was paid",
            NotPaid::Expired => "the order expired before it was paid",
            NotPaid::Attested => "a person checked and said so",
            NotPaid::NotStarted | NotPaid::NotSent => {
                let text = format!("Nothing that could charge was sent{}.", self.because());
                return ("not_paid", Ending::NotSent(text));
            }
            _ => "the order could not be paid",
        };
        ("not_paid", Ending::Failed(format!("Not paid: {text}{}.", self.because())))
    }

    /// What the gateway said, or why nobody said anything, in brackets.
    fn because(&self) -> String {
        match (&self.said, &self.trouble) {
            (Some(by), _) => format!(" (the gateway said: {})", clause(by)),
            (None, Some(trouble)) => format!(" ({trouble})"),
            (None, None) => String::new(),
        }
    }
}

/// Status and code, safe to show.
pub(super) fn clause(by: &RefusedBy) -> String {
    match masked(&by.code).as_str() {
        "" => format!("status {}", by.status),
        code => format!("status {}, {code}", by.status),
    }
}

#[cfg(test)]
mod tests {
    use pay_core::model::Text;

    use super::*;

    fn code(outcome: Outcome, change: impl FnOnce(&mut Facts)) -> u8 {
        let mut facts = Facts {
            order_id: OrderId::parse("order-1").unwrap(),
            outcome,
            release: Release::Untracked,
            open: true,
            needs_person: false,
            attempt: None,
            said: None,
            trouble: None,
            wants_otp: false,
        };
        change(&mut facts);
        facts.verdict().1.told().0
    }

    // Mutant: `HandedOver` as pending, which has somebody resume what is over here.
    #[test]
    fn each_outcome_has_its_exit_code() {
        let by = RefusedBy { status: 400, code: Text::cut("card_cvv_missing") };
        let paid = || Outcome::Paid { cf_payment_id: None, watch: false };
        for (outcome, expected) in [
            (paid(), 0),
            (Outcome::NotPaid(NotPaid::NotSent), 1),
            (Outcome::NotPaid(NotPaid::NotStarted), 1),
            (Outcome::OrderTaken, 1),
            (Outcome::NotPaid(NotPaid::Terminated), 2),
            (Outcome::NotPaid(NotPaid::Expired), 2),
            (Outcome::NotPaid(NotPaid::Attested), 2),
            (Outcome::NotPaid(NotPaid::Refused(by)), 2),
            (Outcome::Unknown, 3),
            (Outcome::Pending, 4),
            (Outcome::RefundDue(RefundReason::LateSuccess), 5),
            (Outcome::RefundDue(RefundReason::NotReleased), 5),
            (Outcome::RefundDue(RefundReason::Surplus), 5),
            (Outcome::HandedOver, 5),
            (Outcome::PaidElsewhere, 6),
            (Outcome::PaidUnclear, 7),
        ] {
            assert_eq!(code(outcome.clone(), |_| ()), expected, "{outcome:?}");
        }
        // One payment of two went back: paid.
        assert_eq!(code(Outcome::RefundDue(RefundReason::Surplus), |facts| facts.open = false), 0);
        assert_eq!(code(Outcome::Pending, |facts| facts.needs_person = true), 7);
        for (release, expected) in [
            (Release::Released, 0),
            (Release::NotReleased, 5),
            (Release::Returned, 5),
            (Release::Due, 7),
            (Release::Releasing, 7),
            (Release::Unknown, 7),
        ] {
            assert_eq!(code(paid(), |facts| facts.release = release), expected, "{release:?}");
        }
    }
}
