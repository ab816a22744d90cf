//! What becomes of a doubt once the gateway was asked about that order alone.

use pay_core::sale::Standing;

use super::difference::Kind;
use super::doubt::{Doubt, gives_back};
use super::listed::Shown;
use super::reading::{At, Reading};
use crate::book::{Back, Entry};

/// What a doubt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The book and the gateway say the same.
    Same,
    Differs(Kind),
    /// The gateway gave no answer that says.
    Unknown,
}

/// Judges a doubt by the book as it is after the reading.
pub(crate) fn judge(doubt: &Doubt, entry: &Entry, shown: &Shown, read: &Reading) -> Verdict {
    match doubt {
        Doubt::Amount => match read.amount {
            None => Verdict::Unknown,
            Some(theirs) if theirs == entry.amount() => Verdict::Same,
            Some(theirs) => Verdict::Differs(Kind::OrderAmount { ours: entry.amount(), theirs }),
        },
        Doubt::Payment(id) => payment(*id, entry, shown, read),
        Doubt::Refund(id) => refund(id, entry, shown, read),
        Doubt::Dispute(id) => Verdict::Differs(Kind::Dispute(id.clone())),
    }
}

fn payment(id: u64, entry: &Entry, shown: &Shown, read: &Reading) -> Verdict {
    let is_known = entry.attempts().any(|(other, known)| other == id && known.standing() == Standing::Succeeded);
    let is_shown = shown.payment(id).is_some_and(|payment| payment.standing == Standing::Succeeded);
    match (is_known, read.payment(id)) {
        (_, At::Unknown) => Verdict::Unknown,
        (true, At::Nowhere) if is_shown => Verdict::Differs(Kind::UnclearPayment(id)),
        (true, At::Nowhere) => Verdict::Differs(Kind::MissingPayment(id)),
        (false, At::Nowhere) if is_shown => Verdict::Differs(Kind::UnclearPayment(id)),
        (false, At::Nowhere) => Verdict::Same,
        (false, At::There(read)) if read.standing == Standing::Succeeded => Verdict::Differs(Kind::UnseenPayment(id)),
        // What took no money by its own reading took none: the pages are older.
        (false, At::There(_)) => Verdict::Same,
        (true, At::There(read)) if read.standing != Standing::Succeeded => {
            Verdict::Differs(Kind::OtherPayment { id, standing: read.standing })
        }
        (true, At::There(read)) => {
            let price = shown.amount.unwrap_or(entry.amount());
            match read.amount.filter(|amount| *amount < price) {
                Some(amount) => Verdict::Differs(Kind::ShortPayment { id, amount }),
                None => Verdict::Same,
            }
        }
    }
}

fn refund(id: &str, entry: &Entry, shown: &Shown, read: &Reading) -> Verdict {
    let known = entry.refunds().find(|(other, _)| *other == id).map(|(_, known)| known);
    let counts = known.filter(|known| !matches!(known.back(), Back::Tried { .. }));
    let is_reversed = shown.refunds.iter().any(|refund| refund.id == id && refund.is_reversed);
    match (counts, read.refund(id)) {
        (_, At::Unknown) => Verdict::Unknown,
        (None, At::There((amount, back))) if gives_back(&back) => {
            Verdict::Differs(Kind::UnknownRefund { id: id.to_owned(), amount })
        }
        (None, At::There(_) | At::Nowhere) => Verdict::Same,
        (Some(known), At::Nowhere) if gives_back(known.back()) => Verdict::Differs(Kind::MissingRefund(id.to_owned())),
        (Some(_), At::Nowhere) => Verdict::Same,
        (Some(known), At::There((theirs, back))) => {
            let id = id.to_owned();
            if theirs != known.amount() {
                return Verdict::Differs(Kind::RefundAmount { id, ours: known.amount(), theirs });
            }
            match (known.back(), back) {
                (Back::Done, Back::OnItsWay) => Verdict::Same,
                (Back::Done | Back::OnItsWay, Back::Done | Back::OnItsWay) if is_reversed => {
                    Verdict::Differs(Kind::ReversedRefund(id))
                }
                (ours, theirs) if *ours == theirs => Verdict::Same,
                (_, back) => Verdict::Differs(Kind::OtherRefund { id, back }),
            }
        }
    }
}
