//! The state of an order in a few words.

use maud::{Markup, html};
use pay_core::sale::Standing;

use crate::book::{Back, Entry};

/// An amount in rupees.
pub(super) fn rupees(minor: u64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

/// Whether a payment of the order was seen to succeed.
pub(super) fn is_paid(entry: &Entry) -> bool {
    entry.attempts().any(|(_, attempt)| attempt.standing() == Standing::Succeeded)
}

/// The state of the money.
pub(super) fn money(entry: &Entry) -> Markup {
    let mut refunds = entry.refunds().peekable();
    let has_refunds = refunds.peek().is_some();
    let (class, text) = match () {
        () if is_paid(entry)
            && entry.goes_back()
            && has_refunds
            && refunds.all(|(_, made)| *made.back() == Back::Done) =>
        {
            ("calm", "refunded")
        }
        () if is_paid(entry) && entry.goes_back() => ("busy", "refund under way"),
        () if is_paid(entry) => ("good", "paid"),
        () if entry.is_settled() => ("calm", "not paid"),
        () if entry.is_closing() => ("busy", "closing"),
        () if entry.is_made() => ("busy", "open"),
        () => ("calm", "not at the gateway"),
    };
    html! { span.tag.(class) { (text) } }
}

/// The state of the goods.
pub(super) fn goods(entry: &Entry) -> Markup {
    let (class, text) = match (entry.released(), entry.granted()) {
        (Some(true), _) => ("good", "handed out"),
        (Some(false), _) => ("calm", "not handed out"),
        (None, Some(_)) => ("busy", "may be out"),
        (None, None) if is_paid(entry) => ("busy", "not reported"),
        (None, None) => ("calm", "–"),
    };
    html! { span.tag.(class) { (text) } }
}

/// The state of a payment.
pub(super) const fn payment(standing: Standing) -> &'static str {
    match standing {
        Standing::Succeeded => "succeeded",
        Standing::Over => "failed or ended without money",
        Standing::NotAttempted => "not attempted",
        Standing::Moving => "in progress",
    }
}

/// The state of a refund.
pub(super) fn refund(back: &Back) -> String {
    match back {
        Back::Tried { tries, .. } => format!("tried {tries} times, no answer shows it"),
        Back::Done => "made".to_owned(),
        Back::OnItsWay => "under way".to_owned(),
        Back::Stuck(word) => format!("the gateway says {word}"),
    }
}
