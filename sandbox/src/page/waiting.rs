//! What waits for the shopper.

use crate::books::payment::Payment;
use crate::page::shown::Shown;
use crate::page::{layout, payment};
use crate::stage::gateway::Gateway;
use maud::html;

/// The list is got anew so often, in seconds.
const RENEWED_S: u32 = 2;
/// As many are listed.
const LISTED: usize = 20;

/// The page of the one payment that waits, or else the list.
pub(crate) fn first(gateway: &Gateway) -> String {
    let mut waiting = waiting(gateway);
    match (waiting.next(), waiting.next()) {
        (Some(only), None) => payment::path(only),
        _ => "/payments".to_owned(),
    }
}

pub(crate) fn show(gateway: &Gateway) -> Shown {
    let count = waiting(gateway).count();
    let content = html! {
        h1 { "Waiting for the shopper" }
        @if count == 0 {
            p { "No payment waits. This page looks again every " (RENEWED_S) " seconds." }
        }
        ul.list {
            @for waiting in waiting(gateway).take(LISTED) {
                li {
                    a href=(payment::path(waiting)) {
                        span.sum { (payment::rupees(waiting)) }
                        span { (payment::way(waiting)) }
                        span.soft { "Order " (waiting.order_id) }
                    }
                }
            }
        }
        @if count > LISTED { p.soft { "And " (count - LISTED) " more." } }
    };
    Shown::page(layout::renewed("Waiting for the shopper", RENEWED_S, "card", &content))
}

/// The newest first.
fn waiting(gateway: &Gateway) -> impl Iterator<Item = &Payment> {
    gateway.payments().iter().rev().filter(|payment| payment.status.is_open() && !payment.stranger)
}
