//! What a person says of an order.

use pay_core::model::OrderId;

use super::{Ground, say};
use crate::answer::Answer;
use crate::book::{Decision, Effect, Event};

/// What a person's word came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums)] // a forgotten arm tells a person something wrong
pub enum Said {
    /// It is kept.
    Kept,
    /// It was so already.
    Known,
    /// It goes against what was reported or decided before.
    Refused,
}

/// Keeps what a person decides; what follows is done by the duties of the book, as after a device's word.
///
/// # Errors
/// There is no such order, or it cannot be kept.
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

/// Keeps that a person has seen to a matter, or with `look` that the order is to be read again.
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
