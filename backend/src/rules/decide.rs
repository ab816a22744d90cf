//! What a person decides about an order.

use pay_core::model::OrderId;

use super::{Ground, say};
use crate::answer::Answer;
use crate::book::{Decision, Effect, Event};

/// The result of a person's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // a forgotten arm tells a person something wrong
pub enum Said {
    /// It is stored.
    Kept,
    /// It had been decided or reported so before.
    Known,
    /// It contradicts an earlier report or decision.
    Refused,
}

/// Stores a person's decision. The book's duties do what follows from it, as after a device's report.
///
/// # Errors
/// There is no such order, or the decision cannot be stored.
pub fn decide<G: Ground>(
    ground: &G,
    order: &OrderId,
    decision: Decision,
    who: &str,
    why: &str,
) -> Result<Said, Answer> {
    let event = Event::Decided { at: ground.now(), decision, who: who.to_owned(), why: why.to_owned() };
    word(ground, order, &event)
}

/// Stores that a person has done a duty, or with `look` that the order is to be read again.
///
/// # Errors
/// The same.
pub fn done<G: Ground>(ground: &G, order: &OrderId, matter: &str, who: &str, why: &str) -> Result<Said, Answer> {
    let (matter, who, why) = (matter.to_owned(), who.to_owned(), why.to_owned());
    word(ground, order, &Event::Person { at: ground.now(), matter, who, why })
}

fn word<G: Ground>(ground: &G, order: &OrderId, event: &Event) -> Result<Said, Answer> {
    let effect = say(ground, order, event)?;
    ground.planned();
    ground.tell(order);
    Ok(match effect {
        effect if effect.is_conflict() => Said::Refused,
        Effect::News { .. } => Said::Kept,
        Effect::Pace { .. } | Effect::ReadFirst => Said::Known,
    })
}
