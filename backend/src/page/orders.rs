//! The list of orders.

use std::collections::BTreeMap;

use maud::html;
use pay_core::model::OrderId;

use crate::account::MERCHANT;
use crate::book::{Moment, Owner};
use crate::desk::Desk;
use crate::store::{DeviceToken, Listed, ORDERS};

use super::answer::Shown;
use super::form::Asked;
use super::layout;
use super::session::Visitor;
use super::standing::{goods, money, rupees};
use super::time;

/// The devices, by the hash of their token.
pub(super) struct Kiosks(BTreeMap<Owner, DeviceToken>);

impl Kiosks {
    pub(super) fn read(desk: &Desk) -> Result<Self, Shown> {
        let tokens = desk.store.tokens().map_err(|_| Shown::no_database())?;
        Ok(Self(tokens.into_iter().collect()))
    }

    pub(super) fn name(&self, owner: &Owner) -> &str {
        self.0.get(owner).map_or("unknown", |token| &token.name)
    }

    pub(super) fn account(&self, owner: &Owner) -> &str {
        self.0.get(owner).map_or(MERCHANT, |token| &token.account)
    }

    fn owner(&self, name: &str) -> Option<Owner> {
        self.0.iter().find_map(|(owner, token)| (token.name == name).then_some(*owner))
    }
}

pub(super) fn show(desk: &Desk, visitor: &Visitor, asked: &Asked) -> Result<Shown, Shown> {
    let wanted = asked.query("id").unwrap_or_default().trim();
    if !wanted.is_empty() {
        // Only a valid id gets into the address.
        let id = OrderId::parse(wanted).map_err(|_| Shown::refused(404, "There is no such order."))?;
        return Err(Shown::to(format!("/orders/{id}")));
    }
    let kiosks = Kiosks::read(desk)?;
    let kiosk = asked.query("kiosk").filter(|name| !name.is_empty());
    let owner = match kiosk {
        Some(name) => Some(kiosks.owner(name).ok_or_else(|| Shown::refused(404, "There is no such kiosk."))?),
        None => None,
    };
    let listed = desk.store.list(owner, before(asked).as_ref()).map_err(|_| Shown::no_database())?;
    let row = |listed: &Listed| -> Result<_, Shown> {
        let known = desk.known(&listed.order).map_err(|answer| Shown::of(&answer))?;
        let Some(entry) = known.map(|known| known.entry) else { return Ok(html! {}) };
        Ok(html! {
            tr {
                td data-label="Order" { a href={ "/orders/" (listed.order) } { (listed.order) } }
                td data-label="Time" { (time::or_dash(listed.at)) }
                td.name data-label="Kiosk" { (kiosks.name(entry.owner())) }
                td.number data-label="Rupees" { (rupees(entry.amount())) }
                td data-label="Money" { (money(&entry)) }
                td data-label="Goods" { (goods(&entry)) }
            }
        })
    };
    let rows = listed.iter().map(row).collect::<Result<Vec<_>, _>>()?;
    let next = listed.last().filter(|_| listed.len() == ORDERS).map(|last| {
        let at = last.at.map_or(0, |at| at.0);
        let of = kiosk.map_or_else(String::new, |name| format!("&kiosk={name}"));
        format!("/orders?at={at}&before={}{of}", last.order)
    });
    let content = html! {
        h1 { "Orders" @if let Some(name) = kiosk { " of " (name) } }
        form.search method="get" action="/orders" role="search" {
            label for="id" { "Order id" }
            input #id name="id" required maxlength="45";
            button type="submit" { "Open" }
        }
        @if listed.is_empty() {
            p.note { "No orders." }
        } @else {
            table {
                thead { tr { th { "Order" } th { "Time" } th { "Kiosk" } th.number { "Rupees" } th { "Money" } th { "Goods" } } }
                tbody { @for row in rows { (row) } }
            }
        }
        @if let Some(next) = next { p { a href=(next) { "Older orders" } } }
    };
    Ok(Shown::page(layout::page("Orders", "/orders", visitor, &content)))
}

/// The last order of the previous page of the list.
fn before(asked: &Asked) -> Option<Listed> {
    let at = asked.query("at")?.parse().ok()?;
    let order = OrderId::parse(asked.query("before")?).ok()?;
    Some(Listed { order, at: Some(Moment(at)) })
}
