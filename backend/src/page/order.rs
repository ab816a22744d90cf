//! The page of one order: its state, its history, and what a person can do.

use maud::{Markup, html};
use pay_core::model::OrderId;
use pay_core::sale::Millis;

use crate::book::{Decision, Entry};
use crate::counter::Counter;
use crate::desk::Desk;
use crate::rules::{self, Said};

use super::answer::Shown;
use super::form::Asked;
use super::layout;
use super::orders::Kiosks;
use super::session::Visitor;
use super::standing::{goods, is_paid, money, payment, refund, rupees};
use super::story;
use super::time;

pub(super) fn show(desk: &Desk, visitor: &Visitor, id: &str, asked: &Asked) -> Result<Shown, Shown> {
    let order = parse(id)?;
    let entry = entry(desk, &order)?;
    let story = desk.store.story(&order).map_err(|_| Shown::no_database())?;
    let wanted = desk.store.wanted_at(&order).map_err(|_| Shown::no_database())?;
    let kiosks = Kiosks::read(desk)?;
    let kiosk = kiosks.name(entry.owner());
    let content = html! {
        h1 { "Order " (order) }
        @if let Some((class, text)) = asked.query("said").and_then(said) { p.note.(class) role="status" { (text) } }
        dl.facts {
            div { dt { "Rupees" } dd { (rupees(entry.amount())) } }
            div { dt { "Money" } dd { (money(&entry)) } }
            div { dt { "Goods" } dd { (goods(&entry)) } }
            div { dt { "Kiosk" } dd { a href={ "/orders?kiosk=" (kiosk) } { (kiosk) } } }
            @if desk.accounts().count() > 1 { div { dt { "Account" } dd { (kiosks.account(entry.owner())) } } }
            div { dt { "Wanted" } dd { (time::or_dash(wanted)) } }
        }
        (to_do(desk, visitor, &entry))
        (payments(&entry))
        h2 { "What happened" }
        ol.story {
            li { span.time { (time::or_dash(wanted)) } span { (kiosk) " wanted the order." } }
            @for (at, text) in story.iter().map(story::told) { li { span.time { (time::or_dash(at)) } span { (text) } } }
        }
        (decisions(visitor, &entry))
    };
    Ok(Shown::page(layout::page(order.as_str(), "/orders", visitor, &content)))
}

/// A person's decision.
pub(super) fn decide(desk: &Desk, visitor: &Visitor, id: &str, asked: &Asked) -> Result<Shown, Shown> {
    let order = parse(id)?;
    let counter = counter(desk, &order)?;
    let (name, why) = (asked.field("decision"), asked.why()?);
    let said = if name == "look" {
        rules::done(&counter, &order, name, &visitor.person, &why)
    } else {
        let decision = Decision::ALL.into_iter().find(|decision| decision.name() == name);
        let decision = decision.ok_or_else(|| Shown::refused(400, "Choose what you decide."))?;
        rules::decide(&counter, &order, decision, &visitor.person, &why)
    };
    back(&order, said.map_err(|answer| Shown::of(&answer))?)
}

/// A person has done a listed duty.
pub(super) fn done(desk: &Desk, visitor: &Visitor, id: &str, asked: &Asked) -> Result<Shown, Shown> {
    let order = parse(id)?;
    let (name, why) = (asked.field("matter"), asked.why()?);
    let matters = entry(desk, &order)?.matters(desk.terms, Millis(desk.clock.moment().0));
    if !matters.iter().any(|matter| matter.name() == name) {
        return back(&order, Said::Known);
    }
    let said = rules::done(&counter(desk, &order)?, &order, name, &visitor.person, &why);
    back(&order, said.map_err(|answer| Shown::of(&answer))?)
}

fn parse(id: &str) -> Result<OrderId, Shown> {
    OrderId::parse(id).map_err(|_| Shown::refused(404, "There is no such order."))
}

fn entry(desk: &Desk, order: &OrderId) -> Result<Entry, Shown> {
    let known = desk.known(order).map_err(|answer| Shown::of(&answer))?;
    known.map(|known| known.entry).ok_or_else(|| Shown::refused(404, "There is no such order."))
}

/// The counter for the order's account.
fn counter<'d>(desk: &'d Desk, order: &OrderId) -> Result<Counter<'d>, Shown> {
    let owner = *entry(desk, order)?.owner();
    desk.at_owner(owner).map_err(|_| Shown::refused(503, "This backend has no keys of the order's account."))
}

fn back(order: &OrderId, said: Said) -> Result<Shown, Shown> {
    let word = match said {
        Said::Kept => "kept",
        Said::Known => "known",
        Said::Refused => "refused",
    };
    Ok(Shown::to(format!("/orders/{order}?said={word}")))
}

fn said(word: &str) -> Option<(&'static str, &'static str)> {
    match word {
        "kept" => Some(("good", "Kept.")),
        "known" => Some(("", "It was so already; nothing changed.")),
        "refused" => Some(("bad", "Not taken: it goes against what was reported or decided before.")),
        _ => None,
    }
}

fn to_do(desk: &Desk, visitor: &Visitor, entry: &Entry) -> Markup {
    let matters = entry.matters(desk.terms, Millis(desk.clock.moment().0));
    html! {
        @if !matters.is_empty() { h2 { "To do" } }
        @for matter in matters {
            form.card method="post" action={ "/orders/" (entry.order()) "/done" } {
                (layout::key(visitor))
                input type="hidden" name="matter" value=(matter.name());
                p { (matter.text()) }
                (why(&format!("why-{}", matter.name())))
                button type="submit" { "Done" }
            }
        }
    }
}

fn payments(entry: &Entry) -> Markup {
    html! {
        @if entry.attempts().next().is_some() {
            h2 { "Payments" }
            ul.plain {
                @for (id, attempt) in entry.attempts() { li { span.mono { (id) } " " (payment(attempt.standing())) } }
            }
        }
        @if entry.refunds().next().is_some() {
            h2 { "Refunds" }
            ul.plain { @for (id, made) in entry.refunds() { li { span.mono { (id) } " " (refund(made.back())) } } }
        }
    }
}

fn decisions(visitor: &Visitor, entry: &Entry) -> Markup {
    let paid = is_paid(entry);
    let choice = |name: &str, can: bool, text: &str, then: &str| {
        html! {
            label.choice {
                input type="radio" name="decision" value=(name) required disabled[!can];
                span { strong { (text) } " " (then) }
            }
        }
    };
    let (released, granted) = (entry.released(), entry.granted());
    html! {
        h2 { "Decide" }
        form.card method="post" action={ "/orders/" (entry.order()) "/decide" } {
            (layout::key(visitor))
            (choice(Decision::GoodsOut.name(), released.is_none() && !entry.goes_back(), "Goods were handed out.", "The money stays."))
            (choice(Decision::GoodsIn.name(), released.is_none(), "Goods were not handed out.", "What was paid is refunded."))
            (choice(Decision::Refund.name(), paid && !entry.goes_back(), "Refund.", "All of the money goes back, whatever became of the goods."))
            (choice(Decision::Close.name(), !entry.is_closing() && released != Some(true) && granted.is_none(), "Close the order.", "Nobody can pay it any more; what was paid is refunded."))
            (choice("look", true, "Read again.", "The backend asks the gateway how the order stands."))
            (why("why"))
            button.main type="submit" { "Decide" }
        }
    }
}

fn why(id: &str) -> Markup {
    html! {
        label for=(id) { "Why" }
        input id=(id) name="why" required maxlength="300" autocomplete="off";
    }
}
