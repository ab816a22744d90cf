//! Where pages and book disagree. A doubt is a reason to read the order, and not yet a difference: pages may lag behind.

use std::collections::BTreeSet;

use pay_core::sale::Standing;

use super::listed::Shown;
use super::recorded::Recorded;
use super::window::Window;
use crate::book::{Back, Terms};

/// What has to be read of one order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Doubt {
    /// Its amount.
    Amount,
    /// This payment.
    Payment(u64),
    /// This refund.
    Refund(String),
    /// A dispute. Nothing is read for it: this program has no other call that shows disputes.
    Dispute(String),
}

/// The doubts about an order of the book.
pub(crate) fn doubts(recorded: &Recorded, shown: &Shown, window: Window, terms: Terms) -> BTreeSet<Doubt> {
    let entry = &recorded.entry;
    let mut doubts = BTreeSet::new();
    if shown.amount.is_some_and(|amount| amount != entry.amount()) {
        doubts.insert(Doubt::Amount);
    }
    for payment in &shown.payments {
        let is_known = entry.attempts().any(|(id, known)| id == payment.id && known.standing() == Standing::Succeeded);
        let came = payment.standing == Standing::Succeeded;
        // More than the order's amount is a surcharge. Another amount of the order is a doubt of its own.
        let price = shown.amount.unwrap_or(entry.amount());
        let is_short = came && payment.amount.is_some_and(|amount| amount < price);
        if came != is_known || is_short {
            doubts.insert(Doubt::Payment(payment.id));
        }
    }
    for (id, known) in entry.attempts().filter(|(_, known)| known.standing() == Standing::Succeeded) {
        // If the gateway gave no time, use the time when it was first seen.
        let at = known.completed().map(|micros| micros / 1000).or(entry.first_paid().map(|at| at.0));
        if shown.payment(id).is_none() && at.is_some_and(|at| window.holds(at)) {
            doubts.insert(Doubt::Payment(id));
        }
    }
    for refund in &shown.refunds {
        let known = entry.refunds().find(|(id, _)| *id == refund.id).map(|(_, known)| known);
        let told = refund.status.as_deref().map(Back::of);
        let is_doubtful = match (known.map(|known| known.back()), told) {
            // Nothing went back.
            (None | Some(Back::Tried { .. }), Some(Back::Stuck(_)) | None) => false,
            (None | Some(Back::Tried { .. }), Some(_)) => true,
            // The page is older: the refund was still on its way.
            (Some(Back::Done), Some(Back::OnItsWay)) => false,
            // The book will read it anyway if a duty is due.
            (Some(Back::OnItsWay), Some(Back::Done)) => entry.due(terms).is_none(),
            (Some(known), Some(told)) => *known != told,
            (Some(_), None) => false,
        };
        let is_other_sum = known.is_some_and(|known| refund.amount.is_some_and(|amount| amount != known.amount()));
        let is_reversed = refund.is_reversed && known.is_some_and(|known| gives_back(known.back()));
        if is_doubtful || (is_other_sum && known.is_some_and(|known| gives_back(known.back()))) || is_reversed {
            doubts.insert(Doubt::Refund(refund.id.clone()));
        }
    }
    for (id, known) in entry.refunds().filter(|(_, known)| gives_back(known.back())) {
        let is_shown = shown.refunds.iter().any(|refund| refund.id == id && refund.status.is_some());
        let since = recorded.refunds.get(id).is_some_and(|since| window.holds(since.0));
        // Money that a person returned in another way is not at the gateway.
        if !is_shown && since && !recorded.by_people.contains(id) && known.amount() > 0 {
            doubts.insert(Doubt::Refund(id.to_owned()));
        }
    }
    doubts.extend(shown.open_disputes().map(|id| Doubt::Dispute(id.to_owned())));
    doubts
}

pub(super) const fn gives_back(back: &Back) -> bool {
    matches!(back, Back::Done | Back::OnItsWay)
}
