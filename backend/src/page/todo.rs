//! The page that lists what needs a person.

use maud::html;
use pay_core::model::OrderId;

use crate::book::Matter;
use crate::desk::Desk;

use super::answer::Shown;
use super::layout;
use super::orders::Kiosks;
use super::session::Visitor;
use super::standing::rupees;

/// How many are shown at most.
const MOST: usize = 200;

pub(super) fn show(desk: &Desk, visitor: &Visitor) -> Result<Shown, Shown> {
    let matters = desk.store.matters(desk.clock.moment()).map_err(|_| Shown::no_database())?;
    let kiosks = Kiosks::read(desk)?;
    let row = |(order, matter): &(OrderId, Matter)| -> Result<_, Shown> {
        let known = desk.known(order).map_err(|answer| Shown::of(&answer))?;
        let (amount, kiosk) = known.map_or_else(Default::default, |known| {
            (rupees(known.entry.amount()), kiosks.name(known.entry.owner()).to_owned())
        });
        Ok(html! {
            tr {
                td data-label="Order" { a href={ "/orders/" (order) } { (order) } }
                td data-label="What" { (matter.text()) }
                td.name data-label="Kiosk" { (kiosk) }
                td.number data-label="Rupees" { (amount) }
            }
        })
    };
    let rows = matters.iter().take(MOST).map(row).collect::<Result<Vec<_>, _>>()?;
    let content = html! {
        h1 { "To do" }
        @if matters.is_empty() {
            p.note.good { "Nothing needs a person." }
        } @else {
            p { (matters.len()) " to do" @if matters.len() > MOST { ", the first " (MOST) " of them here" } "." }
            table {
                thead { tr { th { "Order" } th { "What" } th { "Kiosk" } th.number { "Rupees" } } }
                tbody { @for row in rows { (row) } }
            }
        }
    };
    Ok(Shown::page(layout::page("To do", "/", visitor, &content)))
}
