//! What the backend does by itself: the duties of its book.

use pay_core::model::OrderId;
use pay_core::wire::{Call, encode};

use super::not_now::NotNow;
use super::ours::{order as read_order, seen};
use super::reading::{VERSION, note_list, note_status};
use super::refund::{refund, seen_refunds};
use super::{Ground, say};
use crate::book::{Duty, Entry, Event};

/// Does the duty that the book names as the next.
///
/// # Errors
/// The duty is still due: try again after a pause.
pub fn fulfil<G: Ground>(ground: &G, entry: &Entry, duty: Duty) -> Result<(), NotNow> {
    match duty {
        Duty::Close => look(ground, entry, true, true),
        Duty::Read { order } => look(ground, entry, order, false),
        Duty::ReadRefunds => list_refunds(ground, entry.order()),
        Duty::Refund { id, amount } => refund(ground, entry.order(), &id, amount),
        Duty::SayOverdue => Ok(say(ground, entry.order(), &Event::Overdue).map(|_| ())?),
    }
}

/// Reads the order, and its payments if it has ended. Closes it if the device asked for that and the gateway does not show it yet.
fn look<G: Ground>(ground: &G, entry: &Entry, with_order: bool, close: bool) -> Result<(), NotNow> {
    let order = entry.order();
    // Shoppers need the same budget; what is not a refund can wait.
    let is_hinted = entry.is_hinted();
    let is_urgent = close || is_hinted || entry.released() == Some(false);
    let can_be_made = |call: &Call<'_>| is_urgent || ground.has_to_spare(call.kind());
    let mut status = None;
    if with_order {
        // An order that is paid by its list is read for the sake of another list.
        let reads = [Call::ReadOrder(order), Call::ListPayments(order)];
        let needed = if entry.is_paid_by_its_list() { &reads[..] } else { &reads[..1] };
        if !needed.iter().all(can_be_made) {
            return Err(NotNow);
        }
        let answer = read_order(ground, order, VERSION);
        let shown = seen(ground, order, &answer).filter(|_| answer.is_success()).ok_or(NotNow)?;
        if close && shown.is_active {
            ground.ask(Call::TerminateOrder(order), VERSION, encode::TERMINATE_ORDER);
            ground.forget(order);
        }
        if !shown.is_final {
            return Ok(note_status(ground, order, shown.status, answer.date)?);
        }
        status = Some(shown.status);
    }
    let call = Call::ListPayments(order);
    if !can_be_made(&call) {
        return Err(NotNow);
    }
    // The waiting device will ask for this list in a moment.
    let answer = if is_hinted { ground.read(call, VERSION) } else { ground.ask(call, VERSION, &[]) };
    if answer.is_success() { Ok(note_list(ground, order, status, &answer)?) } else { Err(NotNow) }
}

fn list_refunds<G: Ground>(ground: &G, order: &OrderId) -> Result<(), NotNow> {
    let answer = ground.ask(Call::ListRefunds(order), VERSION, &[]);
    if !answer.is_success() {
        return Err(NotNow);
    }
    let list = seen_refunds(answer.body).ok_or(NotNow)?;
    Ok(say(ground, order, &Event::Refunds { list }).map(|_| ())?)
}
