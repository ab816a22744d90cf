//! An order's events as sentences.

use crate::book::{Decision, Event, Moment, Old, Reading, SeenRefund, Told};
use crate::store::Happened;

use super::standing::rupees;

/// The time, if it is known, and a sentence.
pub(super) fn told(happened: &Happened) -> (Option<Moment>, String) {
    match happened {
        Happened::Old(old) => (None, of_old(old)),
        Happened::Event(event) => of_event(event),
    }
}

fn of_event(event: &Event) -> (Option<Moment>, String) {
    match event {
        Event::Made { at } => (Some(*at), "The gateway has the order.".to_owned()),
        Event::Found { at } => (
            Some(*at),
            "The gateway had the order, and the database did not: what was said before is forgotten.".to_owned(),
        ),
        Event::Closing { at } => (Some(*at), "The kiosk wanted the order closed.".to_owned()),
        Event::Claimed { at, payment } => {
            (Some(*at), format!("The kiosk got the right to hand out the goods for payment {payment}."))
        }
        Event::Reported { at, released, payment } => {
            let goods = if *released { "handed out" } else { "not handed out" };
            let payment = payment.map_or_else(String::new, |payment| format!(" for payment {payment}"));
            (Some(*at), format!("The kiosk reported that the goods were {goods}{payment}."))
        }
        Event::Read(reading) => (Some(reading.at), read(reading)),
        Event::Hinted { at, told: Told::Payment { id, status } } => {
            (Some(*at), format!("A webhook told that payment {id} is {status}."))
        }
        Event::Hinted { at, told: Told::Refund { id, status } } => {
            (Some(*at), format!("A webhook told that refund {id} is {status}."))
        }
        Event::Refund(seen) => (None, format!("The gateway answered to a refund: {}.", refund(seen))),
        Event::RefundFailed { at, id, refused: true } => (Some(*at), format!("The gateway refused refund {id}.")),
        Event::RefundFailed { at, id, refused: false } => {
            (Some(*at), format!("Refund {id} was tried, and no answer shows it."))
        }
        Event::Refunds { list } if list.is_empty() => (None, "The gateway listed no refunds.".to_owned()),
        Event::Refunds { list } => {
            let list: Vec<_> = list.iter().map(refund).collect();
            (None, format!("The gateway listed refunds: {}.", list.join("; ")))
        }
        Event::Overdue => (None, "No report came in time: the money goes back.".to_owned()),
        Event::Person { at, matter, who, why } if matter == "look" => {
            (Some(*at), format!("{who} had the order read again: {why}"))
        }
        Event::Person { at, matter, who, why } => (Some(*at), format!("{who} has seen to {matter}: {why}")),
        Event::Decided { at, decision, who, why } => {
            let decided = match decision {
                Decision::GoodsOut => "said that the goods were handed out",
                Decision::GoodsIn => "said that the goods were not handed out",
                Decision::Refund => "sent the money back",
                Decision::Close => "closed the order",
            };
            (Some(*at), format!("{who} {decided}: {why}"))
        }
    }
}

fn read(reading: &Reading) -> String {
    let mut shown = Vec::new();
    if let Some(status) = &reading.status {
        shown.push(format!("the order is {status}"));
    }
    match &reading.payments {
        Some(payments) if payments.is_empty() => shown.push("no payments".to_owned()),
        Some(payments) => {
            shown.extend(payments.iter().map(|seen| format!("payment {} is {}", seen.id, seen.status)));
        }
        None => {}
    }
    if !reading.complete {
        shown.push("the list could not be read whole".to_owned());
    }
    format!("The gateway was read: {}.", shown.join(", "))
}

fn refund(seen: &SeenRefund) -> String {
    match seen.id.strip_prefix(SeenRefund::BY_GATEWAY) {
        Some(id) => format!("{id} by the gateway itself, {} rupees, {}", rupees(seen.amount), seen.status),
        None => format!("{}, {} rupees, {}", seen.id, rupees(seen.amount), seen.status),
    }
}

/// A sentence for an event of the first format.
fn of_old(old: &Old) -> String {
    match old {
        Old::Wanted { .. } => "A kiosk wanted the order.".to_owned(),
        Old::Made => "The gateway has the order.".to_owned(),
        Old::Closing => "The kiosk wanted the order closed.".to_owned(),
        Old::Reported { released: true } => "The kiosk reported that the goods were handed out.".to_owned(),
        Old::Reported { released: false } => "The kiosk reported that the goods were not handed out.".to_owned(),
        Old::RefundDue { .. } => "All of the money had to go back.".to_owned(),
        Old::Over => "The order ended unpaid, or its first refund was made.".to_owned(),
        Old::Surplus { count } => format!("{count} more payments came beyond the first."),
        Old::SurplusBack => "One of the payments beyond the first went back.".to_owned(),
        Old::Counted => "No more payments could come.".to_owned(),
    }
}
